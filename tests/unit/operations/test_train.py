import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import AK_KD_TRIAL3, Architecture, Layer, bundle_hash, load_bundle
from akkd_core.errors import BundleMismatchError, ParameterError
from akkd_core.inference.predictors import make_predictor
from akkd_core.nn.learning_curve import LearningCurve
from akkd_core.nn.options import DEFAULT_PIXEL_ARCHITECTURE
from akkd_core.operations.simulate import run_scenes
from akkd_core.operations.train import read_architecture, run
from akkd_core.physics.features import OUTPUT_NAMES, unit_of
from akkd_core.validation.heldout import held_out_scenes
from akkd_core.validation.methods import predict_scene
from akkd_core.validation.told_errors import INTERVAL_90, told_coverage


def test_architectures_by_name_widths_and_file(tmp_path):
    assert read_architecture("ak-kd-trial3") is AK_KD_TRIAL3
    assert read_architecture("64,32") == Architecture.of((64, 32), "relu", learning_rate=0.002)
    mine = Architecture((Layer(48, "tanh", 0.2),))
    (tmp_path / "a.json").write_text(json.dumps(mine.to_json()), encoding="utf-8")
    assert read_architecture(str(tmp_path / "a.json")) == mine


def test_the_default_is_that_of_the_shipped_bundle():
    widths = [layer.units for layer in DEFAULT_PIXEL_ARCHITECTURE.layers]
    assert (widths, DEFAULT_PIXEL_ARCHITECTURE.learning_rate) == ([256, 256, 256], 0.002)
    assert read_architecture("256,256,256") == DEFAULT_PIXEL_ARCHITECTURE


@pytest.mark.parametrize("text", ["big", "64,-1", "", "no_such.json", "64;32"])
def test_no_architecture_is_a_clear_error(text):
    with pytest.raises(ParameterError):
        read_architecture(text)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("bt_13", "K"),
        ("ground_bt_10_minus_13", "K"),
        ("sky_ratio_12", "1"),
        ("lst", "K"),
        ("lse_14", "1"),
        ("tcwv_kg_m2", "kg m-2"),
        ("tcwv_known", "1"),
        ("log_optical_depth_10", "1"),
        ("scene_vector_3", "1"),
        ("air_temperature_k", "K"),
        ("q50_bt_13", "K"),
        ("correlation_bt_13_bt_10_minus_13", "1"),
    ],
)
def test_units(name, unit):
    assert unit_of(name) == unit


