"""TES on scenes in memory: tiles, sources, flags. Accuracy on granules is tested by its command."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.calibration import Calibration
from akkd_core.errors import InputError, OperationCancelled
from akkd_core.grid import Grid
from akkd_core.images import Scene
from akkd_core.inference import cloud_mask
from akkd_core.inference.context import SceneContext
from akkd_core.inference.pixel_sample import PixelSample, TakeSample
from akkd_core.inference.tes_retriever import AirSource, ProductSource, TesRetriever
from akkd_core.inference.windows import Window
from akkd_core.physics.rte import ground_leaving_radiance
from akkd_core.physics.tes import TES_PRODUCT, temperature_emissivity_separation
from akkd_core.quality import QC_NODATA, qc_field
from akkd_core.readers.ast_09t import SurfaceRadiance, _Array
from akkd_core.sensors import aster_tir
from akkd_core.simulation.granule_scene import SimulatedScene
from akkd_core.simulation.scenes import Atmosphere, noise_radiance
from tests.builders.retrieval import scene_in_memory, simulated


def source(air: Atmosphere) -> AirSource:
    context = SceneContext.of_air(air.transmittance, air.path_radiance, air.downwelling_radiance)
    return AirSource(lambda statistics, window, sample: context)


def separate(
    retriever: TesRetriever, dn: NDArray[np.uint16], tile_size: int = 4096
) -> dict[str, NDArray[np.generic]]:
    scene = scene_in_memory(dn)
    out: dict[str, NDArray[np.generic]] = {
        "lst": np.full(dn.shape[1:], -1.0, np.float32),
        "lse": np.full(dn.shape, -1.0, np.float32),
        "qc": np.full(dn.shape[1:], 1, np.uint16),
    }
    covered = np.zeros(dn.shape[1:], dtype=int)
    calibration = Calibration.for_scene(scene.metadata)
    for tile in retriever.tiles(scene, calibration, tile_size=tile_size):
        rows, cols = tile.lst.shape
        part = np.s_[tile.row : tile.row + rows, tile.col : tile.col + cols]
        covered[part] += 1
        assert tile.lst_err is None and tile.lse_err is None
        for name, values in out.items():
            values[(..., *part)] = getattr(tile, name)
    assert (covered == 1).all()
    return out


@pytest.fixture(scope="module")
def scene() -> SimulatedScene:
    return simulated(land_cover="desert", seed=8)


def test_is_tes_of_the_ground_leaving_radiance(scene: SimulatedScene) -> None:
    air = scene.atmosphere
    found = separate(TesRetriever(source(air), nedt_k=0.2), scene.dn)
    radiance = Calibration.from_ucc(aster_tir().ucc).radiance(scene.dn).reshape(5, -1)
    tau = np.asarray(air.transmittance, dtype=np.float32)
    ground = ground_leaving_radiance(radiance, tau, np.float32(air.path_radiance))
    expected = temperature_emissivity_separation(
        ground, np.float32(air.downwelling_radiance), nedl=noise_radiance(0.2) / tau
    )
    np.testing.assert_allclose(found["lst"].ravel(), expected.lst, atol=1e-4)
    np.testing.assert_allclose(found["lse"].reshape(5, -1), expected.lse, atol=1e-6)
    assert np.isnan(found["lst"]).mean() == (scene.dn == 0).all(axis=0).mean()


def test_tiled_equals_untiled(scene: SimulatedScene) -> None:
    retriever = TesRetriever(source(scene.atmosphere))
    whole, tiled = (separate(retriever, scene.dn, size) for size in (4096, 37))
    for name, values in whole.items():
        np.testing.assert_array_equal(tiled[name], values)


def test_variant_reaches_tes(scene: SimulatedScene) -> None:
    standard = separate(TesRetriever(source(scene.atmosphere)), scene.dn)
    product = separate(TesRetriever(source(scene.atmosphere), settings=TES_PRODUCT), scene.dn)
    valid = np.isfinite(standard["lst"])
    assert np.abs(product["lst"] - standard["lst"])[valid].mean() > 0.05


def test_quality(scene: SimulatedScene) -> None:
    dn = scene.dn.copy()
    row, col = np.argwhere((dn > 0).all(axis=0))[2000]
    dn[2, row, col] = 4095
    dn[:, row, col + 1] = 2
    dn[:, row, col + 2] = 500
    qc = separate(TesRetriever(source(scene.atmosphere)), dn)["qc"]
    assert (qc[(dn == 0).all(axis=0)] == QC_NODATA).all()
    # a radiance below the air's own has no ground: not produced, though the counts are good
    assert qc_field("mandatory_qa").decode(qc)[row, col + 1] == 3
    assert qc_field("data_quality").decode(qc)[row, col + 1] in (0, 3)
    clear = qc[(qc != QC_NODATA) & (qc_field("mandatory_qa").decode(qc) == 0)]
    assert clear.size > 5000
    for name in ("lst_accuracy", "lse_accuracy"):
        assert (qc_field(name).decode(clear) == 0).all()
    opacity = int(np.digitize(scene.atmosphere.transmittance[3], (0.4, 0.6, 0.8)))
    assert (qc_field("opacity").decode(clear) == opacity).all()


def test_not_converged_is_nominal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metal under a warm sky: emissivities leave 0.5-1, and the flag tells."""
    # no scene of this world, so the cloud mask is left out
    nothing = SimpleNamespace(logits=lambda x, w: np.full((3, x.shape[1]), -9.0, np.float32))
    monkeypatch.setattr(cloud_mask, "cloud_classifier", lambda: nothing)
    dn = np.full((5, 40, 40), 1300, dtype=np.uint16)
    dn[:3, :20] = 500
    sky = np.array([2.8, 2.2, 1.7, 1.6, 1.6], dtype=np.float32)
    clear = SceneContext(np.full(5, 0.99, np.float32), np.zeros(5, np.float32), sky)
    qc = separate(TesRetriever(AirSource(lambda statistics, window, sample: clear)), dn)["qc"]
    mandatory = qc_field("mandatory_qa").decode(qc)
    assert (mandatory[:20] == 1).all() and (mandatory[20:] == 0).all()


