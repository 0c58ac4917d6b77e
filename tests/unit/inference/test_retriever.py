"""Retrieval: tiles, fill, flags, windows, ancillary. Accuracy is scored elsewhere."""

import numpy as np
import pytest

from akkd_core.calibration import Calibration
from akkd_core.errors import InputError, OperationCancelled, ParameterError
from akkd_core.inference import scene_contexts
from akkd_core.inference.context import Ancillary, make_context, pixel_features
from akkd_core.inference.retriever import Retriever
from akkd_core.inference.scene_contexts import clear_pixels
from akkd_core.physics.scene_statistics import scene_statistics
from akkd_core.quality import QC_NODATA, qc_field
from tests.builders.retrieval import scene_aware_bundle, scene_in_memory, simulated


@pytest.fixture(scope="module")
def retriever():
    return Retriever(scene_aware_bundle(), runtime="numpy")


def _retrieve(retriever, dn, **options):
    scene = scene_in_memory(dn)
    out = {
        "lst": np.full(dn.shape[1:], -1.0, np.float32),
        "lst_err": np.full(dn.shape[1:], -1.0, np.float32),
        "lse": np.full(dn.shape, -1.0, np.float32),
        "lse_err": np.full(dn.shape, -1.0, np.float32),
        "qc": np.full(dn.shape[1:], 1, np.uint16),
    }
    covered = np.zeros(dn.shape[1:], dtype=int)
    for tile in retriever.tiles(scene, Calibration.for_scene(scene.metadata), **options):
        part = np.s_[
            tile.row : tile.row + tile.lst.shape[0], tile.col : tile.col + tile.lst.shape[1]
        ]
        covered[part] += 1
        for name, values in out.items():
            values[(..., *part)] = getattr(tile, name)
    assert (covered == 1).all()
    return out


def test_tiled_equals_untiled(retriever):
    dn = simulated().dn
    whole = _retrieve(retriever, dn, tile_size=4096)
    tiled = _retrieve(retriever, dn, tile_size=37)
    for name in ("lst", "lst_err", "lse", "lse_err"):
        assert np.array_equal(np.isnan(whole[name]), np.isnan(tiled[name]))
        assert np.nanmax(np.abs(whole[name] - tiled[name])) <= 1e-3
    assert np.array_equal(whole["qc"], tiled["qc"])


def test_retrieval_is_the_pixel_network_in_its_context(retriever, monkeypatch):
    monkeypatch.setattr(scene_contexts, "clear_pixels", lambda logits: logits < np.inf)
    dn = simulated(40, 50, orientation_deg=0.0).dn
    scene = scene_in_memory(dn)
    bt = Calibration.for_scene(scene.metadata).brightness_temperature(dn).reshape(5, -1).T
    bundle = retriever.bundle
    context = make_context(bundle, scene_statistics(bt))
    features = pixel_features(bundle.pixel_network, np.ascontiguousarray(bt), context)
    scene_part = np.broadcast_to(context.scene, (len(features), len(context.scene)))
    expected = bundle.pixel_network.forward(np.concatenate([features, scene_part], axis=1))
    found = _retrieve(retriever, dn)
    assert np.abs(found["lst"].ravel() - expected[:, 0]).max() < 1e-3
    assert np.abs(found["lse"].reshape(5, -1).T - expected[:, 1:].clip(0.3, 1.0)).max() < 1e-5


def test_nothing_is_invented_and_each_reason_is_flagged(retriever):
    dn = simulated(orientation_deg=0.0).dn.copy()
    dn[:, :10, :10] = 0
    dn[2, 20, 20] = 0
    dn[1, 30, 30] = 4095
    dn[4, 40, 40] = 5000
    out = _retrieve(retriever, dn)
    dead = np.zeros(dn.shape[1:], dtype=bool)
    dead[:10, :10] = True
    for row, reason in ((20, 1), (30, 2), (40, 3)):
        dead[row, row] = True
        qc = out["qc"][row, row][None]
        assert qc_field("mandatory_qa").decode(qc)[0] == 3
        assert qc_field("data_quality").decode(qc)[0] == reason
    assert (out["qc"][:10, :10] == QC_NODATA).all()
    for name in ("lst", "lst_err"):
        assert np.array_equal(np.isnan(out[name]), dead)
    assert np.array_equal(np.isnan(out["lse"]).any(axis=0), dead)
    assert (qc_field("mandatory_qa").decode(out["qc"][~dead]) < 3).all()


@pytest.fixture(scope="module")
def half_cloudy():
    """The same ground without cloud and half under it."""
    options = {"orientation_deg": 0.0, "land_cover": "crops", "daytime": True, "seed": 8}
    return [
        simulated(110, 130, cloud_cover=cover, cloud_kind="middle", **options)
        for cover in (0.0, 0.5)
    ]


