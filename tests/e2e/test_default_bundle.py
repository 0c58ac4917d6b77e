"""The bundles that ship: accuracy on held-out air and materials, crops, runtimes, size.

The full table of scores is `make scores`; here a part of the same scenes guards against damage.
"""

import numpy as np
import pytest

from akkd_core.bundle import (
    bundle_hash,
    compact_bundle_path,
    default_bundle_path,
    load_bundle,
    shipped_bundle_path,
)
from akkd_core.calibration import Calibration
from akkd_core.inference.retriever import Retriever
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.granule_scene import simulate_scene
from akkd_core.simulation.materials import materials
from akkd_core.validation.heldout import held_out_scenes, score_method
from akkd_core.validation.methods import BundleMethod
from tests.builders.retrieval import scene_in_memory


@pytest.fixture(scope="module")
def teacher():
    return load_bundle(default_bundle_path())


@pytest.fixture(scope="module", params=["default", "compact"])
def bundle(request):
    return load_bundle(shipped_bundle_path(request.param))


@pytest.fixture(scope="module")
def scenes():
    return held_out_scenes(60, seed=0)


def _lst(retriever, dn):
    scene = scene_in_memory(np.ascontiguousarray(dn))
    tiles = retriever.tiles(scene, Calibration.for_scene(scene.metadata), tile_size=4096)
    return next(iter(tiles))


def test_shipped_scores_meet_the_goal(bundle):
    scores = {score.name: score.value for score in bundle.manifest.scores}
    assert scores["lst mae"] <= 0.72
    assert scores["lse mae"] <= 0.0148


def test_accuracy_on_held_out_air_and_materials(bundle, scenes):
    found = score_method(BundleMethod(bundle), scenes)
    # 60 of 387 scenes: the mean of so few varies by some 0.1 K
    assert found.lst_mae < 0.9
    assert found.lse_mae < 0.0165
    assert abs(found.lst.bias) < 0.4
    assert found.failed_share == 0.0


def test_known_water_vapour_and_air_temperature_help(bundle, scenes):
    alone = score_method(BundleMethod(bundle), scenes)
    helped = score_method(BundleMethod(bundle, "helped", ancillary_seed=1), scenes)
    assert helped.lst_mae < alone.lst_mae


def test_a_crop_is_retrieved_nearly_as_its_scene(teacher):
    retriever = Retriever(teacher)
    changes, whole_error, crop_error = [], [], []
    for seed in range(6):
        scene = simulate_scene(
            shipped_atmospheres("judge"),
            materials("judge"),
            rows=240,
            cols=240,
            orientation_deg=0.0,
            seed=seed,
        )
        part = np.s_[60:180, 60:180]
        whole, crop = _lst(retriever, scene.dn), _lst(retriever, scene.dn[(..., *part)])
        changes.append(np.abs(crop.lst - whole.lst[part]).mean())
        whole_error.append(np.abs(whole.lst - scene.lst).mean())
        crop_error.append(np.abs(crop.lst - scene.lst[part]).mean())
    assert np.mean(changes) < 0.25
    assert max(changes) < 0.6
    assert np.mean(crop_error) < np.mean(whole_error) + 0.15


def test_runtimes_agree_on_the_shipped_bundle(bundle):
    scene = simulate_scene(
        shipped_atmospheres("judge"), materials("judge"), rows=60, cols=60, seed=1
    )
    onnx, plain = (
        _lst(Retriever(bundle, runtime=runtime), scene.dn) for runtime in ("onnxruntime", "numpy")
    )
    assert np.nanmax(np.abs(onnx.lst - plain.lst)) < 1e-3
    # four networks in a row, in float32; products keep four decimals
    assert np.nanmax(np.abs(onnx.lse - plain.lse)) < 5e-5


def test_tensorflow_agrees_on_the_shipped_bundle(bundle, scenes):
    pytest.importorskip("tensorflow", reason="needs the training extra")
    found = [
        BundleMethod(bundle, runtime=runtime).retrieve(scenes, 0)
        for runtime in ("tensorflow", "numpy")
    ]
    assert np.abs(found[0][0] - found[1][0]).max() < 1e-3
    assert np.abs(found[0][1] - found[1][1]).max() < 5e-5


@pytest.mark.parametrize(
    ("path", "command"),
    [(default_bundle_path(), "akkd train"), (compact_bundle_path(), "akkd distill compress")],
    ids=["default", "compact"],
)
def test_the_bundle_is_small_and_says_how_it_was_made(path, command):
    assert sum(file.stat().st_size for file in path.iterdir()) < 5_000_000
    facts = load_bundle(path).manifest
    assert facts.training.command.startswith(command)
    assert len(facts.training.data_sha256) == 64
    assert all(score.measured_on for score in facts.scores)


@pytest.fixture(scope="module")
def student():
    return load_bundle(compact_bundle_path())


def test_the_student_is_the_defaults_and_costs_a_thirteenth(student, teacher):
    assert student.manifest.extra["student_of"]["bundle"] == bundle_hash(teacher)
    # with all inputs; the 31 of the scene cost once a scene
    assert student.pixel_network.multiply_adds() <= 12_000
    assert teacher.pixel_network.multiply_adds() > 13 * student.pixel_network.multiply_adds()


def test_the_student_gives_up_little_of_the_teachers_accuracy(student, teacher):
    mine, its = (
        {score.name: score.value for score in each.manifest.scores} for each in (student, teacher)
    )
    assert mine["lst mae"] <= its["lst mae"] + 0.04
    assert mine["lse mae"] <= its["lse mae"] + 0.0008


def test_the_student_agrees_with_the_teacher(student, teacher, scenes):
    for ancillary_seed in (None, 1):
        mine, its = (
            BundleMethod(each, ancillary_seed=ancillary_seed) for each in (student, teacher)
        )
        pairs = [(mine.retrieve(scenes, i), its.retrieve(scenes, i)) for i in range(0, 60, 6)]
        lst = np.concatenate([a[0] - b[0] for a, b in pairs])
        lse = np.concatenate([a[1] - b[1] for a, b in pairs])
        assert np.abs(lst).mean() < 0.25
        assert np.quantile(np.abs(lst), 0.99) < 1.2
        assert np.abs(lse).mean() < 0.006