def product_of(scene: SimulatedScene, grid: Grid, shift: float = 1.0) -> SurfaceRadiance:
    """What AST_09T would say of a scene with its true air, in steps of a thousandth."""
    air = scene.atmosphere
    radiance = Calibration.from_ucc(aster_tir().ucc).radiance(scene.dn)
    ground = ground_leaving_radiance(radiance, air.transmittance, air.path_radiance) * shift
    sky = np.pi * np.asarray(air.downwelling_radiance)[:, None, None] * np.ones_like(ground)
    counts = np.nan_to_num(np.rint(np.concatenate([ground, sky]) / 0.001)).astype(np.int32)
    return SurfaceRadiance("AST_09T_T", grid, _Array(counts), (0.001,) * 5, None)


def test_product_gives_what_its_air_gives(scene: SimulatedScene) -> None:
    grid = scene_in_memory(scene.dn).grid
    by_air = separate(TesRetriever(source(scene.atmosphere)), scene.dn)
    by_product = separate(TesRetriever(ProductSource(product_of(scene, grid))), scene.dn, 50)
    valid = np.isfinite(by_air["lst"])
    assert (np.isfinite(by_product["lst"]) == valid).mean() > 0.999
    difference = np.abs(by_product["lst"] - by_air["lst"])[valid]
    # rounding may take a pixel over one of NEM's thresholds
    assert np.nanquantile(difference, 0.995) < 0.1 and np.nanmax(difference) < 0.5
    assert np.nanmean(np.abs((by_product["lse"] - by_air["lse"])[:, valid])) < 0.001


