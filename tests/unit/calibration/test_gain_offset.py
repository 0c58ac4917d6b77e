"""The recalibration file: what is accepted, and each way of being wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from akkd_core.calibration import GainOffset, read_gain_offset
from akkd_core.errors import ParameterError

GOOD = "band,gain,offset\n10,1.01,0.1\n11,0.99,0\n12,1,0\n13,1,-0.05\n14,1.02,0\n"


def _file(folder: Path, text: str) -> Path:
    path = folder / "gains.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "# from the service\n\n" + GOOD.replace(",", " , ").replace("band", "Band"),
        "\ufeff" + GOOD,
        "band,gain,offset\n" + "\n".join(reversed(GOOD.splitlines()[1:])),
    ],
)
def test_read(tmp_path: Path, text: str) -> None:
    found = read_gain_offset(_file(tmp_path, text))
    assert found.gain == (1.01, 0.99, 1.0, 1.0, 1.02)
    assert found.offset == (0.1, 0.0, 0.0, -0.05, 0.0)
    assert found.source.endswith("gains.csv")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "first line must be band,gain,offset"),
        (GOOD.split("\n", 1)[1], "first line must be"),
        (GOOD.replace("12,1,0\n", ""), "no row for band 12"),
        (GOOD + "12,1,0\n", "band 12 occurs twice"),
        (GOOD.replace("12,1,0", "9,1,0"), "band 9 is not one of 10-14"),
        (GOOD.replace("12,1,0", "12,1"), "is not band,gain,offset"),
        (GOOD.replace("12,1,0", "12,1,0,0"), "is not band,gain,offset"),
        (GOOD.replace("12,1,0", "12,one,0"), "is not band,gain,offset"),
        (GOOD.replace("12,1,0", "12,nan,0"), "not finite"),
        (GOOD.replace("12,1,0", "12,1,inf"), "not finite"),
        (GOOD.replace("12,1,0", "12,0.006590,0"), "out of 0.5-2"),
        (GOOD.replace("12,1,0", "12,1,-60"), "exceed 5"),
        ("x" * 70_000, "too large"),
    ],
)
def test_refused(tmp_path: Path, text: str, cause: str) -> None:
    with pytest.raises(ParameterError, match=cause) as caught:
        read_gain_offset(_file(tmp_path, text))
    assert "\n" not in str(caught.value) and "gains.csv: " in str(caught.value)


def test_absent_or_binary(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="can't be read"):
        read_gain_offset(tmp_path / "absent.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ParameterError, match="can't be read"):
        read_gain_offset(tmp_path / "b.csv")


def test_five_of_each() -> None:
    with pytest.raises(ParameterError, match="each of bands 10-14"):
        GainOffset((1.0,) * 4, (0.0,) * 5)