def test_cloud_is_flagged_and_stays_out_of_the_statistics(retriever, half_cloudy):
    clear, clouded = (_retrieve(retriever, scene.dn) for scene in half_cloudy)
    depth = half_cloudy[1].cloud_optical_depth
    cloud = qc_field("cloud").decode(clouded["qc"])
    flagged = cloud >= 2
    assert flagged[depth > 1.0].mean() > 0.95
    # the margin takes in what lies beside cloud; far from it hardly any is flagged
    assert (cloud[depth == 0] == 3).mean() < 0.1
    assert (qc_field("cloud").decode(clear["qc"]) >= 2).mean() < 0.05
    np.testing.assert_array_equal(qc_field("mandatory_qa").decode(clouded["qc"]) == 2, flagged)
    for name in ("lst_accuracy", "lse_accuracy"):
        assert (qc_field(name).decode(clouded["qc"][flagged]) == 0).all()
    good = (depth == 0) & ~flagged
    assert np.abs(clouded["lst"] - clear["lst"])[good].mean() < 0.5


def test_an_overcast_scene_is_retrieved_all_the_same(retriever):
    made = simulated(60, 70, cloud_cover=1.0, cloud_kind="deep", orientation_deg=0.0)
    out = _retrieve(retriever, made.dn)
    assert np.isfinite(out["lst"]).all()
    assert (qc_field("mandatory_qa").decode(out["qc"]) == 2).mean() > 0.9


def test_the_least_cloudy_pixels_stand_in_for_clear_ones():
    logits = np.linspace(1.0, 9.0, 10_000, dtype=np.float32)
    assert clear_pixels(logits).sum() == 200
    assert clear_pixels(logits)[:200].all()
    # half of it cloud: strict; hardly any: lenient
    half = np.concatenate([np.linspace(-6, -1, 5001), np.linspace(3, 9, 5000)]).astype(np.float32)
    assert clear_pixels(half).sum() == 3501
    few = np.concatenate([np.full(9900, -1.0), np.full(100, 5.0)]).astype(np.float32)
    assert clear_pixels(few).sum() == 9900
    assert clear_pixels(np.full(5, 3.0, dtype=np.float32)).all()


def test_few_valid_pixels_of_a_large_raster_are_found(retriever):
    dn = np.zeros((5, 600, 700), dtype=np.uint16)
    patch = simulated(40, 50, orientation_deg=0.0).dn[:, :10, :10]
    dn[:, 201:211, 301:311] = patch
    out = _retrieve(retriever, dn)
    assert np.isfinite(out["lst"]).sum() == 100
    alone = _retrieve(retriever, patch)
    assert np.abs(out["lst"][201:211, 301:311] - alone["lst"]).max() < 1e-3


def test_known_water_vapour_reaches_the_network(retriever):
    dn = simulated(40, 50).dn
    alone = _retrieve(retriever, dn)
    helped = _retrieve(retriever, dn, ancillary=Ancillary(tcwv_kg_m2=60.0))
    assert np.nanmax(np.abs(alone["lst"] - helped["lst"])) > 0.01


@pytest.mark.parametrize(("tcwv", "air"), [(-1.0, None), (500.0, None), (None, 100.0)])
def test_impossible_ancillary_is_refused(tcwv, air):
    with pytest.raises(ParameterError, match="out of range"):
        Ancillary(tcwv, air)


def test_a_scene_without_valid_pixels_is_refused(retriever):
    with pytest.raises(InputError, match="are valid in all five"):
        _retrieve(retriever, np.zeros((5, 40, 40), dtype=np.uint16))


def test_cancel_stops_between_tiles(retriever):
    class Cancel:
        calls = 0

        def update(self, fraction, message=""):
            self.calls += 1

        def cancelled(self):
            return self.calls > 3

    with pytest.raises(OperationCancelled):
        _retrieve(retriever, simulated().dn, tile_size=16, progress=Cancel())


def test_a_mosaic_blends_its_windows_without_a_seam(retriever):
    # two airs side by side: a warm and a cold half of one material, no noise
    rng = np.random.default_rng(8)
    dn = rng.integers(1495, 1500, (5, 120, 1300)).astype(np.uint16)
    ramp = np.linspace(0, 300, 1300).astype(np.uint16)
    dn[3:] += ramp[None, None, :]
    lst = _retrieve(retriever, dn)["lst"]
    step = np.abs(np.diff(lst.mean(axis=0)))
    assert step.max() < 0.5
    assert np.isfinite(lst).all()


def test_an_empty_window_takes_its_neighbours_context(retriever):
    dn = simulated(120, 1300, orientation_deg=0.0).dn.copy()
    dn[:, :, :700] = 0
    out = _retrieve(retriever, dn)
    assert np.isnan(out["lst"][:, :700]).all()
    assert np.isfinite(out["lst"][:, 700:]).all()
