import json

import pytest

from akkd_core.bundle import AK_KD_TRIAL3, Architecture, Layer, load_bundle
from akkd_core.errors import ParameterError
from akkd_core.operations.simulate import run_scenes
from akkd_core.operations.train import read_architecture, run, unit_of


def test_architectures_by_name_widths_and_file(tmp_path):
    assert read_architecture("ak-kd-trial3") is AK_KD_TRIAL3
    assert [layer.units for layer in read_architecture("64,32").layers] == [64, 32]
    mine = Architecture((Layer(48, "tanh", 0.2),))
    (tmp_path / "a.json").write_text(json.dumps(mine.to_json()), encoding="utf-8")
    assert read_architecture(str(tmp_path / "a.json")) == mine


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


def test_a_trained_bundle_carries_errors_scores_and_its_command(tmp_path):
    pytest.importorskip("keras", reason="needs the training extra")
    run_scenes(str(tmp_path / "t.npz"), scenes=40, pixels=16, seed=1)
    run_scenes(str(tmp_path / "v.npz"), scenes=8, pixels=16, seed=2, split="validation")
    run(
        str(tmp_path / "b"),
        data=str(tmp_path / "t.npz"),
        validation=str(tmp_path / "v.npz"),
        architecture="16,16",
        epochs=1,
        batch_scenes=16,
        held_out_scenes=6,
    )
    bundle = load_bundle(tmp_path / "b")
    facts = bundle.manifest
    assert facts.training.command.startswith("akkd train b --data t.npz --validation v.npz")
    assert len(facts.training.data_sha256) == 64
    assert {score.name for score in facts.scores} >= {"lst mae", "lse mae"}
    assert all("held-out air and materials" in score.measured_on for score in facts.scores)
    assert bundle.error_table is not None and (bundle.error_table.sigma[0] > 0.3).all()
    low, high = facts.domain["lst"]
    assert 200 < low < 270 < high < 370
