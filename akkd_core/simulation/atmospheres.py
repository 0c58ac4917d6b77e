"""Tables of band atmospheres: kept, read, and what the package ships.

An atmosphere of the table is what a pixel's radiance needs of it:
L = transmittance * (lse * B(lst) + (1 - lse) * downwelling_radiance) + path_radiance.
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, InputError, ParameterError
from akkd_core.raster.temporary import whole_file
from akkd_core.sensors import aster_tir

SPLITS = ("train", "validation", "judge")

_PER_BAND = ("transmittance", "path_radiance", "downwelling_radiance")
_SCALARS = (
    "tcwv_kg_m2",
    "air_temperature_k",
    "surface_pressure_hpa",
    "elevation_m",
    "visibility_km",
    "view_zenith_deg",
)
_TEXTS = ("profile", "split")
_OPTIONAL: dict[str, float | str] = {
    "surface_pressure_hpa": 1013.25,
    "elevation_m": 0.0,
    "visibility_km": 23.0,
    "view_zenith_deg": 0.0,
    "split": "train",
}
_PACKING = {
    "transmittance": 1.0 / 60000,
    "path_radiance": 0.0004,
    "downwelling_radiance": 0.0004,
    "tcwv_kg_m2": 0.002,
    "air_temperature_k": 0.01,
    "surface_pressure_hpa": 0.02,
    "elevation_m": 0.1,
    "visibility_km": 0.005,
    "view_zenith_deg": 0.001,
}
_SCALE_PREFIX = "scale_of_"


@dataclass(frozen=True)
class AtmosphereTable:
    """N atmospheres in the five bands of ASTER.

    Parameters
    ----------
    transmittance : ndarray of float32, (N, 5)
        Surface to sensor, 0-1.
    path_radiance : ndarray of float32, (N, 5)
        Emitted by the air towards the sensor, W m-2 sr-1 um-1.
    downwelling_radiance : ndarray of float32, (N, 5)
        Sky radiance at the surface, hemispheric mean, W m-2 sr-1 um-1. Ours is weighted with
        transmittance over the band (`band_average`), up to 0.1 below a plain mean in band 10.
    tcwv_kg_m2 : ndarray of float32, (N,)
        Total column water vapour above the surface.
    air_temperature_k : ndarray of float32, (N,)
        Air just above the surface.
    surface_pressure_hpa, elevation_m, visibility_km, view_zenith_deg : ndarray of float32, (N,)
    profile : ndarray of str, (N,)
        Base profile; a split never shares one with another split.
    split : ndarray of str, (N,)
        ``train``, ``validation`` or ``judge``.

    Raises
    ------
    ParameterError
        If shapes differ, or a value is not finite or not possible.
    """

    transmittance: NDArray[np.float32]
    path_radiance: NDArray[np.float32]
    downwelling_radiance: NDArray[np.float32]
    tcwv_kg_m2: NDArray[np.float32]
    air_temperature_k: NDArray[np.float32]
    surface_pressure_hpa: NDArray[np.float32]
    elevation_m: NDArray[np.float32]
    visibility_km: NDArray[np.float32]
    view_zenith_deg: NDArray[np.float32]
    profile: NDArray[np.str_]
    split: NDArray[np.str_]

    def __post_init__(self) -> None:
        count = self.transmittance.shape[0] if self.transmittance.ndim else 0
        bands = len(aster_tir().bands)
        for name in _PER_BAND + _SCALARS + _TEXTS:
            column = getattr(self, name)
            expected = (count, bands) if name in _PER_BAND else (count,)
            if column.shape != expected:
                raise ParameterError(
                    f"atmosphere table: {name} has shape {column.shape}, expected {expected}"
                )
            if name not in _TEXTS and not np.isfinite(column).all():
                raise ParameterError(f"atmosphere table: {name} holds values that are not finite")
        if count and not (self.transmittance.min() >= 0 and self.transmittance.max() <= 1):
            raise ParameterError("atmosphere table: transmittance is outside 0-1")
        for name in ("path_radiance", "downwelling_radiance", "tcwv_kg_m2"):
            if count and getattr(self, name).min() < 0:
                raise ParameterError(f"atmosphere table: {name} is negative")
        unknown = sorted(set(self.split.tolist()) - set(SPLITS))
        if unknown:
            raise ParameterError(
                f"atmosphere table: split {unknown[0]!r} is not one of {', '.join(SPLITS)}"
            )

    def __len__(self) -> int:
        return int(self.transmittance.shape[0])

    def select(self, mask: NDArray[Any]) -> AtmosphereTable:
        """Rows where a boolean mask is true, or of given indices."""
        return AtmosphereTable(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    def of_split(self, split: str) -> AtmosphereTable:
        """Rows of one split."""
        return self.select(self.split == split)

    def save_npz(self, path: Path, packed: bool = False) -> None:
        """Write as .npz: float32, or packed as 16-bit integers.

        Packing keeps radiance to 0.0002 W m-2 sr-1 um-1 and transmittance to 1e-5.

        Raises
        ------
        ParameterError
            If a value is too large to be packed.
        """
        arrays: dict[str, NDArray[Any]] = {}
        for name in _PER_BAND + _SCALARS:
            values = getattr(self, name)
            if packed:
                scale = _PACKING[name]
                counts = np.round(values.astype(np.float64) / scale)
                if counts.size and not 0 <= counts.min() <= counts.max() <= 65535:
                    raise ParameterError(f"atmosphere table: {name} does not fit into 16 bits")
                arrays[name] = counts.astype(np.uint16)
                arrays[_SCALE_PREFIX + name] = np.array(scale)
            else:
                arrays[name] = values
        for name in _TEXTS:
            arrays[name] = getattr(self, name)
        members: dict[str, Any] = arrays
        with whole_file(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, **members)

    def save_csv(self, path: Path) -> None:
        """Write as CSV; per-band columns are named like ``transmittance_10``."""
        bands = aster_tir().bands
        header = [*_TEXTS, *_SCALARS, *(f"{name}_{band}" for name in _PER_BAND for band in bands)]
        with (
            whole_file(path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header)
            for row in range(len(self)):
                numbers = [getattr(self, name)[row] for name in _SCALARS]
                numbers += [value for name in _PER_BAND for value in getattr(self, name)[row]]
                writer.writerow(
                    [self.profile[row], self.split[row], *(f"{x:.7g}" for x in numbers)]
                )


def load_atmospheres(path: Path) -> AtmosphereTable:
    """Read a table from .npz or CSV: ours, or a user's from MODTRAN or RTTOV in the same form.

    Parameters
    ----------
    path : Path
        ``.npz`` with arrays named like the fields of `AtmosphereTable`, or CSV with per-band
        columns ``transmittance_10`` to ``downwelling_radiance_14``. ``surface_pressure_hpa``
        (1013.25), ``elevation_m`` (0), ``visibility_km`` (23), ``view_zenith_deg`` (0) and
        ``split`` (train) may be left out.

    Raises
    ------
    GranuleReadError
        If the file is absent or damaged.
    InputError
        If a column is missing or a value is not possible; the message names it.
    """
    path = Path(path)
    try:
        columns = _read_csv(path) if path.suffix.lower() == ".csv" else _read_npz(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise GranuleReadError(f"{path}: can't be read as an atmosphere table ({error})") from error
    missing = [n for n in _PER_BAND + _SCALARS + _TEXTS if n not in columns and n not in _OPTIONAL]
    if missing:
        raise InputError(f"{path}: atmosphere table lacks {', '.join(missing)}: add these columns")
    count = columns["transmittance"].shape[0] if columns["transmittance"].ndim else 0
    for name, value in _OPTIONAL.items():
        columns.setdefault(name, np.full(count, value))
    try:
        typed: dict[str, Any] = {n: columns[n].astype(np.float32) for n in _PER_BAND + _SCALARS}
        typed |= {n: columns[n].astype(np.str_) for n in _TEXTS}
        return AtmosphereTable(**typed)
    except (ParameterError, ValueError) as error:
        raise InputError(f"{path}: {error}: correct the table") from error


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    archive = np.load(path, allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise InputError(f"{path}: is one array, not an atmosphere table (.npz)")
    with archive:
        for name in archive.files:
            if name.startswith(_SCALE_PREFIX):
                continue
            columns[name] = archive[name]
            if _SCALE_PREFIX + name in archive.files:
                columns[name] = columns[name] * float(archive[_SCALE_PREFIX + name])
    return columns


def _read_csv(path: Path) -> dict[str, NDArray[Any]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.reader(stream) if row]
    if len(rows) < 2:
        raise InputError(f"{path}: atmosphere table has no rows")
    header = [cell.strip() for cell in rows[0]]
    if any(len(row) != len(header) for row in rows):
        raise InputError(f"{path}: atmosphere table has rows of differing length")
    cells = dict(zip(header, zip(*rows[1:], strict=True), strict=True))
    columns: dict[str, NDArray[Any]] = {n: np.array(cells[n]) for n in _TEXTS if n in cells}
    for name in _SCALARS:
        if name in cells:
            columns[name] = np.array([float(cell) for cell in cells[name]])
    for name in _PER_BAND:
        parts = [f"{name}_{band}" for band in aster_tir().bands]
        missing = [part for part in parts if part not in cells]
        if missing:
            raise InputError(f"{path}: atmosphere table lacks {', '.join(missing)}: add them")
        columns[name] = np.array([[float(cell) for cell in cells[part]] for part in parts]).T
    return columns


def shipped_atmospheres(name: str) -> AtmosphereTable:
    """Read a table that comes with the package.

    ``train`` (with validation), ``judge``, or ``climates``, which is training air flat over classes
    of water vapour; see `akkd_core.simulation.climates`.
    """
    if name not in ("train", "climates", "judge"):
        raise ParameterError(
            f"no shipped atmosphere table {name!r}: choose train, climates or judge"
        )
    folder = files("akkd_core.simulation") / "data"
    return load_atmospheres(Path(str(folder / f"atmospheres_{name}.npz")))


def concatenate(tables: Sequence[AtmosphereTable]) -> AtmosphereTable:
    """Join tables row by row."""
    return AtmosphereTable(
        **{
            f.name: np.concatenate([getattr(t, f.name) for t in tables])
            for f in fields(AtmosphereTable)
        }
    )
