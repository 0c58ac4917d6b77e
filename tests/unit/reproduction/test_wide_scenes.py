"""The small models' places drawn wide: as many pixels learnt, networks made once and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from akkd_core.bundle import load_bundle  # noqa: E402
from akkd_core.distillation.chain import predict  # noqa: E402
from akkd_core.errors import ParameterError  # noqa: E402
from akkd_core.progress import SilentProgress  # noqa: E402
from akkd_core.reproduction import distillation_run, wide_scenes  # noqa: E402
from akkd_core.reproduction.items import Request  # noqa: E402
from akkd_core.reproduction.run_size import RunSize  # noqa: E402
from akkd_core.reproduction.wide_scenes import LABELS, SMALL, STUDENT, WideScene  # noqa: E402
from tests.builders.distillation import quick_plan  # noqa: E402

SIZE = RunSize(32, 2, 1, (replace(quick_plan(("lse_10", "lst")), block=8),))


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distillation_run, "SIZES", {"small": SIZE})
        patch.setattr(wide_scenes, "WIDE_SIDE", 64)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wide")


@pytest.fixture(scope="module")
def found(folder: Path) -> tuple[WideScene, ...]:
    return wide_scenes.wide_scenes(Request(seed=3, folder=folder), (1, 2), SilentProgress())


def test_scenes_are_wide_and_learnt_from_as_many_pixels(found: tuple[WideScene, ...]) -> None:
    assert [(wide.number, wide.scene.name) for wide in found] == [
        (1, "complex-chongqing"), (2, "complex-longyangxia"),
    ]  # fmt: skip
    for wide in found:
        assert wide.scene.grid.shape == (64, 64)
        assert wide.learnt_from == round(32**2 * (1 - SIZE.plans[0].held_out_share))
        usable = wide.scene.label_valid
        for name in (SMALL, STUDENT, LABELS):
            np.testing.assert_array_equal(np.isfinite(wide.lst[name]), usable)
        np.testing.assert_array_equal(wide.lst[LABELS][usable], wide.scene.label_lst[usable])
        near = np.abs(wide.lst[SMALL] - wide.scene.label_lst)[usable]
        assert np.median(near) < 5.0
        assert (wide.lst[SMALL] != wide.lst[STUDENT])[usable].any()


def test_temperatures_are_those_of_the_kept_networks(
    folder: Path, found: tuple[WideScene, ...]
) -> None:
    kept = folder / "distillation" / "small-seed3" / "networks"
    for wide in found:
        usable = wide.scene.label_valid
        for name in (SMALL, STUDENT):
            network = load_bundle(kept / f"{wide.scene.name}-wide-{name.split()[0]}").pixel_network
            lst = predict(network, wide.scene.bt[:, usable].T.copy())[:, 1]
            np.testing.assert_allclose(wide.lst[name][usable], lst, atol=1e-4)


def test_networks_are_made_once_and_others_refused(
    folder: Path, found: tuple[WideScene, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in (
        (wide_scenes, "train_small"), (wide_scenes, "distil_small"),
        (distillation_run, "train_label_teacher"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, None)
    request = Request(seed=3, folder=folder)
    (again,) = wide_scenes.wide_scenes(request, (2,), SilentProgress())
    np.testing.assert_array_equal(again.lst[STUDENT], found[1].lst[STUDENT])
    monkeypatch.setattr(wide_scenes, "WIDE_SIDE", 72)
    with pytest.raises(ParameterError, match="wide-small: was made otherwise"):
        wide_scenes.wide_scenes(request, (2,), SilentProgress())
    with pytest.raises(ParameterError, match="folder"):
        wide_scenes.wide_scenes(Request(seed=3), (2,), SilentProgress())
