"""Fields of reanalyses at points and times: ERA5 and MERRA-2 in netCDF, by their variables' names.

Sources: ERA5 documentation (confluence.ecmwf.int/display/CKB/ERA5), whose files name time ``time``
or ``valid_time`` and may hold preliminary data beside final ones (``expver``); MERRA-2 file
specification (GMAO Office Note 9), whose time-averaged files have times at half hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from akkd_core.errors import GranuleReadError, InputError, UnsupportedGranuleError
from akkd_core.readers.cf_time import cf_times
from akkd_core.readers.netcdf import EXPERIMENTS, LEVELS, TIMES, NetcdfFile, Variable
from akkd_core.readers.sampling import Array, bilinear, grid_places, time_shares
from akkd_core.readers.units import AIR_TEMPERATURE, PRESSURE, TCWV, Quantity

SURFACE_NAMES: dict[str, tuple[str, ...]] = {
    TCWV.key: ("tcwv", "TQV"),
    AIR_TEMPERATURE.key: ("t2m", "T2M"),
    PRESSURE.key: ("sp", "PS"),
}
"""Names of fields at the surface: ERA5's, MERRA-2's."""


class GriddedAir:
    """A netCDF file of air on latitudes and longitudes.

    Parameters
    ----------
    path : Path
    names : sequence of str
        Variables that may be asked for.
    at : datetime
        The moment asked for, aware.
    """

    def __init__(self, path: Path, names: Sequence[str], at: datetime) -> None:
        self.path, self._at = path, at
        self._file = NetcdfFile(path, names)
        self.variables = self._file.variables
        self.time_text = ""

    def first(self, names: Sequence[str]) -> Variable | None:
        """First variable of one of these names."""
        return next((self.variables[name] for name in names if name in self.variables), None)

    def without(self, what: str, names: Sequence[str]) -> UnsupportedGranuleError:
        """Error of a file that lacks something."""
        held = ", ".join(self._file.names[:8]) or "nothing on latitudes and longitudes"
        return UnsupportedGranuleError(
            f"{self.path}: has no {what} (a variable {' or '.join(names)} on latitude and "
            f"longitude); it holds {held}. Give the ERA5 or MERRA-2 file that has it"
        )

    def surface(self, quantity: Quantity, lon: Array, lat: Array) -> Array:
        """Values of a field at the surface.

        Parameters
        ----------
        quantity : Quantity
            One of `SURFACE_NAMES`.
        lon, lat : ndarray of float64
            Degrees.

        Returns
        -------
        ndarray of float64
            In the quantity's unit, at the moment asked for.

        Raises
        ------
        InputError
            If the file lacks the place or the time.
        GranuleReadError, UnsupportedGranuleError, ParameterError
            If it can't be used.
        """
        names = SURFACE_NAMES[quantity.key]
        variable = self.first(names)
        if variable is None:
            raise self.without(quantity.label, names)
        if variable.axis(LEVELS) is not None:
            raise InputError(
                f"{self.path}: {variable.name} is on levels. Give the file of single levels"
            )
        factor, offset = quantity.conversion(variable.units, f"{self.path}: {variable.name}")
        values: Array = self.sample([variable], lon, lat)[0, 0] * factor + offset
        return values

    def sample(self, variables: Sequence[Variable], lon: Array, lat: Array) -> Array:
        """Values of variables on the same dimensions at points, at the moment asked for.

        Parameters
        ----------
        variables : sequence of Variable
        lon, lat : ndarray of float64, shape S
            Degrees.

        Returns
        -------
        ndarray of float64, (variable, level) + S
            In the variables' units; one level where there are none.
        """
        model = variables[0]
        places = grid_places(model.latitude, model.longitude, lon, lat)
        if places is None:
            raise InputError(
                f"{self.path}: its grid, {model.latitude.min():g} to {model.latitude.max():g} N "
                f"and {model.longitude.min():g} to {model.longitude.max():g} E, doesn't hold the "
                f"scene at {float(np.mean(lat)):.2f} N, {float(np.mean(lon)):.2f} E. Give a file "
                "of the place"
            )
        times = model.axis(TIMES)
        if times is None:
            raise GranuleReadError(
                f"{self.path}: {model.name} has no time axis. Give a file with time by the CF "
                "conventions"
            )
        moments = cf_times(times.values, times.units, times.calendar, str(self.path))
        shares = time_shares(moments, self._at, str(self.path))
        self.time_text = shares.text
        bands, shape = self._bands(model, times.name, [step for step, _ in shares.steps])
        first, last = int(places.cols.min()), int(places.cols.max())
        found = self._file.read(
            [v.name for v in variables], bands,
            int(places.rows[0]), first, places.rows.size, last - first + 1,
        )  # fmt: skip
        total: Array | None = None
        for values in found:
            window = values[:, :, places.cols - first].reshape(*shape, places.rows.size, -1)
            # experiments in order: what the first lacks the next may have
            known = window[:, 0]
            for more in range(1, shape[1]):
                known = np.where(np.isfinite(known), known, window[:, more])
            weight = np.array([share for _, share in shares.steps])
            mixed = np.tensordot(weight, known, axes=1)
            points = bilinear(mixed, places.row, places.col)[None]
            total = points if total is None else np.concatenate([total, points])
        assert total is not None
        return total

    def _bands(
        self, variable: Variable, time_name: str, steps: Sequence[int]
    ) -> tuple[list[int], tuple[int, int, int]]:
        """Bands to read, and their (step, experiment, level)."""
        levels = variable.axis(LEVELS)
        experiments = variable.axis((EXPERIMENTS,))
        sizes = tuple(axis.values.size for axis in variable.extra)
        known = {time_name, EXPERIMENTS, *LEVELS}
        for axis in variable.extra:
            if axis.name not in known and axis.values.size > 1:
                raise InputError(
                    f"{self.path}: {variable.name} has {axis.values.size} values along "
                    f"{axis.name}. Give a file of one"
                )
        tried = [0] if experiments is None else [int(i) for i in np.argsort(experiments.values)]
        heights = [0] if levels is None else list(range(levels.values.size))
        bands = []
        for step in steps:
            for trial in tried:
                for level in heights:
                    chosen = {time_name: step, EXPERIMENTS: trial}
                    if levels is not None:
                        chosen[levels.name] = level
                    index = [chosen.get(axis.name, 0) for axis in variable.extra]
                    bands.append(int(np.ravel_multi_index(index, sizes)))
        return bands, (len(steps), len(tried), len(heights))
