"""``akkd archive``: scenes with products become an archive, and the report tells what was left."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.operations.archive_products import run
from akkd_core.operations.distill import run as distill
from akkd_core.operations.label_evaluation import Evaluation, Limits, evaluate
from akkd_core.simulation.archive import load_archive

pytest.importorskip("pyhdf")
from tests.builders.aster_l2 import WHEN  # noqa: E402
from tests.builders.triples import ROTATED, SCENE, lst, write_products, write_scene  # noqa: E402
from tests.builders.v004 import write_tif  # noqa: E402

from akkd_cli.main import cli  # isort: skip

LATER = WHEN + timedelta(days=16)


def scrambled(grid: Grid) -> NDArray[np.float64]:
    """Temperatures that have nothing to do with what was measured."""
    return 280.0 + 40.0 * np.random.default_rng(5).random((1, *grid.shape))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two scenes, the second of whose temperatures can't be learned, and one without labels."""
    folder = tmp_path_factory.mktemp("user")
    bad = np.zeros(ROTATED.shape, np.uint8)
    bad[40:50, 40:50] = 0x90
    write_products(folder / "labels" / "first", quality=bad)
    write_products(folder / "labels" / "second", LATER, v003=True, lst_of=scrambled)
    return {
        "first": str(write_scene(folder)),
        "second": str(write_scene(folder, LATER, seed=1)),
        "lonely": str(write_scene(folder, LATER + timedelta(days=1), seed=2)),
        "labels": str(folder / "labels"),
    }


