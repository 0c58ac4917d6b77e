"""Training in miniature: what is exported is what was trained; runs resume; cancel stops."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import AK_KD_TRIAL3, Architecture, Layer, ModelBundle, Training, make_manifest
from akkd_core.errors import OperationCancelled, ParameterError, TrainingError
from akkd_core.inference.context import Ancillary, make_context, pixel_features
from akkd_core.inference.predictors import make_predictor
from akkd_core.physics.features import unit_of
from akkd_core.raster.temporary import temporary_path
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.training_set import SceneRecipe, simulate_training_set

keras = pytest.importorskip("keras", reason="needs the training extra")

from akkd_core.nn import training  # noqa: E402
from akkd_core.nn.batches import scene_inputs, standardise_scene  # noqa: E402
from akkd_core.nn.checkpoints import save_checkpoint  # noqa: E402
from akkd_core.nn.early_stopping import Verdict  # noqa: E402
from akkd_core.nn.learning_curve import LearningCurve  # noqa: E402
from akkd_core.nn.objective import make_optimizer  # noqa: E402
from akkd_core.nn.options import TrainingOptions  # noqa: E402
from akkd_core.nn.teacher import TARGETS, export_networks  # noqa: E402
from akkd_core.nn.training import train_teacher  # noqa: E402

PIXEL = Architecture((Layer(24, "relu", 0.0), Layer(16, "tanh", 0.0)), learning_rate=2e-3)
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


def _train(sets, folder, progress=None, architecture=PIXEL, **changes):
    options = TrainingOptions(**{"epochs": 6, "batch_scenes": 16, **changes})
    return train_teacher(
        *sets,
        folder,
        options=options,
        pixel_architecture=architecture,
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
    curve = _curve(tmp_path)
    assert curve["epoch"] == list(range(1, 13))
    assert curve["loss"][-1] < 0.8 * curve["loss"][0]
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


def _files(folder):
    return sorted(path.name for path in folder.iterdir())


def _curve(folder):
    return LearningCurve(folder / "learning_curve.csv").columns()


def test_a_cancelled_run_goes_on_to_the_same_end(sets, tmp_path):
    whole = _train(sets, tmp_path / "whole")
    with pytest.raises(OperationCancelled):
        _train(sets, tmp_path / "cut", progress=_CancelAfter(3))
    resumed = _train(sets, tmp_path / "cut")
    difference = np.abs(_predict(whole, sets[1]) - _predict(resumed, sets[1]))
    assert difference[..., 0].max() < 2e-3
    expected, found = _curve(tmp_path / "whole"), _curve(tmp_path / "cut")
    assert found["epoch"] == [1, 2, 3, 4, 5, 6]
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-3, err_msg=name)
    assert _files(tmp_path / "cut") == _files(tmp_path / "whole")


def test_a_run_killed_before_its_checkpoint_repeats_the_epoch(sets, tmp_path, monkeypatch):
    whole = _train(sets, tmp_path / "whole", epochs=4, inputs="pixel")

    def killed(path, model, epoch):
        if epoch == 3:
            raise KeyboardInterrupt
        save_checkpoint(path, model, epoch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "save_checkpoint", killed)
        _train(sets, tmp_path / "cut", epochs=4, inputs="pixel")
    assert _curve(tmp_path / "cut")["epoch"] == [1, 2, 3]
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    host = temporary_path(tmp_path / "x").name.split(".")[2].split("-")[0]
    left = tmp_path / "cut" / f".checkpoint.npz.{host}-{dead}-0a0b0c0d.akkd-tmp"
    left.write_bytes(b"half")
    resumed = _train(sets, tmp_path / "cut", epochs=4, inputs="pixel")
    assert _curve(tmp_path / "cut")["epoch"] == [1, 2, 3, 4]
    assert not left.exists()
    assert np.abs(_predict(whole, sets[1]) - _predict(resumed, sets[1])).max() < 2e-3


SLOW = replace(PIXEL, learning_rate=1e-6)


def test_a_run_without_improvement_ends_early_also_when_resumed(sets, tmp_path):
    def slow(folder, progress=None):
        return _train(
            sets, folder, progress, inputs="pixel", epochs=9, patience=3, architecture=SLOW
        )

    slow(tmp_path / "whole")
    # the first epoch improves on nothing, three more don't improve on it
    assert _curve(tmp_path / "whole")["epoch"] == [1, 2, 3, 4]
    with pytest.raises(OperationCancelled):
        slow(tmp_path / "cut", _CancelAfter(2))
    slow(tmp_path / "cut")
    assert _curve(tmp_path / "cut")["epoch"] == [1, 2, 3, 4]
    slow(tmp_path / "cut")  # ended already: nothing more to do
    assert _curve(tmp_path / "cut")["epoch"] == [1, 2, 3, 4]


def test_patience_0_never_ends_a_run(sets, tmp_path):
    _train(sets, tmp_path, inputs="pixel", epochs=6, patience=0, architecture=SLOW)
    assert len(_curve(tmp_path)["epoch"]) == 6


@pytest.mark.parametrize("kept", [2, 4])
def test_the_kept_epochs_averaged_weights_are_returned(sets, tmp_path, monkeypatch, kept):
    def verdict(columns, targets, patience):
        return Verdict(min(kept, len(columns["epoch"])), 1, False)

    monkeypatch.setattr(training, "judge", verdict)
    teacher = _train(sets, tmp_path, inputs="pixel", epochs=4)
    error = np.abs(_predict(teacher, sets[1]) - _truth(sets[1])).mean((0, 1))
    curve = _curve(tmp_path)
    for i, name in enumerate(TARGETS):
        assert error[i] == pytest.approx(curve[f"val_mae_{name}"][kept - 1], rel=1e-4), name
    assert error[0] != pytest.approx(curve["val_mae_lst"][4 - kept + 1], rel=1e-3)


def test_errors_of_training_and_validation_are_in_their_units(sets, tmp_path):
    _train(sets, tmp_path, epochs=2)
    curve = _curve(tmp_path)
    assert {f"{part}mae_{name}" for part in ("", "val_") for name in TARGETS} < set(curve)
    assert {"loss", "val_loss", "targets_loss", "val_atmosphere_loss"} < set(curve)
    assert 0.5 < curve["val_mae_lst"][-1] < 20
    assert 0.001 < curve["val_mae_lse_14"][-1] < 0.2


def _truth(data):
    return np.concatenate([data.lst[..., None], data.lse], axis=-1)


@pytest.mark.parametrize("inputs", ["scene", "pixel"])
def test_the_keras_model_is_kept_and_loads(sets, tmp_path, inputs):
    teacher = _train(sets, tmp_path, inputs=inputs, epochs=1)
    model = keras.saving.load_model(tmp_path / "model.keras")
    loaded = replace(teacher, model=model)
    expected = _predict(teacher, sets[1])
    assert np.abs(_predict(loaded, sets[1]) - expected).max() < 1e-4
    assert expected.std() > 1
    assert not [name for name in _files(tmp_path) if "tmp" in name]


@pytest.mark.parametrize(("optimizer", "kind"), [("adam", "Adam"), ("adamw", "AdamW")])
def test_the_architectures_optimizer_is_used(optimizer, kind):
    architecture = replace(PIXEL, optimizer=optimizer, learning_rate=0.003)
    made = make_optimizer(architecture, 1000)
    assert type(made).__name__ == kind
    rates = [float(made._learning_rate(step)) for step in (0, 50, 100, 500, 1000)]
    assert max(rates) == pytest.approx(0.003, rel=1e-3)
    assert rates[0] < 0.1 * 0.003 and rates[-1] < 0.05 * 0.003


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ParameterError, match="lse_9"):
        TrainingOptions(targets=("lse_9",))
    with pytest.raises(ParameterError, match="patience"):
        TrainingOptions(patience=-1)


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
