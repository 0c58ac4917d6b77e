"""Retrieval by bundles of four networks: the chain, tiles, borders, cloud, crops, runtimes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.bundle import ModelBundle
from akkd_core.calibration import Calibration
from akkd_core.errors import BundleMismatchError
from akkd_core.grid import Grid
from akkd_core.images import Scene
from akkd_core.inference import scene_contexts, surroundings
from akkd_core.inference.cloud_mask import MaskOptions
from akkd_core.inference.context import Ancillary, make_context, pixel_features
from akkd_core.inference.pixel_sample import PixelSample, evenly
from akkd_core.inference.predictors import make_predictor
from akkd_core.inference.retriever import Retriever
from akkd_core.inference.surroundings import local_of_kinds
from akkd_core.physics.features import decode_atmosphere, physics_features
from akkd_core.physics.local_features import MARGIN, alike_bt, local_features, spatial_features
from akkd_core.physics.scene_statistics import STATISTIC_NAMES, scene_statistics
from akkd_core.quality import qc_field
from tests.builders.retrieval import (
    refined_bundle,
    scene_aware_bundle,
    scene_in_memory,
    simulated,
)

NAMES = ("lst", "lst_err", "lse", "lse_err", "qc", "cloud_distance")
Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return refined_bundle()


@pytest.fixture(scope="module")
def retriever(bundle: ModelBundle) -> Retriever:
    return Retriever(bundle, "numpy")


@pytest.fixture(scope="module")
def patchy() -> NDArray[np.uint16]:
    """Ground half under cloud, with invalid pixels inside and at the border."""
    dn = simulated(
        100, 120, cloud_cover=0.4, cloud_kind="middle", orientation_deg=0.0, land_cover="crops",
        daytime=True, seed=8,
    ).dn.copy()  # fmt: skip
    dn[:, 40:44, 50:70] = 0
    dn[1, 99, 119] = 4095
    dn[:, :3, :5] = 0
    return dn


def run(retriever: Retriever, scene: Scene | NDArray[np.uint16], **options: object) -> dict:
    scene = scene if isinstance(scene, Scene) else scene_in_memory(scene)
    out: dict[str, np.ndarray] = {}
    calibration = Calibration.for_scene(scene.metadata)
    for tile in retriever.tiles(scene, calibration, **options):  # type: ignore[arg-type]
        for name in NAMES:
            array = getattr(tile, name)
            if array is not None:
                shape = (*array.shape[:-2], *scene.grid.shape)
                whole = out.setdefault(name, np.zeros(shape, array.dtype))
                rows, cols = array.shape[-2:]
                whole[..., tile.row : tile.row + rows, tile.col : tile.col + cols] = array
    return out


def by_hand(bundle: ModelBundle, bt: Array, cloudy: NDArray[np.bool_], mine: Array) -> Array:
    """The chain of networks as it is defined; ``mine`` are the pixels that make statistics."""
    pixels, pick = bt.reshape(5, -1).T, np.flatnonzero(mine)
    nets = bundle.networks()
    scene, sample, refinement, pixel = (
        nets[which] for which in ("scene", "sample", "refinement", "pixel")
    )
    assert scene and sample and refinement and pixel
    raw = np.concatenate([scene_statistics(pixels[pick]), scene.input_mean[-4:] * [1, 0, 1, 0]])
    held = np.clip((raw - scene.input_mean) / scene.input_scale, -6, 6)
    guess = scene.forward((held * scene.input_scale + scene.input_mean)[None])[0]
    kinds = [local_features(np.where(hide, np.nan, bt)) for hide in (cloudy, ~cloudy)]
    local = np.where(cloudy, kinds[1], kinds[0]).reshape(14, -1).T
    few = pick[evenly(len(pick))]
    seen = physics_features(alike_bt(pixels[few], local[few]), *decode_atmosphere(guess[:15]))
    air = np.tile(guess[:15], (len(few), 1))
    codes = sample.forward(np.concatenate([seen, air], axis=1)).astype(np.float64)
    pooled = np.concatenate([codes.mean(axis=0), np.sqrt(codes.var(axis=0) + 1e-4)])
    refined = refinement.forward(np.concatenate([pooled, guess])[None])[0]
    features = spatial_features(pixels, local, *decode_atmosphere(refined[:15]))
    shared = np.tile(refined, (len(pixels), 1))
    return pixel.forward(np.concatenate([features, shared], axis=1))


def test_results_are_those_of_the_chain_by_hand(
    retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_contexts, "clear_pixels", lambda logits: np.ones(len(logits), bool))
    dn = simulated(40, 50, orientation_deg=0.0, land_cover="crops", daytime=True, seed=8).dn.copy()
    dn[:, 10:13, 20:30] = 0
    found = run(retriever, dn)
    bt = Calibration.for_scene(scene_in_memory(dn).metadata).brightness_temperature(dn)
    valid = np.isfinite(bt).all(axis=0)
    cloudy = (qc_field("cloud").decode(found["qc"]) >= 2) & valid
    expected = by_hand(retriever.bundle, bt, cloudy, valid.ravel())
    inside = valid.ravel()
    for values, columns, tolerance in (
        (found["lst"][None], slice(0, 1), 2e-3),
        (found["lse"], slice(1, 6), 2e-5),
        (np.log(found["lst_err"])[None], slice(6, 7), 1e-3),
        (np.log(found["lse_err"]), slice(7, 12), 1e-3),
    ):
        mine = expected[inside, columns].clip(*((0.3, 1.0) if columns.start == 1 else (None, None)))
        given = values.reshape(len(values), -1).T
        assert np.abs(given[inside] - mine).max() < tolerance
        assert np.isnan(given[~inside]).all()


@pytest.mark.parametrize(
    ("size", "options"), [(17, MaskOptions()), (64, MaskOptions(True, water_snow_prior=True))]
)
def test_tiles_give_what_the_whole_gives(
    retriever: Retriever, patchy: NDArray[np.uint16], size: int, options: MaskOptions
) -> None:
    whole = run(retriever, patchy, tile_size=4096, options=options)
    tiled = run(retriever, patchy, tile_size=size, options=options)
    assert 0.1 < (qc_field("cloud").decode(whole["qc"]) >= 2).mean() < 0.9
    for name in whole:
        assert np.array_equal(np.isnan(whole[name]), np.isnan(tiled[name]))
        tolerance = 1e-5 if "lse" in name else 2e-3
        assert np.nanmax(np.abs(whole[name].astype(float) - tiled[name])) <= tolerance
    assert np.isnan(whole["lst"]).sum() == 80 + 15 + 1


def test_tiles_of_a_mosaic_give_what_the_whole_gives(retriever: Retriever) -> None:
    dn = simulated(24, 45, orientation_deg=0.0).dn
    grid = Grid(32650, (300000.0, 2500.0, 0.0, 4400000.0, 0.0, -2500.0), 24, 45)
    mosaic = Scene.from_array(dn, grid, scene_in_memory(dn).metadata)
    whole, tiled = (run(retriever, mosaic, tile_size=size) for size in (512, 17))
    assert np.isfinite(whole["lst"]).all()
    assert np.abs(whole["lst"] - tiled["lst"]).max() < 2e-3


def test_cloud_is_no_part_of_what_clear_ground_sees(
    retriever: Retriever, patchy: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cloud of another temperature changes nothing of the clear pixels beside it."""
    rng = np.random.default_rng(1)
    bt = (290.0 + rng.normal(0.0, 1.0, (5, 40, 60))).astype(np.float32)
    cloudy = np.zeros((40, 60), dtype=bool)
    cloudy[10:25, 20:35] = True
    colder = np.where(cloudy, bt - 30.0, bt).astype(np.float32)
    inner = np.s_[MARGIN:35, MARGIN:55]
    first, second = (local_of_kinds(image, cloudy, inner) for image in (bt, colder))
    clear = ~cloudy[inner]
    np.testing.assert_array_equal(first[:, clear], second[:, clear])
    expected = local_features(np.where(cloudy, np.nan, bt))[(slice(None), *inner)]
    np.testing.assert_allclose(first[:, clear], expected[:, clear], atol=2e-3)
    of_cloud = local_features(np.where(cloudy, colder, np.nan))[(slice(None), *inner)]
    np.testing.assert_allclose(second[:, ~clear], of_cloud[:, ~clear], atol=2e-3)
    assert np.isfinite(second).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_strips_and_threads_do_not_show(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bt = (290.0 + np.random.default_rng(2).normal(0.0, 1.0, (5, 90, 30))).astype(np.float32)
    bt[:, 50, 10] = np.nan
    monkeypatch.setattr(surroundings, "_STRIP_ROWS", 7)
    found = local_of_kinds(bt, np.zeros((90, 30), bool), np.s_[0:85, 3:30], threads)
    expected = local_features(bt)[:, :85, 3:]
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_small_crop_is_retrieved(retriever: Retriever, patchy: NDArray[np.uint16]) -> None:
    crop = np.ascontiguousarray(patchy[:, 60:70, 90:102])
    out = run(retriever, crop)
    assert np.isfinite(out["lst"]).all() and np.isfinite(out["lst_err"]).all()
    assert (out["lst_err"] > 0).all()


def test_other_bundles_do_not_pay(
    patchy: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("asked for surroundings")

    monkeypatch.setattr(surroundings, "local_features", refuse)
    monkeypatch.setattr("akkd_core.inference.pixel_sample.local_features", refuse)
    plain = Retriever(scene_aware_bundle(), "numpy")
    assert not plain.sees_surroundings
    assert np.isfinite(run(plain, patchy)["lst"]).any()


@pytest.mark.parametrize("runtime", ["onnxruntime", "tensorflow"])
def test_runtimes_agree(bundle: ModelBundle, patchy: NDArray[np.uint16], runtime: str) -> None:
    pytest.importorskip(runtime)
    bt = Calibration.for_scene(scene_in_memory(patchy).metadata).brightness_temperature(patchy)
    pixels = np.ascontiguousarray(bt[:, 60:].reshape(5, -1).T)
    local = np.ascontiguousarray(local_features(bt[:, 60:]).reshape(14, -1).T)
    context = make_context(bundle, STATISTICS, sample=lambda: PixelSample(pixels[:99], local[:99]))
    features = pixel_features(bundle.pixel_network, pixels, context, local)
    first, second = (
        make_predictor(bundle, which).predict(features, context.scene)
        for which in ("numpy", runtime)
    )
    assert first.shape == (len(pixels), 12)
    assert np.array_equal(np.isnan(first), np.isnan(second))
    assert np.nanmax(np.abs(first[:, 0] - second[:, 0])) < 1e-3
    assert np.nanmax(np.abs(first[:, 1:] - second[:, 1:])) < 1e-4


STATISTICS = scene_aware_bundle().scene_network.input_mean[: len(STATISTIC_NAMES)]  # type: ignore[union-attr]


def sample(shift: float = 0.0) -> PixelSample:
    rng = np.random.default_rng(3)
    bt = (290.0 + shift + rng.normal(0.0, 2.0, (200, 5))).astype(np.float32)
    return PixelSample(bt, rng.normal(0.0, 1.0, (200, 14)).astype(np.float32))


def test_the_sample_refines_the_air(bundle: ModelBundle) -> None:
    first = make_context(bundle, STATISTICS, sample=sample)
    other = make_context(bundle, STATISTICS, sample=lambda: sample(8.0))
    again = make_context(
        bundle, STATISTICS, sample=lambda: PixelSample(sample().bt[::-1], sample().local[::-1])
    )
    plain = make_context(scene_aware_bundle(), STATISTICS)
    for a, b in ((first, other), (first, plain)):
        assert a.transmittance is not None and b.transmittance is not None
        assert np.abs(a.transmittance - b.transmittance).max() > 1e-3
    assert first.scene is not None and again.scene is not None
    assert first.scene.shape == (15 + 4,)
    np.testing.assert_allclose(again.scene, first.scene, atol=1e-5)


def test_ancillary_data_enter_before_the_refinement(bundle: ModelBundle) -> None:
    plain = make_context(bundle, STATISTICS, sample=sample)
    helped = make_context(bundle, STATISTICS, Ancillary(40.0), sample)
    assert plain.scene is not None and helped.scene is not None
    assert np.abs(plain.scene - helped.scene).max() > 1e-3


def test_what_is_missing_is_said(bundle: ModelBundle, retriever: Retriever) -> None:
    with pytest.raises(BundleMismatchError, match="sample of pixels"):
        make_context(bundle, STATISTICS)
    context = make_context(bundle, STATISTICS, sample=sample)
    bt = np.full((3, 5), 290.0, dtype=np.float32)
    with pytest.raises(BundleMismatchError, match="surroundings"):
        retriever.pixels(bt, [(np.ones(3, np.float32), context)])


@pytest.mark.parametrize("which", ["sample", "refinement"])
def test_networks_of_other_inputs_are_refused(bundle: ModelBundle, which: str) -> None:
    network = bundle.networks()[which]
    assert network is not None
    names = ("something", *network.input_names[1:])
    other = replace(network, input_names=names)
    spec = getattr(bundle.manifest, which)
    inputs = (replace(spec.inputs[0], name="something"), *spec.inputs[1:])
    manifest = replace(bundle.manifest, **{which: replace(spec, inputs=inputs)})
    strange = replace(bundle, manifest=manifest, **{f"{which}_network": other})
    with pytest.raises(BundleMismatchError, match="other inputs or outputs"):
        make_context(strange, STATISTICS, sample=sample)