def test_archive_and_report_agree(files: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "arch"
    scenes = [files["first"], files["second"], files["lonely"]]
    words = [
        "archive", *scenes, "--labels", files["labels"], "-o", str(output),
        "--evaluation-epochs", "0", "--most-per-class", "500",
    ]  # fmt: skip
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 1, result.output
    assert "no AST_08 of 2019-07-21" in result.output
    archive = load_archive(output)
    assert len(archive) == 2 and archive.names("training") == archive.names()
    report = json.loads((output / "selection.json").read_text())
    assert len(report["failures"]) == 1
    for told, scene in zip(report["scenes"], archive.scenes(), strict=True):
        assert told["name"] == scene.name and scene.lst is None and scene.air is None
        names = [step["name"] for step in told["steps"]]
        assert names[:3] == ["radiance in all five bands", "AST_08 and AST_05 there",
                             "QA planes (strict)"]  # fmt: skip
        for one, following in zip(told["steps"], told["steps"][1:], strict=False):
            assert one["after"] == following["before"] >= following["after"]
        assert told["steps"][0]["before"] == SCENE.rows * SCENE.cols
        assert told["steps"][-1]["after"] == scene.label_valid.sum() >= 500
        good = scene.label_valid
        assert np.isfinite(scene.bt).all(axis=0)[good].all()
    first, second = archive.scenes()
    assert np.abs(first.label_lst - lst(SCENE)[0])[first.label_valid].max() < 0.7
    assert (first.acquired_at, second.acquired_at) == (WHEN, LATER)
    text = (output / "selection.txt").read_text()
    assert "2 training scenes, 0 complex, 0 left out, 1 failed" in text
    assert "SKT.tif" in text and "AST_05_003" in text


def small(files: dict[str, str], output: Path, **options: Any) -> Any:
    values: dict[str, Any] = {"evaluation_epochs": 0, **options}
    return run([files["first"]], [files["labels"]], str(output), **values)


def test_an_archive_is_kept_and_replaced(files: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "arch"
    small(files, output)
    before = (output / "archive.json").read_bytes()
    small(files, output)
    assert (output / "archive.json").read_bytes() == before
    with pytest.raises(ParameterError, match="made otherwise"):
        small(files, output, most_per_class=100)
    small(files, output, most_per_class=100, overwrite=True)
    assert (output / "archive.json").read_bytes() != before


def test_references_are_asked(files: dict[str, str], tmp_path: Path) -> None:
    x0, _, _, y0, _, _ = SCENE.geotransform
    coarse = (x0, 900.0, 0.0, y0, 0.0, -900.0)
    field = np.full((9, 10), 303.0, np.float32)
    modis = write_tif(tmp_path / "modis.tif", field, coarse, 32650)
    cover = np.full(SCENE.shape, 7, np.uint8)
    land = write_tif(tmp_path / "land.tif", cover, SCENE.geotransform, 32650)
    ground = tmp_path / "ground.csv"
    ground.write_text("station,latitude,longitude,time,lst_k\nA,0,0,2019-07-04T03:15:00Z,300\n")
    outcome = small(
        files, tmp_path / "arch", modis=[str(modis)], modis_limit=4.0, reanalysis=[str(modis)],
        reanalysis_limit=3.0, ground=str(ground), land_cover=str(land), least_pixels=10,
    )  # fmt: skip
    steps = {step["name"]: step for step in outcome.data["scenes"][0]["steps"]}
    assert list(steps)[3:] == ["agreement with MODIS", "agreement with reanalysis", "ground",
                               "balance over land cover (land.tif)"]  # fmt: skip
    by_limit = [steps["agreement with MODIS"], steps["agreement with reanalysis"]]
    assert by_limit[0]["before"] > by_limit[0]["after"] > by_limit[1]["after"] > 0
    assert load_archive(tmp_path / "arch").entries[0].land_cover == "class 7"
    elsewhere = write_tif(tmp_path / "else.tif", field, (0.0, 900.0, 0, 0.0, 0, -900.0), 32650)
    with pytest.raises(InputError, match="no scene is left.*lost most at 'agreement with MODIS'"):
        small(files, tmp_path / "other", modis=[str(elsewhere)])


def test_a_modis_tile_of_another_day(files: dict[str, str], tmp_path: Path) -> None:
    from tests.builders.modis import write_tile

    tile = write_tile(tmp_path / "m.hdf", date="2019-07-05")
    with pytest.raises(InputError, match="no scene is left.*lost most at 'agreement with MODIS'"):
        small(files, tmp_path / "a", modis=[str(tile)])


def test_no_scene_and_one_twice(files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no scene is left for the archive: .*no AST_08"):
        run([files["lonely"]], [files["labels"]], str(tmp_path / "a"), evaluation_epochs=0)
    with pytest.raises(InputError, match="given twice"):
        run([files["first"]] * 2, [files["labels"]], str(tmp_path / "a"), evaluation_epochs=0)
    with pytest.raises(InputError, match="no scene is left.*Loosen"):
        small(files, tmp_path / "a", least_pixels=50_000)


def test_kinds_by_limits() -> None:
    limits = Limits(1.0, 0.0075, 0.83)
    fine = Evaluation(0.9, 0.007, 0.9, 10, 5)
    assert fine.kind(limits) == "training"
    for change in ({"lst_mae_k": 1.1}, {"lse_mae": 0.008}, {"pcc": 0.8}):
        assert replace(fine, **change).kind(limits) == "complex"
    constant = replace(fine, pcc=float("nan"))
    assert constant.kind(limits) == "training" and constant.to_json()["pcc"] is None


def test_what_cannot_be_learned_is_complex(files: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    scenes = [files["first"], files["second"]]
    outcome = run(scenes, [files["labels"]], str(tmp_path / "arch"), evaluation_epochs=12)
    first, second = outcome.data["scenes"]
    assert (first["kind"], second["kind"]) == ("training", "complex")
    easy, hard = first["evaluation"], second["evaluation"]
    # even temperatures from 280 to 320 K are 10 K from their mean, four of them mixed some 6 K
    assert easy["lst_mae_k"] < 0.5 and 5.0 < hard["lst_mae_k"] < 8.0
    assert easy["pcc"] > 0.9 > hard["pcc"]
    archive = load_archive(tmp_path / "arch")
    assert archive.names("complex") == (second["name"],)
    scene = archive.scene(first["name"])
    again = evaluate(scene, 12, 1)
    assert easy["held_out"] == again.held_out > 1000
    assert again.lst_mae_k == pytest.approx(easy["lst_mae_k"], abs=0.02)
    distilled = distill(
        str(tmp_path / "arch"), small_epochs=2, goc_epochs=1, dataset_epochs=1, teacher_epochs=2
    )
    table = "\n".join(distilled.lines)
    assert f"{second['name']}  student" in table and "/ - K" in table, "truth isn't known"
    assert list((tmp_path / "arch_students").rglob("manifest.json"))