def test_transmittance_of_a_product_comes_from_the_scene(scene: SimulatedScene) -> None:
    memory = scene_in_memory(scene.dn)
    calibration = Calibration.for_scene(memory.metadata)
    found = ProductSource(product_of(scene, memory.grid))._transmittance(memory, calibration)
    np.testing.assert_allclose(found, scene.atmosphere.transmittance, atol=0.01)


def test_an_even_scene_takes_clear_air() -> None:
    dn = np.full((5, 30, 30), 1300, dtype=np.uint16)
    memory = scene_in_memory(dn)
    counts = np.full((10, 30, 30), 9000, dtype=np.int32)
    product = SurfaceRadiance("P", memory.grid, _Array(counts), (0.001,) * 5, None)
    calibration = Calibration.for_scene(memory.metadata)
    found = ProductSource(product)._transmittance(memory, calibration)
    np.testing.assert_array_equal(found, 1.0)


def test_a_product_of_another_scene_is_refused(scene: SimulatedScene) -> None:
    memory = scene_in_memory(scene.dn)
    elsewhere = Grid(32650, (900000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), *memory.grid.shape)
    with pytest.raises(InputError, match="memory.*AST_09T of the same scene"):
        separate(TesRetriever(ProductSource(product_of(scene, elsewhere))), scene.dn)
    with pytest.raises(InputError, match="times its surface radiance"):
        separate(TesRetriever(ProductSource(product_of(scene, memory.grid, 4.0))), scene.dn)


def test_no_valid_pixel(tmp_path: Path, scene: SimulatedScene) -> None:
    with pytest.raises(InputError, match="valid in all five"):
        separate(TesRetriever(source(scene.atmosphere)), np.zeros((5, 30, 30), dtype=np.uint16))


def test_cancel(scene: SimulatedScene) -> None:
    class Cancelled:
        def update(self, fraction: float, message: str = "") -> None:
            pass

        def cancelled(self) -> bool:
            return True

    memory: Scene = scene_in_memory(scene.dn)
    calibration = Calibration.for_scene(memory.metadata)
    tiles = TesRetriever(source(scene.atmosphere)).tiles(memory, calibration, progress=Cancelled())
    with pytest.raises(OperationCancelled):
        next(tiles)


def _no_sample() -> PixelSample:
    raise AssertionError("TES asks for no sample")


def test_windows_of_a_mosaic_blend(scene: SimulatedScene) -> None:
    """Many windows of the same air give what one does; of two airs, something between."""
    dn = np.ascontiguousarray(scene.dn[:, 20:80, 20:80])
    grid = Grid(32650, (300000.0, 2500.0, 0.0, 4400000.0, 0.0, -2500.0), 60, 60)
    mosaic = Scene.from_array(dn, grid, scene_in_memory(dn).metadata)
    calibration = Calibration.for_scene(mosaic.metadata)

    def lst(air_source: AirSource) -> NDArray[np.float32]:
        (tile,) = TesRetriever(air_source).tiles(mosaic, calibration)
        return tile.lst

    one = source(scene.atmosphere)
    alone = separate(TesRetriever(one), dn)["lst"]
    np.testing.assert_allclose(lst(one), alone, atol=2e-3)
    clear = SceneContext.of_air(np.full(5, 0.95), np.full(5, 0.2), np.full(5, 0.8))
    true = one.make(np.zeros(75, dtype=np.float32), Window(0, 0, 1, 1), _no_sample)
    calls: list[int] = []

    def alternating(
        statistics: NDArray[np.float32], window: Window, sample: TakeSample
    ) -> SceneContext:
        calls.append(1)
        return true if len(calls) % 2 else clear

    other = separate(TesRetriever(AirSource(lambda statistics, window, sample: clear)), dn)["lst"]
    mixed = lst(AirSource(alternating))
    assert len(calls) > 4
    low, high = np.minimum(alone, other) - 2e-3, np.maximum(alone, other) + 2e-3
    assert ((mixed >= low) & (mixed <= high))[np.isfinite(alone) & np.isfinite(other)].all()
    assert np.abs(mixed - alone).max() > 0.5