def test_a_bundle_that_exists_is_kept(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(ParameterError, match="exists"):
        run(str(tmp_path / "b"), data="none.npz", validation="none.npz")


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    pytest.importorskip("keras", reason="needs the training extra")
    folder = tmp_path_factory.mktemp("sets")
    run_scenes(str(folder / "t.npz"), scenes=40, pixels=16, seed=1)
    run_scenes(str(folder / "v.npz"), scenes=16, pixels=16, seed=2, split="validation")
    return {"data": str(folder / "t.npz"), "validation": str(folder / "v.npz")}


def test_a_trained_bundle_carries_errors_scores_and_its_command(sets, tmp_path):
    run(
        str(tmp_path / "b"),
        **sets,
        architecture="16,16",
        epochs=1,
        batch_scenes=16,
        held_out_scenes=6,
    )
    bundle = load_bundle(tmp_path / "b")
    facts = bundle.manifest
    assert facts.training.command == (
        "akkd train b --data t.npz --validation v.npz --name akkd-teacher --inputs scene "
        "--target joint --epochs 1 --patience 10 --batch-scenes 16 --learning-rate 0.002 "
        "--seed 1 --architecture 16,16"
    )
    assert facts.pixel.architecture == Architecture.of((16, 16), learning_rate=0.002)
    assert len(facts.training.data_sha256) == 64
    assert {score.name for score in facts.scores} >= {"lst mae", "lse mae"}
    assert all("held-out air and materials" in score.measured_on for score in facts.scores)
    assert bundle.error_table is not None and (bundle.error_table.sigma[0] > 0.3).all()
    low, high = facts.domain["lst"]
    assert 200 < low < 270 < high < 370


BEST = Architecture((Layer(16, "tanh", 0.1), Layer(32, "sigmoid", 0.0)), "adamw", 0.004)


def _small(sets, folder, **options):
    file = folder / "best.json"
    file.write_text(json.dumps(BEST.to_json()), encoding="utf-8")
    return run(
        str(folder / "b"),
        **sets,
        **{
            "architecture": str(file),
            "epochs": 3,
            "batch_scenes": 8,
            "held_out_scenes": 0,
            **options,
        },
    )


def test_a_searchs_best_architecture_is_trained_and_charted(sets, tmp_path):
    outcome = _small(sets, tmp_path, inputs="pixel", target="lst", epochs=3)
    bundle = load_bundle(tmp_path / "b")
    assert bundle.manifest.pixel.architecture == BEST
    assert [kernel.shape[1] for kernel in bundle.pixel_network.kernels] == [16, 32, 1]
    command = bundle.manifest.training.command
    assert "--learning-rate 0.004" in command and command.endswith("--architecture best.json")
    work = tmp_path / "b_work"
    assert (work / "learning_curve.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert outcome.data["chart"] == str(work / "learning_curve.png")
    assert outcome.data["keras_model"] == str(work / "model.keras")
    assert (work / "model.keras").exists()
    curve = LearningCurve(work / "learning_curve.csv").columns()
    kept = outcome.data["kept_epoch"]
    assert kept == 1 + curve["val_mae_lst"].index(min(curve["val_mae_lst"]))
    assert outcome.data["epochs"] == 3
    said = f"kept epoch {kept} of 3; validation MAE: lst {min(curve['val_mae_lst']):.4g} K"
    assert outcome.lines[1] == said
    assert (
        outcome.lines[2] == f"learning curve: {work / 'learning_curve.csv'} and learning_curve.png"
    )


def test_what_early_stopping_did_is_told(sets, tmp_path):
    outcome = _small(sets, tmp_path, inputs="pixel", epochs=8, patience=1, learning_rate=1e-6)
    assert outcome.data["epochs"] == 2
    assert "of 2, ended after 1 without improvement; validation MAE: lst" in outcome.lines[1]
    bundle = load_bundle(tmp_path / "b")
    assert bundle.manifest.pixel.architecture == replace(BEST, learning_rate=1e-6)
    assert "--patience 1 " in bundle.manifest.training.command


def test_without_matplotlib_the_table_alone_is_kept(sets, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    outcome = _small(sets, tmp_path, inputs="pixel", epochs=1)
    assert any("pip install matplotlib" in line for line in outcome.lines)
    assert "chart" not in outcome.data
    work = tmp_path / "b_work"
    assert (work / "learning_curve.csv").exists() and not (work / "learning_curve.png").exists()
    assert load_bundle(tmp_path / "b").manifest.name == "akkd-teacher"


@pytest.fixture(scope="module")
def surroundings(sets, tmp_path_factory):
    folder = tmp_path_factory.mktemp("surroundings")
    train = [str(folder / name) for name in ("climates.npz", "usual.npz")]
    recipe = {"pixels": 24, "side": 24, "cloud_share": 0.2}
    run_scenes(train[0], scenes=32, air="climates", seed=3, **recipe)
    run_scenes(train[1], scenes=16, seed=4, **recipe)
    outcome = run(
        str(folder / "b"), data=train, validation=sets["validation"], inputs="surroundings",
        architecture="16,16", epochs=2, batch_scenes=16, held_out_scenes=6,
    )  # fmt: skip
    return outcome, load_bundle(folder / "b")


def test_a_training_begins_with_a_bundles_weights_and_scaling(surroundings, sets, tmp_path):
    outcome, first = surroundings
    rest = {"validation": sets["validation"], "held_out_scenes": 0, "epochs": 1}
    begun = {"start": outcome.data["bundle"], "inputs": "surroundings", "learning_rate": 1e-6}
    data = sets["data"]
    run(str(tmp_path / "on"), data, architecture="16,16", **rest, **begun)
    bundle = load_bundle(tmp_path / "on")
    for part in ("scene", "sample", "refinement", "pixel"):
        ours, theirs = (getattr(one, f"{part}_network") for one in (bundle, first))
        np.testing.assert_array_equal(ours.input_mean, theirs.input_mean)
        for kernel, before in zip(ours.kernels, theirs.kernels, strict=True):
            np.testing.assert_allclose(kernel, before, atol=1e-4)
    training = bundle.manifest.training
    assert training.command.endswith("--architecture 16,16 --start b")
    assert f"begun with the weights of akkd-teacher {bundle_hash(first)}" in training.description
    with pytest.raises(BundleMismatchError, match="other layers.*--architecture"):
        run(str(tmp_path / "other"), data, architecture="16", **rest, **begun)
    with pytest.raises(ParameterError, match="--start is for --inputs surroundings"):
        run(str(tmp_path / "other"), data, architecture="16", **rest, start="b")


def test_a_bundle_that_sees_surroundings_has_four_networks_and_tells_its_errors(surroundings):
    outcome, bundle = surroundings
    assert bundle.refinement_network is not None and bundle.sample_network is not None
    assert bundle.error_table is None
    manifest = bundle.manifest
    assert manifest.training.command.startswith(
        "akkd train b --data climates.npz --data usual.npz --validation v.npz --name akkd-teacher "
        "--inputs surroundings --target joint"
    )
    assert manifest.training.description.startswith("48 simulated scenes of 24 pixels")
    assert len(manifest.training.data_sha256) == 64
    assert "calibrated by scene on 2 held-out scenes (ecmwf52 air" in manifest.uncertainty.method
    assert "on ecmwf83 air " in manifest.uncertainty.method
    assert {s.name for s in manifest.scores} >= {"lst mae", "lse mae"}
    assert sum("within the error told" in line for line in outcome.lines) == 6
    widths = manifest.extra[INTERVAL_90]
    assert tuple(widths) == OUTPUT_NAMES and min(widths.values()) >= 1


def test_errors_told_are_covered_as_said(surroundings):
    _, bundle = surroundings
    scenes = held_out_scenes(6, workers=1)
    found = told_coverage(bundle, scenes)
    predictor = make_predictor(bundle, "numpy")
    for output, truth in ((0, scenes.lst), (3, scenes.lse[..., 2])):
        ratio = []
        for index in range(6):
            values, _ = predict_scene(bundle, predictor, scenes, index)
            ratio.append(np.abs(values[:, output] - truth[index]) / np.exp(values[:, output + 6]))
        one, two = ((np.array(ratio) <= limit).mean() for limit in (1, 2))
        assert found[output].one_sigma == pytest.approx(one, abs=1e-3)
        assert found[output].two_sigma == pytest.approx(two, abs=1e-3)
    assert 0.2 < found[0].one_sigma <= found[0].two_sigma <= 1
    assert [c.name for c in found] == ["lst", *(f"lse_{band}" for band in range(10, 15))]


def test_surroundings_are_for_all_targets_together(sets, tmp_path):
    with pytest.raises(ParameterError, match="--target joint"):
        run(str(tmp_path / "b"), **sets, inputs="surroundings", target="lst")
