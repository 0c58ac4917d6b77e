"""The teacher that sees surroundings: learns, resumes, exports what it is, tells its errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import Architecture, Layer
from akkd_core.errors import OperationCancelled, ParameterError, TrainingError
from akkd_core.inference.context import STATISTICS_LIMIT_SD
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.nn.options import SurroundingsArchitectures, SurroundingsOptions
from akkd_core.physics.features import (
    ATMOSPHERE_NAMES,
    LOG_SIGMA_NAMES,
    OUTPUT_NAMES,
    decode_atmosphere,
)
from akkd_core.physics.local_features import pooled_codes, sample_features, spatial_features
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.simulation.profile_errors import shipped_told_air
from akkd_core.simulation.training_set import SceneRecipe, simulate_training_set

keras = pytest.importorskip("keras", reason="needs the training extra")

from akkd_core.nn.batches import draw_scene_inputs, scene_inputs  # noqa: E402
from akkd_core.nn.surroundings_batches import (  # noqa: E402
    SurroundingsBatches,
    held_scene,
    with_profiles,
)
from akkd_core.nn.surroundings_teacher import (  # noqa: E402
    ERROR_UNITS,
    SURROUNDINGS_INPUTS,
    SurroundingsScaling,
    export_surroundings,
)
from akkd_core.nn.surroundings_training import (  # noqa: E402
    _loss,
    train_surroundings_teacher,
)

PIXEL = Architecture((Layer(24, "relu"), Layer(16, "tanh")), learning_rate=0.005)
SCENE = Architecture((Layer(32, "relu", 0.1), Layer(16, "relu")))
OPTIONS = SurroundingsOptions(
    epochs=6, batch_scenes=25, loss_pixels=8, sample_pixels=(8, 12), vector_size=4,
    first_vector_size=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def sets():
    recipe = SceneRecipe(shape=(20, 20), pixels=24, cloud_share=0.3)
    rows = np.arange(200)
    train = simulate_training_set(
        shipped_atmospheres("climates").select(rows), materials("train"), 200, recipe=recipe,
        told_air=shipped_told_air("climates").select(rows), seed=1, workers=1,
    )  # fmt: skip
    held_out = simulate_training_set(
        shipped_atmospheres("train").of_split("validation").select(rows[:60]),
        materials("validation"), 60, recipe=recipe, seed=2, workers=1,
    )  # fmt: skip
    return train, held_out


def _train(sets, folder, progress=None, **changes):
    return train_surroundings_teacher(
        *sets, folder, options=replace(OPTIONS, **changes),
        architectures=SurroundingsArchitectures(PIXEL, SCENE), progress=progress,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trained")


@pytest.fixture(scope="module")
def trained(sets, folder):
    return _train(sets, folder)


def _chain(networks, raw, data, scene, sample):
    """All outputs of the pixel network by plain networks, in double precision, and the air."""
    forward = networks.scene.forward(raw[scene][None].astype(np.float64), np.float64)[0]
    air = forward[: len(ATMOSPHERE_NAMES)]
    look = sample_features(
        data.bt[scene, sample], data.local[scene, sample], *decode_atmosphere(air)
    )
    rows = np.concatenate([look, np.broadcast_to(air, (len(look), len(air)))], axis=1)
    pooled = pooled_codes(networks.sample.forward(rows, np.float64))
    last = networks.refinement.forward(np.concatenate([pooled, forward])[None], np.float64)[0]
    refined = last[: len(ATMOSPHERE_NAMES)]
    features = spatial_features(
        data.bt[scene], data.local[scene], *decode_atmosphere(refined)
    )
    rows = np.concatenate([features, np.broadcast_to(last, (len(features), len(last)))], axis=1)
    return networks.pixel.forward(rows, np.float64), refined


def test_exported_networks_are_the_trained_ones(sets, trained):
    data, scaling = sets[0], trained.scaling
    factor = np.array([1.5, 1.1, 1.2, 1.3, 1.4, 0.9])
    networks = export_surroundings(trained, factor)
    profile = np.where(np.arange(200)[:, None] % 2, data.profile_atmosphere, np.float32(np.nan))
    raw = with_profiles(
        draw_scene_inputs(data, np.arange(200), OPTIONS, np.random.default_rng(1)), profile
    )
    sample = slice(3, 17)
    feeds = {
        "scene": held_scene(raw, scaling, 6.0), "bt": data.bt, "local": data.local,
        "sample_bt": data.bt[:, sample], "sample_local": data.local[:, sample],
    }  # fmt: skip
    expected = trained.model.predict(feeds, verbose=0)
    # what is unknown is the mean at retrieval, and nothing is beyond the limit
    held = feeds["scene"] * scaling.scene_scale + scaling.scene_mean
    count = len(OUTPUT_NAMES)
    for scene in range(0, 40, 3):
        found, air = _chain(networks, held, data, scene, sample)
        assert np.abs(found[:, 0] - expected["targets"][scene, :, 0]).max() < 1e-4
        assert np.abs(found[:, 1:count] - expected["targets"][scene, :, 1:count]).max() < 2e-6
        told = np.exp(expected["targets"][scene, :, count:]) * ERROR_UNITS * factor
        np.testing.assert_allclose(np.exp(found[:, count:]), told, rtol=1e-4)
        standard = (air - scaling.atmosphere_mean) / scaling.atmosphere_scale
        np.testing.assert_allclose(standard, expected["atmosphere"][scene], atol=1e-4)
    moved = np.abs(expected["atmosphere"] - expected["first_guess"]).max()
    assert moved > 0.01, "the refinement does something"


def test_names_are_those_that_bundles_need(trained):
    networks = export_surroundings(trained, np.ones(6))
    assert networks.scene.input_names == SURROUNDINGS_INPUTS
    assert networks.sample.n_pixel_inputs == 16
    assert networks.sample.output_names[-1] == "code_63"
    assert networks.refinement.output_add[:15] == ATMOSPHERE_NAMES
    assert networks.refinement.input_names[-6:] == tuple(f"scene_vector_{i}" for i in range(6))
    assert networks.pixel.output_names == OUTPUT_NAMES + LOG_SIGMA_NAMES
    assert networks.pixel.scene_input_names == networks.refinement.output_names


def _predict(teacher, sets):
    batches = SurroundingsBatches(sets[1], teacher.scaling, OPTIONS, shuffle=False)
    return teacher.model.predict(batches, verbose=0)["targets"]


def test_training_learns(sets, trained, folder):
    curve = LearningCurve(folder / "learning_curve.csv").columns()
    assert curve["loss"][-1] < 0.6 * curve["loss"][0]
    assert curve["first_guess_loss"][-1] < curve["first_guess_loss"][0]
    found = _predict(trained, sets)
    naive = np.abs(sets[1].bt[..., 3] - sets[1].lst).mean()
    assert np.abs(found[..., 0] - sets[1].lst).mean() < 0.75 * naive
    # the curve's errors are of the file alone, in K and 1
    kept = int(np.argmin(curve["val_mae_lst"]))
    assert 0.3 < curve["val_mae_lst"][kept] < 10
    assert 0.002 < curve["val_mae_lse_12"][kept] < 0.2


class _CancelAfter:
    def __init__(self, epochs):
        self.epochs, self.seen = epochs, 0

    def update(self, fraction, message=""):
        self.seen += message.startswith("epoch")

    def cancelled(self):
        return self.seen >= self.epochs


def test_a_cancelled_run_goes_on_to_the_same_bytes(sets, trained, folder, tmp_path):
    with pytest.raises(OperationCancelled):
        _train(sets, tmp_path, _CancelAfter(2))
    resumed = _train(sets, tmp_path)
    for one, other in zip(trained.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    curves = [(run / "learning_curve.csv").read_bytes() for run in (folder, tmp_path)]
    assert curves[0] == curves[1]
    with pytest.raises(TrainingError, match="other options"):
        _train(sets, tmp_path, profile_share=0.1)


def test_the_keras_model_is_kept_and_loads(sets, trained, folder):
    loaded = replace(trained, model=keras.saving.load_model(folder / "model.keras"))
    np.testing.assert_allclose(_predict(loaded, sets), _predict(trained, sets), atol=1e-4)


def test_what_is_known_is_drawn_anew_and_held(sets):
    data = sets[0]
    scaling = SurroundingsScaling.of(data)
    options = replace(OPTIONS, profile_share=0.5)
    batches = SurroundingsBatches(data, scaling, options, shuffle=True)
    flag = SURROUNDINGS_INPUTS.index("profile_known")
    air = slice(flag - 15, flag)
    shares, seen = [], []
    for index in range(len(batches)):
        feeds, goals = batches[index]
        scene = feeds["scene"]
        known = scene[:, flag] > 0
        shares.append(known.mean())
        assert (scene[~known, air] == 0).all()
        # a profile is near the truth, and not it
        error = np.abs(scene[known, air] - goals["atmosphere"][known])
        assert 0 < error.mean() < 0.3
        assert feeds["bt"].shape == (25, 8, 5) and goals["targets"].shape == (25, 8, 6)
        seen.append(feeds["sample_local"].shape[1])
    assert 0.3 < np.mean(shares) < 0.7
    assert seen[:2] == [8, 12]
    first = batches[3][0]["scene"][:, flag]
    again = SurroundingsBatches(data, scaling, options, shuffle=True, epoch=1)
    assert not np.array_equal(again[3][0]["scene"][:, flag], first)
    batches.on_epoch_end()
    batches.on_epoch_begin()
    for name, values in again[3][0].items():
        np.testing.assert_array_equal(values, batches[3][0][name])
    raw = scene_inputs(data)
    raw[0, 0] = 1e6
    profile = np.full((len(data), 15), np.nan, dtype=np.float32)
    held = held_scene(with_profiles(raw, profile), scaling, OPTIONS.limit_sd)
    assert held[0, 0] == OPTIONS.limit_sd == STATISTICS_LIMIT_SD


def test_a_set_without_profiles_trains_as_if_none_were_known(sets):
    blind = replace(sets[0], profile_atmosphere=np.full((200, 15), np.nan, dtype=np.float32))
    scaling = SurroundingsScaling.of(blind)
    batches = SurroundingsBatches(blind, scaling, OPTIONS, shuffle=True)
    flag = SURROUNDINGS_INPUTS.index("profile_known")
    assert (batches[2][0]["scene"][:, flag] == -1).all()


def test_validation_sees_every_scene_with_nothing_known(sets):
    scaling = SurroundingsScaling.of(sets[0])
    batches = SurroundingsBatches(sets[1], scaling, OPTIONS, shuffle=False)
    parts = [batches[i] for i in range(len(batches))]
    assert sum(len(feeds["bt"]) for feeds, _ in parts) == 60
    lst = np.concatenate([goals["targets"][..., 0] for _, goals in parts])
    np.testing.assert_array_equal(lst, sets[1].lst)
    for name in ("tcwv_known", "air_temperature_known", "profile_known"):
        column = SURROUNDINGS_INPUTS.index(name)
        assert all((feeds["scene"][:, column] == -1).all() for feeds, _ in parts)


def test_heads_learn_of_the_errors_and_errors_nothing_of_the_heads():
    import tensorflow as tf

    truth = tf.constant(np.array([[[300.0, *[0.95] * 5]]], dtype=np.float32))
    value = np.array([[[302.0, *[0.91] * 5, *[0.3] * 6]]], dtype=np.float32)
    predicted = tf.Variable(value)
    with tf.GradientTape() as tape:
        loss = _loss(OPTIONS)(truth, predicted)
    slope = tape.gradient(loss, predicted).numpy()[0, 0]
    error = np.array([2.0] * 6)
    expected = 2.0 + 5 * 0.2 * 2.0 + 0.1 * (error * np.exp(-0.3) + 0.3).mean()
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(slope[:6], [1.0, *[-0.2 / 0.02] * 5], rtol=1e-3)
    np.testing.assert_allclose(slope[6:], 0.1 / 6 * (1 - 2.0 * np.exp(-0.3)), rtol=1e-3)


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ParameterError, match="all targets"):
        SurroundingsOptions(targets=("lst",))
    with pytest.raises(ParameterError, match="one pixel"):
        SurroundingsOptions(sample_pixels=())
