"""``akkd distill adapt``: the bundle, its products, and that it serves nothing but its scene."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from akkd_core.bundle import bundle_hash, default_bundle_path, load_bundle
from akkd_core.errors import BundleMismatchError, ParameterError
from akkd_core.operations import join, retrieve, simulate
from akkd_core.operations.distill_adapt import run
from akkd_core.operations.simulate import run_granule
from akkd_core.operations.spec import Outcome
from akkd_core.progress import SilentProgress
from akkd_core.quality import qc_field
from akkd_core.raster import open_raster
from akkd_core.validation.truth import compare_with_truth

WIDTHS = "32,24"


@pytest.fixture(scope="module")
def granule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("keras", reason="needs the training extra")
    path = tmp_path_factory.mktemp("granule") / "g.hdf"
    run_granule(str(path), rows=110, cols=120, seed=4)
    return path


@pytest.fixture(scope="module")
def adapted(granule: Path) -> Outcome:
    return run(str(granule), architecture=WIDTHS, epochs=12, pixels=8000)


def layer(folder: Path, name: str) -> np.ndarray:
    with open_raster(folder / f"g_{name}.tif") as raster:
        return raster.read(0, 0, *raster.shape)


def products(granule: Path, folder: Path, model: str | None) -> Path:
    (summary,) = retrieve.retrieve(granule, folder, model, runtime="numpy")
    assert summary.error is None
    return folder


def test_the_bundle_says_what_it_is_and_where_it_belongs(granule: Path, adapted: Outcome) -> None:
    assert adapted.data["bundle"] == str(granule.with_name("g_student"))
    student, teacher = load_bundle(adapted.data["bundle"]), load_bundle(default_bundle_path())
    facts = student.manifest
    assert facts.name == "g-student" and facts.extra["adapted_to"] == "g"
    assert facts.extra["student_of"] == {"name": teacher.name, "bundle": bundle_hash(teacher)}
    assert student.scene_network is None
    assert student.pixel_network.input_names == tuple(f"bt_{band}" for band in range(10, 15))
    cost = {"student": 5 * 32 + 32 * 24 + 24 * 6, "teacher": 35 * 256 + 2 * 256**2 + 256 * 12}
    assert adapted.data["multiply_adds"] == cost == facts.extra["multiply_adds_per_pixel"]
    assert f"multiply-adds a pixel: {cost['student']} of {cost['teacher']}" in adapted.lines[1]
    assert facts.training.command == (
        "akkd distill adapt g.hdf --model default --pixels 8000 --noise 1 --architecture 32,24 "
        "--epochs 12 --seed 1"
    )
    assert len(facts.training.data_sha256) == 64
    where = facts.belongs
    assert where is not None and where.footprint is not None and where.months == (7,)
    assert where.period == tuple(
        datetime(2019, 7, 4, hour, 15, tzinfo=timezone.utc) for hour in (2, 4)
    )
    assert facts.domain["lst"] == teacher.manifest.domain["lst"]
    for band in range(10, 15):
        low, high = facts.domain[f"bt_{band}"]
        its = teacher.manifest.domain[f"bt_{band}"]
        assert its[0] <= low < high <= its[1] and high - low < 60
    scores = {score.name: score.value for score in facts.scores}
    assert scores["lst mae (teacher)"] == pytest.approx(adapted.data["departure"]["lst"]["mae"])
    assert "against the teacher" in facts.scores[0].measured_on
    assert facts.uncertainty.method.startswith("the teacher's (told by the network")


def test_its_products_are_near_its_teachers_with_errors(
    granule: Path, adapted: Outcome, tmp_path: Path
) -> None:
    mine = products(granule, tmp_path / "student", adapted.data["bundle"])
    its = products(granule, tmp_path / "teacher", None)
    lst = layer(mine, "LST")
    valid = np.isfinite(lst)
    np.testing.assert_array_equal(valid, np.isfinite(layer(its, "LST")))
    assert np.abs(lst - layer(its, "LST"))[valid].mean() < 0.5
    for name in ("LST_err", "LSE_err"):
        ours, theirs = layer(mine, name)[:, valid[0]], layer(its, name)[:, valid[0]]
        assert np.isfinite(ours).all() and (ours >= 0.9 * theirs).mean() > 0.9
    flagged = qc_field("out_of_domain").decode(layer(mine, "QC"))[valid] == 1
    assert flagged.mean() < 0.02
    report = compare_with_truth(mine, granule.with_name("g_truth.tif"))
    of_teacher = compare_with_truth(its, granule.with_name("g_truth.tif"))
    assert report.metrics["LST"].mae < of_teacher.metrics["LST"].mae + 0.3


def test_it_serves_its_overpass_and_nothing_else(
    granule: Path, adapted: Outcome, tmp_path: Path
) -> None:
    model = tmp_path / "joint.zip"
    join.run(
        progress=SilentProgress(), teacher=str(default_bundle_path()),
        students=[adapted.data["bundle"]], output=str(model), name="j", blend=500.0,
        domain_ramp=1.5, overwrite=False,
    )  # fmt: skip
    home = products(granule, tmp_path / "home", str(model))
    served = layer(home, "MODEL")[0]
    assert (served[served != 255] == 1).mean() > 0.6
    assert np.isfinite(layer(home, "LST_err"))[0][served != 255].all()

    other = tmp_path / "g.hdf"
    later = datetime(2019, 7, 5, 3, 15, tzinfo=timezone.utc)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "_SCENE_TIME", later)
        run_granule(str(other), rows=110, cols=120, seed=4)
    away = products(other, tmp_path / "away", str(model))
    served = layer(away, "MODEL")[0]
    assert (served[served != 255] == 0).all()
    alone = products(other, tmp_path / "alone", adapted.data["bundle"])
    qc = layer(alone, "QC")
    assert (qc_field("out_of_domain").decode(qc[qc != 65535]) == 1).all()


def test_what_can_not_be_adapted_is_refused(
    granule: Path, adapted: Outcome, repo_root: Path, tmp_path: Path
) -> None:
    with pytest.raises(ParameterError, match="exists"):
        run(str(granule))
    pixel_only = str(repo_root / "benchmarks" / "bundles" / "pixel-only")
    with pytest.raises(BundleMismatchError, match="no scene network"):
        run(str(granule), str(tmp_path / "s"), model=pixel_only)
    assert not (tmp_path / "s").exists()
