"""Bands 1-4 at the thermal pixels: reflectance by hand, night, dates, gains, fill."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest

from akkd_core.calibration import Calibration
from akkd_core.inference.cloud_mask import WATER, reflective_evidence
from akkd_core.inference.retriever import Retriever
from akkd_core.physics.reflective_tests import (
    CLOUD_LIKE,
    GROUND_LIKE,
    SNOW_LIKE,
    UNTOLD,
    WATER_LIKE,
    reflective_classes,
)
from akkd_core.quality import qc_field
from akkd_core.readers.aster_metadata import AsterOdl
from akkd_core.readers.aster_reflective import read_reflective
from akkd_core.readers.hdf4_structure import read_structure
from tests.builders.retrieval import scene_aware_bundle, scene_in_memory, simulated

SHAPE = (20, 25)
BEFORE, AFTER = (datetime(y, 7, 4, tzinfo=timezone.utc) for y in (2005, 2012))


def _granule(path, *, sun=50.0, incl=None, gain="HGH", green=60):
    sd = pytest.importorskip("pyhdf.SD")
    file = sd.SD(str(path), sd.SDC.WRITE | sd.SDC.CREATE)
    rng = np.random.default_rng(0)
    made = {}
    for name, factor in (("1", 6), ("2", 6), ("3N", 6), ("4", 3)):
        counts = np.full((SHAPE[0] * factor, SHAPE[1] * factor), green, dtype=np.uint8)
        counts += rng.integers(0, 5, counts.shape, dtype=np.uint8)
        made[name] = counts
    made["1"][31, 43] = 0  # within pixel (5, 7)
    for name, counts in made.items():
        data = file.create(f"ImageData{name}", sd.SDC.UINT8, counts.shape)
        data[:] = counts
        data.endaccess()
    gains = "".join(
        f'OBJECT = GAIN\n NUM_VAL = 2\n VALUE = ("{b}", "{gain}")\nEND_OBJECT = GAIN\n'
        for b in ("01", "02", "3N", "04")
    )
    core = f"OBJECT = SOLARDIRECTION\n NUM_VAL = 2\n VALUE = (140.0, {sun})\n"
    core += f"END_OBJECT = SOLARDIRECTION\n{gains}END\n"
    file.attr("productmetadata.0").set(sd.SDC.CHAR, core)
    if incl is not None:
        text = f"OBJECT = INCL1\n NUM_VAL = 1\n VALUE = {incl}\nEND_OBJECT = INCL1\nEND\n"
        file.attr("productmetadata.v").set(sd.SDC.CHAR, text)
    file.end()
    structure = read_structure(path)
    return structure, AsterOdl.parse(path, structure.attributes), made


def test_reflectance_is_that_of_the_user_guide(tmp_path) -> None:
    structure, odl, made = _granule(tmp_path / "a.hdf")
    bands = read_reflective(structure, odl, SHAPE, BEFORE)
    found = bands.read(0, 0, *SHAPE)
    assert found.shape == (4, *SHAPE) and found.dtype == np.float32
    # pixel (9, 11) by hand, over all of its 6 x 6 counts
    mean = made["2"][51:57, 63:69].mean()
    day = BEFORE.timetuple().tm_yday
    distance = 1.0 - 0.01672 * math.cos(math.radians(0.9856 * (day - 4)))
    expected = math.pi * (mean - 1) * 0.708 * distance**2 / (1549.0 * math.sin(math.radians(50.0)))
    assert found[1, 9, 11] == pytest.approx(expected, rel=0.02)
    assert np.isnan(found[0, 5, 7]) and np.isfinite(found[0]).sum() == 20 * 25 - 1
    np.testing.assert_array_equal(bands.read(3, 4, 5, 6), found[:, 3:8, 4:10])


def test_band_4_ends_with_its_detectors(tmp_path) -> None:
    structure, odl, _ = _granule(tmp_path / "a.hdf")
    for when, known in ((BEFORE, True), (AFTER, False)):
        swir = read_reflective(structure, odl, SHAPE, when).read(0, 0, *SHAPE)[3]
        assert np.isfinite(swir).all() == known and np.isnan(swir).all() != known


def test_gain_and_own_coefficients_count(tmp_path) -> None:
    def first(name, **options):
        structure, odl, _ = _granule(tmp_path / name, **options)
        return float(np.nanmean(read_reflective(structure, odl, SHAPE, BEFORE).read(0, 0, 9, 9)[0]))

    high = first("high.hdf")
    assert first("normal.hdf", gain="NOR") / high == pytest.approx(1.688 / 0.676, rel=1e-3)
    assert first("own.hdf", incl=1.352) / high == pytest.approx(2.0, rel=1e-3)


def test_none_by_night_and_of_another_shape(tmp_path) -> None:
    structure, odl, _ = _granule(tmp_path / "a.hdf", sun=-20.0)
    assert read_reflective(structure, odl, SHAPE, BEFORE) is None
    structure, odl, _ = _granule(tmp_path / "b.hdf")
    assert read_reflective(structure, odl, (50, 60), BEFORE) is None
    structure, odl, _ = _granule(tmp_path / "c.hdf", gain="OFF")
    assert read_reflective(structure, odl, SHAPE, BEFORE) is None


def test_classes_by_the_published_limits() -> None:
    nan = np.nan
    pixels = np.array(
        [
            (0.55, 0.55, 0.50, 0.35),  # cloud
            (0.85, 0.85, 0.75, 0.10),  # snow
            (0.05, 0.03, 0.02, 0.01),  # water
            (0.06, 0.04, 0.35, 0.15),  # leaves
            (0.20, 0.30, 0.36, 0.45),  # bright sand: more in band 4 than in 3N
            (0.55, 0.55, 0.50, nan),  # bright, band 4 not known: sand, snow or cloud
            (0.06, 0.05, 0.10, nan),  # dark
            (nan, nan, nan, nan),
        ]
    ).T
    expected = [
        CLOUD_LIKE, SNOW_LIKE, WATER_LIKE, GROUND_LIKE, UNTOLD, UNTOLD, GROUND_LIKE, UNTOLD,
    ]  # fmt: skip
    assert reflective_classes(pixels).tolist() == expected
    evidence = reflective_evidence(pixels)
    assert evidence[0, 0] > 0 > evidence[0, 1] and (evidence[:, -1] == 0).all()
    assert evidence[0, 2] < 0 < evidence[WATER, 2]


def test_the_mask_listens() -> None:
    made = simulated(
        60, 70, orientation_deg=0.0, land_cover="crops", daytime=True, seed=8, cloud_cover=0.5,
        cloud_kind="stratus",
    )  # fmt: skip
    scene = scene_in_memory(made.dn)
    retriever = Retriever(scene_aware_bundle(), runtime="numpy")
    calibration = Calibration.for_scene(scene.metadata)

    class Bands:
        def __init__(self, values):
            self.values = np.array(values, dtype=np.float32)[:, None, None]

        def read(self, row, col, rows, cols):
            return np.broadcast_to(self.values, (4, rows, cols))

    def cloudy(bands):
        (tile,) = retriever.tiles(replace(scene, reflective=bands), calibration)
        return float((qc_field("cloud").decode(tile.qc) >= 2).mean())

    plain, white, green = (
        cloudy(bands)
        for bands in (None, Bands((0.55, 0.55, 0.5, 0.35)), Bands((0.06, 0.04, 0.35, 0.15)))
    )
    assert white > plain > green
