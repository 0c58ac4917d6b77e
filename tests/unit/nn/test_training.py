"""Training in miniature: what is exported is what was trained; runs resume; cancel stops."""

import csv

import numpy as np
import pytest

from akkd_core.bundle import AK_KD_TRIAL3, Architecture, Layer, ModelBundle, Training, make_manifest
from akkd_core.errors import OperationCancelled, TrainingError
from akkd_core.inference.context import Ancillary, make_context, pixel_features
from akkd_core.inference.predictors import make_predictor
from akkd_core.operations.train import unit_of
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.training_set import SceneRecipe, simulate_training_set

pytest.importorskip("keras", reason="needs the training extra")

from akkd_core.nn.batches import scene_inputs, standardise_scene  # noqa: E402
from akkd_core.nn.options import TrainingOptions  # noqa: E402
from akkd_core.nn.teacher import TARGETS, export_networks  # noqa: E402
from akkd_core.nn.training import train_teacher  # noqa: E402

PIXEL = Architecture((Layer(24, "relu", 0.0), Layer(16, "tanh", 0.0)))
SCENE = Architecture((Layer(32, "relu", 0.1),))


@pytest.fixture(scope="module")
def sets():
    air = shipped_atmospheres("train")
    recipe = SceneRecipe(shape=(20, 20), pixels=24)
    train = simulate_training_set(
        air.of_split("train"), materials("train"), 192, recipe=recipe, seed=1, workers=1
    )
    held_out = simulate_training_set(
        air.of_split("validation"), materials("validation"), 64, recipe=recipe, seed=2, workers=1
    )
    return train, held_out


def _train(sets, folder, progress=None, **changes):
    options = TrainingOptions(**{"epochs": 6, "batch_scenes": 16, **changes})
    return train_teacher(
        *sets,
        folder,
        options=options,
        pixel_architecture=PIXEL,
        scene_architecture=SCENE,
        progress=progress,
    )


def _predict(teacher, data):
    feeds = {"bt": data.bt}
    if teacher.inputs == "scene":
        feeds["scene"] = standardise_scene(scene_inputs(data), teacher.scaling)
    return teacher.model.predict(feeds, verbose=0)["targets"]


def _bundle(teacher):
    scene, pixel = export_networks(teacher)
    names = set(pixel.input_names) | set(pixel.output_names)
    if scene is not None:
        names |= set(scene.input_names) | set(scene.output_names)
    manifest = make_manifest(
        "tiny",
        pixel_network=pixel,
        scene_network=scene,
        units={name: unit_of(name) for name in names},
        description="tiny",
        training=Training("tiny"),
    )
    return ModelBundle(manifest, pixel, scene)


@pytest.mark.parametrize("inputs", ["scene", "pixel"])
def test_exported_networks_are_the_trained_ones(sets, tmp_path, inputs):
    teacher = _train(sets, tmp_path, inputs=inputs, epochs=2)
    bundle = _bundle(teacher)
    predictor = make_predictor(bundle, "numpy")
    expected = _predict(teacher, sets[1])
    for i in range(4):
        context = make_context(bundle, sets[1].statistics[i])
        features = pixel_features(bundle.pixel_network, sets[1].bt[i], context)
        found = predictor.predict(features, context.scene)
        assert np.abs(found[:, 0] - expected[i, :, 0]).max() < 1e-3
        assert np.abs(found[:, 1:] - expected[i, :, 1:]).max() < 1e-5


def test_known_ancillary_enters_retrieval_as_in_training(sets, tmp_path):
    teacher = _train(sets, tmp_path, epochs=2)
    data, bundle = sets[1], _bundle(teacher)
    raw = scene_inputs(data, data.tcwv_kg_m2, np.full(len(data), np.nan))
    feeds = {"bt": data.bt, "scene": standardise_scene(raw, teacher.scaling)}
    expected = teacher.model.predict(feeds, verbose=0)["targets"][0]
    context = make_context(bundle, data.statistics[0], Ancillary(float(data.tcwv_kg_m2[0])))
    features = pixel_features(bundle.pixel_network, data.bt[0], context)
    found = make_predictor(bundle, "numpy").predict(features, context.scene)
    assert np.abs(found - expected).max() < 1e-3
    unaided = make_context(bundle, data.statistics[0])
    assert np.abs(context.scene - unaided.scene).max() > 1e-4


def test_training_learns(sets, tmp_path):
    teacher = _train(sets, tmp_path, epochs=12)
    with open(tmp_path / "learning_curve.csv", newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 13))
    assert float(rows[-1]["loss"]) < 0.8 * float(rows[0]["loss"])
    error = np.abs(_predict(teacher, sets[0])[..., 0] - sets[0].lst).mean()
    naive = np.abs(sets[0].bt[..., 3] - sets[0].lst).mean()
    assert error < 0.6 * naive


def test_one_target_at_a_time(sets, tmp_path):
    teacher = _train(sets, tmp_path, targets=("lse_12",), epochs=1)
    _, pixel = export_networks(teacher)
    assert pixel.output_names == ("lse_12",)
    assert pixel.output_add == (None,)
    assert _predict(teacher, sets[1]).shape == (*sets[1].lst.shape, 1)


class _CancelAfter:
    def __init__(self, epochs):
        self.epochs, self.seen = epochs, 0

    def update(self, fraction, message=""):
        self.seen += message.startswith("epoch")

    def cancelled(self):
        return self.seen >= self.epochs


def test_a_cancelled_run_goes_on_to_the_same_end(sets, tmp_path):
    whole = _train(sets, tmp_path / "whole")
    with pytest.raises(OperationCancelled):
        _train(sets, tmp_path / "cut", progress=_CancelAfter(3))
    resumed = _train(sets, tmp_path / "cut")
    difference = np.abs(_predict(whole, sets[1]) - _predict(resumed, sets[1]))
    assert difference[..., 0].max() < 0.02
    curve = (tmp_path / "cut" / "learning_curve.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in curve] == ["epoch", *(str(i) for i in range(1, 7))]


def test_a_work_folder_with_other_options_is_refused(sets, tmp_path):
    _train(sets, tmp_path, epochs=1)
    with pytest.raises(TrainingError, match="other options"):
        _train(sets, tmp_path, epochs=2)


def test_the_papers_architecture_is_trainable(sets, tmp_path):
    teacher = train_teacher(
        *sets,
        tmp_path,
        options=TrainingOptions(inputs="pixel", targets=TARGETS[:1], epochs=1),
        pixel_architecture=AK_KD_TRIAL3,
    )
    _, pixel = export_networks(teacher)
    assert [kernel.shape[1] for kernel in pixel.kernels] == [32, 32, 720, 32, 32, 752, 32, 1]
    assert pixel.activations[:2] == ("tanh", "relu")
