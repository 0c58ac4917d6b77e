"""Teachers of several networks and of the scene, and the errors that they tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.network import Network
from akkd_core.distillation.ensemble import columns, member_names, merge, spread
from akkd_core.distillation.label_bundle import error_table, label_bundle
from akkd_core.distillation.plan import DistillationPlan
from akkd_core.distillation.predicted_error import SigmaModel, fit_sigma, with_error_outputs
from akkd_core.distillation.scene_aware import TEACHER_STATISTICS, bind, whole_statistics
from akkd_core.errors import DistillationError, ParameterError
from akkd_core.inference.context import SceneContext
from akkd_core.inference.retriever import Retriever
from akkd_core.physics.features import OUTPUT_NAMES, PIXEL_ONLY_FEATURES
from tests.builders.distillation import labelled_scene, quick_plan

TARGETS = ("lst", "lse_10")


def _network(seed: int, scene_inputs: tuple[str, ...] = ()) -> Network:
    rng = np.random.default_rng(seed)
    names = PIXEL_ONLY_FEATURES + scene_inputs
    widths = [len(names), 7, 6, 2]
    return Network(
        kernels=tuple(rng.normal(0, 0.6, pair) for pair in zip(widths, widths[1:], strict=False)),
        biases=tuple(rng.normal(0, 0.2, width) for width in widths[1:]),
        activations=("relu", "tanh", "linear"),
        input_names=names,
        n_pixel_inputs=5,
        input_mean=rng.normal(300, 2, len(names)),
        input_scale=rng.uniform(3, 6, len(names)),
        output_names=TARGETS,
        output_mean=rng.normal(0, 1, 2),
        output_scale=rng.uniform(0.5, 2, 2),
        output_add=("bt_13", None),
    )


def test_a_merged_network_gives_the_mean_and_each_member() -> None:
    networks = [_network(seed) for seed in range(3)]
    merged = merge(networks)
    x = np.random.default_rng(9).normal(300, 4, (50, 5)).astype(np.float32)
    apart = np.stack([network.forward(x, np.float64) for network in networks])
    assert merged.output_names == TARGETS + member_names(TARGETS, 3)
    together = merged.forward(x, np.float64)
    np.testing.assert_allclose(together[:, :2], apart.mean(axis=0), atol=2e-4)
    np.testing.assert_allclose(together[:, 4:6], apart[1], atol=2e-4)
    np.testing.assert_allclose(
        spread(together[:, 2:], 2), apart.std(axis=0, ddof=1), atol=2e-4, rtol=1e-3
    )
    last = columns(merged, ["lse_10_member_2"])
    np.testing.assert_allclose(last.forward(x, np.float64)[:, 0], apart[2][:, 1], atol=2e-4)
    assert merge(networks[:1]) is networks[0]
    with pytest.raises(DistillationError, match="differ"):
        merge([networks[0], columns(networks[1], ["lse_10", "lst"])])


def test_errors_by_spread_are_found_again() -> None:
    rng = np.random.default_rng(0)
    spreads = rng.uniform(0.1, 2.0, (40_000, 2)) * [1.0, 0.01]
    true = np.stack([np.hypot(0.5, 1.5 * spreads[:, 0]), np.full(40_000, 0.02)], axis=1)
    model = fit_sigma(TARGETS, spreads, true * rng.standard_normal(true.shape))
    assert model.floor[0] == pytest.approx(0.5, abs=0.1)
    assert model.factor[0] == pytest.approx(1.5, rel=0.03)
    # the second target's spread tells nothing
    np.testing.assert_allclose(model.sigma(spreads)[:, 1], 0.02, rtol=0.08)
    assert SigmaModel.from_json(model.to_json()) == model
    falling = fit_sigma(("lst",), spreads[:, :1], (2.5 - spreads[:, :1]))
    assert falling.factor == (0.0,) and falling.floor[0] == pytest.approx(
        np.sqrt(np.mean((2.5 - spreads[:, 0]) ** 2)), rel=1e-3
    )
    for floor, factor in (((0.0,), (1.0,)), ((1.0,), (-1.0,)), ((1.0,), (1.0, 1.0))):
        with pytest.raises(DistillationError):
            SigmaModel(floor, factor)


def test_error_outputs_start_flat_and_leave_the_targets() -> None:
    network = _network(1)
    told = np.log(np.random.default_rng(2).uniform(0.5, 2.0, (30, 2)))
    grown = with_error_outputs(network, told)
    x = np.random.default_rng(9).normal(300, 4, (20, 5)).astype(np.float32)
    assert grown.output_names[2:] == ("log_sigma_lst", "log_sigma_lse_10")
    values = grown.forward(x)
    np.testing.assert_array_equal(values[:, :2], network.forward(x))
    np.testing.assert_allclose(values[:, 2:], np.tile(told.mean(axis=0), (20, 1)), rtol=1e-5)


def test_retrieval_takes_the_errors_that_the_network_tells() -> None:
    network = replace(
        merge([_network(1)]),
        kernels=(np.zeros((5, 6)),), biases=(np.zeros(6),), activations=("linear",),
        output_names=OUTPUT_NAMES, output_mean=np.array([1.0, *[0.95] * 5]),
        output_scale=np.ones(6), output_add=("bt_13", *[None] * 5),
    )  # fmt: skip
    expected = np.array([0.8, 0.01, 0.02, 0.03, 0.04, 0.05])
    grown = with_error_outputs(network, np.log(np.tile(expected, (3, 1))))
    bundle = label_bundle(
        "b", grown, None, description="", trained_on="", archive_sha256="", command="", seed=1,
        extra={},
    )  # fmt: skip
    x = np.full((4, 5), 300.0, dtype=np.float32)
    share = np.array([1.0, 0.3, 0.5, 0.0], dtype=np.float32)
    around = [(share, SceneContext()), (1 - share, SceneContext())]
    found = Retriever(bundle, "numpy").pixels(x, around)
    np.testing.assert_allclose(found.values, [[301.0, *[0.95] * 5]] * 4, rtol=1e-5)
    np.testing.assert_allclose(found.errors, np.tile(expected, (4, 1)), rtol=1e-5)


def test_a_teacher_of_the_scene_becomes_one_of_the_pixel() -> None:
    scene = labelled_scene()
    statistics = whole_statistics(scene)
    network = _network(3, TEACHER_STATISTICS)
    near = replace(
        network,
        input_mean=np.concatenate([network.input_mean[:5], statistics[:5] + 1.0]),
        input_scale=np.concatenate([network.input_scale[:5], np.ones(5)]),
    )
    bound = bind(near, scene)
    x = scene.bt.reshape(5, -1).T[:40]
    full = np.concatenate([x, np.tile(statistics[:5], (40, 1))], axis=1)
    assert bound.input_names == PIXEL_ONLY_FEATURES
    np.testing.assert_allclose(bound.forward(x), near.forward(full), rtol=1e-5, atol=1e-3)
    # what lies further off than the scenes it was trained on is held at two SD
    far = replace(near, input_mean=np.concatenate([near.input_mean[:5], statistics[:5] + 9.0]))
    held = np.concatenate([x, np.tile(statistics[:5] + 7.0, (40, 1))], axis=1)
    np.testing.assert_allclose(bind(far, scene).forward(x), far.forward(held), atol=2e-3)
    assert bind(_network(3), scene).n_inputs == 5


def test_the_plan_says_what_the_teacher_is() -> None:
    plan = DistillationPlan(OUTPUT_NAMES)
    assert "teacher_members" not in plan.to_json() and plan.fitted_teacher.layers[0].dropout == 0
    scene = replace(plan, teacher_inputs="scene", teacher_members=5)
    assert scene.to_json()["teacher_members"] == 5
    assert [layer.dropout for layer in scene.fitted_teacher.layers] == [0.2] * 3
    own = Architecture.of((8, 8), dropout=0.1)
    assert replace(scene, teacher_architecture=own).fitted_teacher == own
    for wrong in ({"teacher_members": 0}, {"teacher_inputs": "place"}):
        with pytest.raises(ParameterError):
            replace(plan, **wrong)


def test_a_table_of_errors_by_temperature() -> None:
    lst = np.linspace(290.0, 310.0, 4001)
    predicted = np.stack([lst, np.full(lst.size, 0.95)], axis=1).astype(np.float32)
    errors = np.stack([np.where(lst < 300.0, 0.5, 2.0), np.full(lst.size, 0.01)], axis=1)
    table = error_table(TARGETS, predicted, errors)
    assert table.sigma.shape == (2, 4, 1)
    np.testing.assert_allclose(table.sigma[0, :, 0], [0.5, 0.5, 2.0, 2.0], rtol=0.2)
    np.testing.assert_allclose(table.sigma[1], 0.01, rtol=1e-4)
    assert np.isfinite(table.lookup(np.array([240.0, 305.0]), 0.0)).all()
    assert error_table(("lse_10",), predicted[:, 1:], errors[:, 1:]).sigma.shape == (1, 1, 1)


@pytest.mark.parametrize("inputs", ["pixel", "scene"])
def test_members_differ_and_tell_their_error(inputs: str) -> None:
    pytest.importorskip("keras", reason="needs the training extra")
    from akkd_core.distillation.label_teacher import (
        labelled_windows,
        members_of,
        train_teacher,
    )

    plan = replace(quick_plan(), teacher_members=4, teacher_inputs=inputs, most_per_scene=256)
    scenes = [labelled_scene(f"training-{i}", "training", seed=i) for i in range(5)]
    windows = labelled_windows(scenes, plan, 1)
    assert len(windows) == (5 if inputs == "pixel" else 20)
    assert sum(len(w.x) for w in windows) <= 5 * 256
    assert len({w.place for w in windows}) == 5
    teacher = train_teacher(scenes, plan, 1)
    assert teacher.network.output_names[:6] == OUTPUT_NAMES
    assert len(teacher.network.output_names) == 5 * 6
    assert teacher.sigma is not None and teacher.errors is not None and teacher.unseen is not None
    members = members_of(teacher.network, OUTPUT_NAMES)
    assert members is not None and members.n_outputs == 24
    sigma = replace(teacher.errors, members=bind(members, scenes[0])).sigma(
        scenes[0].bt.reshape(5, -1).T[:50]
    )
    assert sigma.shape == (50, 6) and (sigma > 0).all()
    residual = np.sqrt((teacher.unseen[1][:, 0] ** 2).mean())
    assert 0.3 * residual < float(sigma[:, 0].mean()) < 3.0 * residual
    with pytest.raises(DistillationError, match="give more members"):
        train_teacher(scenes[:1], replace(plan, teacher_members=2), 1)
