"""Error tables: right where residuals are known, filled where there are none, checked on others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from akkd_core.bundle import ModelBundle, Training, make_manifest
from akkd_core.errors import ParameterError
from akkd_core.physics.features import unit_of
from akkd_core.simulation.training_set import JUDGE_RECIPE
from akkd_core.validation.error_calibration import (
    LST_EDGES_K,
    TRANSMITTANCE_EDGES,
    Residuals,
    coverage,
    coverage_of,
    error_table,
    residuals,
    table_of,
)
from akkd_core.validation.heldout import held_out_scenes
from tests.builders.retrieval import scene_aware_bundle

NAMES = ("lst", "lse_10")


def made_up(seed: int, scenes: int = 400, pixels: int = 200, growth: float = 2.0) -> Residuals:
    """Normal errors of 0.5 K in clear air that grow with opacity."""
    rng = np.random.default_rng(seed)
    tau = rng.uniform(0.2, 0.98, scenes)
    sigma = np.stack([0.5 + growth * (1.0 - tau), 0.01 + 0.02 * (1.0 - tau)])
    error = rng.normal(0.0, 1.0, (2, scenes, pixels)) * sigma[:, :, None]
    lst = np.clip(rng.normal(295.0, 12.0, (scenes, pixels)), 235.0, 330.0)
    return Residuals(NAMES, error, lst, tau)


def test_table_finds_the_errors_it_was_made_of() -> None:
    table = table_of(made_up(1))
    expected = 0.5 + 2.0 * (1.0 - 0.75)
    assert table.lookup(295.0, 0.75)[0] == pytest.approx(expected, rel=0.08)
    assert table.lookup(295.0, 0.35)[0] == pytest.approx(0.5 + 2.0 * 0.65, rel=0.08)
    assert table.lookup(295.0, 0.75)[1] == pytest.approx(0.015, rel=0.08)
    assert table.sigma.shape == (2, len(LST_EDGES_K) - 1, len(TRANSMITTANCE_EDGES) - 1)


def test_errors_hold_on_other_scenes() -> None:
    found = coverage_of(table_of(made_up(1)), made_up(2))
    assert [part.name for part in found] == list(NAMES)
    for part in found:
        assert part.one_sigma == pytest.approx(0.683, abs=0.02)
        assert part.two_sigma == pytest.approx(0.954, abs=0.015)
        assert part.calibration == pytest.approx(1.0, abs=0.03)


def test_overconfidence_shows() -> None:
    for part in coverage_of(table_of(made_up(1, growth=0.0)), made_up(2, growth=6.0))[:1]:
        assert part.one_sigma < 0.45 and part.calibration > 2.0


def test_empty_bins_take_their_opacitys_error() -> None:
    found = made_up(3)
    warm = np.full_like(found.lst, 300.0)
    table = table_of(Residuals(NAMES, found.error, warm, found.transmittance_13))
    assert np.isfinite(table.sigma).all() and (table.sigma > 0).all()
    assert table.lookup(240.0, 0.35)[0] == pytest.approx(1.8, rel=0.15)
    assert table.lookup(240.0, 0.96)[0] < 0.9


def test_air_more_opaque_than_any_seen_is_no_surer_than_the_most_opaque_seen() -> None:
    found = made_up(6)
    clear = found.transmittance_13 > 0.62
    table = table_of(
        Residuals(NAMES, found.error[:, clear], found.lst[clear], found.transmittance_13[clear])
    )
    assert table.lookup(295.0, 0.15)[0] > 0.9 * table.lookup(295.0, 0.65)[0]


def test_few_scenes_are_drawn_towards_the_rest() -> None:
    """One wild scene among many must not make its bin wild."""
    found = made_up(4)
    error, lst, tau = found.error.copy(), found.lst.copy(), found.transmittance_13.copy()
    error[0, 0], lst[0], tau[0] = 10.0, 240.0, 0.97
    table = table_of(Residuals(NAMES, error, lst, tau))
    assert table.lookup(240.0, 0.97)[0] < 5.0


def test_bundle_without_scene_network_uses_the_lowest_opacity_bin() -> None:
    found = made_up(5)
    blind = Residuals(NAMES, found.error, found.lst, np.zeros(len(found.transmittance_13)))
    table = table_of(blind)
    overall = np.sqrt((found.error[0] ** 2).mean())
    assert table.lookup(295.0, 0.0)[0] == pytest.approx(overall, rel=0.05)


def test_residuals_and_table_of_a_bundle() -> None:
    bundle = scene_aware_bundle()
    recipe = replace(JUDGE_RECIPE, shape=(16, 16), pixels=40)
    scenes = held_out_scenes(20, recipe=recipe, profiles="ecmwf52", workers=1)
    found = residuals(bundle, scenes)
    assert found.error.shape == (6, 20, 40)
    np.testing.assert_allclose(found.error[0], found.lst - scenes.lst, atol=1e-4)
    assert ((found.transmittance_13 > 0) & (found.transmittance_13 < 1)).all()
    table = error_table(bundle, scenes)
    assert table.sigma.shape[0] == 6
    for part in coverage(table, bundle, scenes):
        assert 0.4 < part.one_sigma < 0.95


def test_outputs_without_truth_are_refused() -> None:
    bundle = scene_aware_bundle()
    renamed = ("tcwv_kg_m2", *bundle.pixel_network.output_names[1:])
    network = replace(bundle.pixel_network, output_names=renamed)
    scene = bundle.scene_network
    assert scene is not None
    names = (*network.input_names, *renamed, *scene.input_names, *scene.output_names)
    manifest = make_manifest(
        "odd",
        pixel_network=network,
        scene_network=scene,
        units={name: unit_of(name) for name in names},
        description="gives water vapour",
        training=Training("none"),
    )
    recipe = replace(JUDGE_RECIPE, shape=(8, 8), pixels=4)
    with pytest.raises(ParameterError, match="no truth"):
        residuals(ModelBundle(manifest, network, scene), held_out_scenes(1, recipe=recipe))
