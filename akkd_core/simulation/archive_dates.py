"""Air of training places on further dates: more draws of the same design, through LOWTRAN7.

The shipped table holds each place's first date. A further one is another varied summer profile,
another view, another visibility and another error of the believed air, drawn as the first was. It
doesn't depend on how many dates or places are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from akkd_core.errors import ParameterError
from akkd_core.progress import Progress
from akkd_core.simulation.archive_air import (
    AIR_DESIGN,
    ERROR_SIGNS,
    AirDesign,
    Array,
    PlaceAir,
    draw_errors,
    place_cases,
)
from akkd_core.simulation.archive_places import KINDS, Place, archive_places
from akkd_core.simulation.atmosphere_draws import simulate_cases
from akkd_core.simulation.lowtran_engine import AtmosphereCase, require_lowtran
from akkd_core.simulation.profiles import AFGL_PROFILES, reference_profile

_GROUP = len(ERROR_SIGNS)
_KIND = KINDS.index("training")
_SIGNS = 1
"""Last word of the seed of signs, which is longer than the other seeds: no draw is shared."""


def require_further_air() -> None:
    """Make sure that air of further dates can be computed; see `require_lowtran`.

    Raises
    ------
    MissingDependencyError
        If LOWTRAN7 or the reference profiles are missing; the message names the remedy.
    """
    reference_profile(AFGL_PROFILES[0])
    require_lowtran()


def error_signs(index: int, date: int, design: AirDesign = AIR_DESIGN) -> Array:
    """Signs of the believed air's errors, water vapour and temperature, float64 (2,): -1 or 1.

    Of four places in turn each date has all four pairs of signs, as the first has; of four dates
    in turn each place has all four.

    Parameters
    ----------
    index : int
        Of the training place.
    date : int
        1 and up.
    design : AirDesign
    """
    places = len(archive_places("training"))
    first = np.sign(draw_errors(places, np.random.default_rng([design.seed, _KIND]), design))
    group, (turn, place_in_turn) = index // _GROUP, divmod(date - 1, _GROUP)
    rng = np.random.default_rng([design.seed, _KIND, group, turn, _SIGNS])
    # The same flips for all of a group permute its pairs. Rows of ERROR_SIGNS, as numbers of two
    # bits, flip by exclusive or.
    flips = rng.permutation(_GROUP)
    if turn == 0:
        flips = flips ^ flips[0]
    signs: Array = first[index] * ERROR_SIGNS[flips[place_in_turn]]
    return signs


def later_cases(place: Place, date: int, design: AirDesign = AIR_DESIGN) -> list[AtmosphereCase]:
    """List what LOWTRAN7 is asked for on a further date: true, then believed, elevations rising.

    Raises
    ------
    ParameterError
        If the place is no training place, or the date the first one.
    MissingDependencyError, SimulationError
        As `akkd_core.simulation.archive_air.place_cases`.
    """
    if place.kind != KINDS[_KIND] or date < 2:
        raise ParameterError(f"place {place.name}: only training places have dates, 2 and up")
    index = archive_places(place.kind).index(place)
    rng = np.random.default_rng([design.seed, _KIND, index, date])
    sizes = rng.uniform(*np.array([design.water_error, design.temperature_error_k]).T)
    return place_cases(place, rng, error_signs(index, date, design) * sizes, design)


class LaterAir:
    """Air of training places on further dates, computed date by date when first asked for.

    Parameters
    ----------
    places : sequence of Place
        Training places that will be asked for.
    workers : int, optional
        Processes; the number of usable cores if None. The result does not depend on it.
    """

    def __init__(self, places: Sequence[Place], workers: int | None = None) -> None:
        self._places, self._workers = tuple(places), workers
        self._date = 0
        self._airs: dict[Place, PlaceAir] = {}

    def of(self, place: Place, date: int, progress: Progress | None = None) -> PlaceAir:
        """Return the air of a place; that of all places on the date is kept until another date.

        Raises
        ------
        ParameterError
            If the place isn't one of those, or the date the first one.
        MissingDependencyError, SimulationError, OperationCancelled
            As `akkd_core.simulation.lowtran_pool.simulate_spectra`.
        """
        if place not in self._places:
            raise ParameterError(f"place {place.name}: its air wasn't announced")
        if date != self._date:
            by_place = [later_cases(other, date) for other in self._places]
            cases = [case for listed in by_place for case in listed]
            table = simulate_cases(cases, "train", self._workers, progress)
            rows = np.split(np.arange(len(cases)), len(by_place))
            airs = [PlaceAir.of(table.select(some)) for some in rows]
            self._airs, self._date = dict(zip(self._places, airs, strict=True)), date
        return self._airs[place]
