"""The response to sharp borders: of truth, of a blur, of a damped retrieval; and the scenes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.materials import materials
from akkd_core.validation.edge_response import (
    OFFSETS,
    STRIP,
    STRIPS,
    EdgeTally,
    striped_scene,
)
from akkd_core.validation.poor_scenes import CROP, POOR_KINDS, SIDE, PoorScene


@pytest.fixture(scope="module")
def scenes() -> list[PoorScene]:
    air, table = shipped_atmospheres("judge"), materials("judge")
    return [
        striped_scene(np.random.default_rng(seed), air, 20 * seed, table) for seed in range(6)
    ]


def _responses(scenes: list[PoorScene], change) -> EdgeTally:  # type: ignore[no-untyped-def]
    tally = EdgeTally()
    for scene in scenes:
        tally.add(change(scene.truth), scene.truth)
    return tally


def _blurred(truth: NDArray[np.float32]) -> NDArray[np.float32]:
    wide = np.pad(truth, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return 0.25 * wide[:, :, :-2] + 0.5 * wide[:, :, 1:-1] + 0.25 * wide[:, :, 2:]


def test_truth_is_sharp(scenes: list[PoorScene]) -> None:
    for response in _responses(scenes, lambda truth: truth).responses():
        assert response.borders >= 3
        assert response.amplitude == pytest.approx(1.0, abs=0.02)
        assert response.beside == pytest.approx(1.0, abs=0.02)
        assert response.distance_10_90 == pytest.approx(0.8, abs=0.03)
        assert response.response == pytest.approx((OFFSETS > 0).astype(float), abs=0.03)


def test_a_blur_shows(scenes: list[PoorScene]) -> None:
    for response in _responses(scenes, _blurred).responses():
        # a quarter of each column beside the border goes to the other
        assert response.beside == pytest.approx(0.5, abs=0.03)
        assert response.amplitude == pytest.approx(1.0, abs=0.02)
        assert response.distance_10_90 == pytest.approx(2.2, abs=0.1)
        assert response.error_beside > 5.0 * response.error_inside


def test_damping_is_no_blur(scenes: list[PoorScene]) -> None:
    tally = _responses(scenes, lambda truth: 300.0 + 0.6 * truth)
    for response in tally.responses():
        assert response.amplitude == pytest.approx(0.6, abs=0.02)
        assert response.beside == pytest.approx(1.0, abs=0.02)
    again = EdgeTally.from_arrays(tally.arrays())
    again.merge(tally)
    for one, two in zip(tally.responses(), again.responses(), strict=True):
        assert two.response == pytest.approx(one.response)
        assert two.borders == 2 * one.borders
        assert two.absolute == pytest.approx(one.absolute)


def test_striped_scenes_are_strips_of_one_emissivity(scenes: list[PoorScene]) -> None:
    lse = scenes[0].truth[1:]
    assert lse.shape[2] == STRIP * STRIPS
    strips = lse.reshape(5, lse.shape[1], STRIPS, STRIP)
    assert np.ptp(strips, axis=(1, 3)).max() < 1e-6
    assert len(np.unique(strips[0, 0, :, 0])) == STRIPS
    assert scenes[0].clear.all() and scenes[0].dn.shape == (5, *lse.shape[1:])


def test_poor_scenes_are_what_they_are_called() -> None:
    air, table = shipped_atmospheres("judge"), materials("judge")
    drawn = {
        kind: [draw(np.random.default_rng(n), air, 9 * n, table) for n in range(4)]
        for kind, draw in POOR_KINDS.items()
    }
    assert list(drawn) == [
        "one material", "crop of 12 x 12 pixels", "half under stratus", "broken cumulus with edges",
    ]  # fmt: skip
    for scene in drawn["one material"]:
        assert np.ptp(scene.truth[1:], axis=(1, 2)).max() < 1e-6 and scene.clear.all()
    for scene in drawn["crop of 12 x 12 pixels"]:
        assert scene.dn.shape == (5, CROP, CROP) and scene.truth.shape == (6, CROP, CROP)
    shares = (("half under stratus", 0.2, 0.6), ("broken cumulus with edges", 0.4, 0.85))
    for kind, low, high in shares:
        share = np.mean([scene.clear.mean() for scene in drawn[kind]])
        assert low < share < high
        assert all(scene.dn.shape == (5, SIDE, SIDE) for scene in drawn[kind])
    first = POOR_KINDS["one material"](np.random.default_rng(0), air, 0, table)
    assert np.array_equal(first.dn, drawn["one material"][0].dn)
    assert first.profile == str(air.profile[0])
