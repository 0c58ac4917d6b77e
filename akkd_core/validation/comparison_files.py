"""Files of a comparison: the table of match-ups, and difference rasters with their QGIS style."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.provenance import SOFTWARE
from akkd_core.raster import create_cog
from akkd_core.validation.comparison_scores import family, file_name, short_reference
from akkd_core.validation.difference_style import difference_style, round_limit
from akkd_core.validation.match_up import ComparisonMaps, MatchUp

PLAIN_ROWS = 200_000
"""A longer table of match-ups is packed: ``match_ups.csv.gz``."""

_ROWS_AT_ONCE = 50_000
_LEVEL = 4


def write_match_ups(
    match_ups: Sequence[MatchUp], folder: Path, progress: Progress | None = None
) -> Path:
    """Write every pair of every match-up as a table, one a line.

    Columns: product, reference, quantity, unit, estimate, reference_value, difference, block (the
    bootstrap's), time_utc where there are times, the match-ups' own columns, and for each subset
    ``in <subset>``, 1 or 0.

    Parameters
    ----------
    match_ups : sequence of MatchUp
    folder : Path
    progress : Progress, optional

    Returns
    -------
    Path
        ``match_ups.csv``, or ``match_ups.csv.gz`` where there are more than `PLAIN_ROWS` pairs.

    Raises
    ------
    OSError
        If it can't be written.
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    total = sum(m.estimate.size for m in match_ups)
    path = folder / ("match_ups.csv" if total <= PLAIN_ROWS else "match_ups.csv.gz")
    own = list(dict.fromkeys(name for m in match_ups for name in m.columns))
    subsets = list(dict.fromkeys(name for m in match_ups for name in m.subsets))
    timed = any(m.times is not None for m in match_ups) and "time_utc" not in own
    names = ["product", "reference", "quantity", "unit", "estimate", "reference_value",
             "difference", "block", *(["time_utc"] if timed else []), *own,
             *(f"in {name}" for name in subsets)]  # fmt: skip
    done = 0
    with _text_file(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        for match_up in match_ups:
            for start in range(0, match_up.estimate.size, _ROWS_AT_ONCE):
                checkpoint(report, done / total, "writing match-ups")
                part = slice(start, min(start + _ROWS_AT_ONCE, match_up.estimate.size))
                writer.writerows(_rows(match_up, part, own, subsets, timed=timed))
                done += part.stop - part.start
    return path


@contextmanager
def _text_file(path: Path) -> Iterator[TextIO]:
    if path.suffix != ".gz":
        with path.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        return
    with (
        path.open("wb") as raw,
        # no name and no time inside: the same numbers give the same bytes
        gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream,
    ):
        yield stream


def _rows(
    match_up: MatchUp, part: slice, own: Sequence[str], subsets: Sequence[str], *, timed: bool
) -> Iterator[tuple[str, ...]]:
    count = part.stop - part.start
    fixed = (match_up.product, match_up.reference, match_up.quantity, match_up.unit)
    digits = 3 if match_up.unit == "K" else 5
    columns = [[text] * count for text in fixed]
    for values in (match_up.estimate, match_up.values, match_up.difference):
        columns.append([f"{value:.{digits}f}" for value in values[part].tolist()])
    columns.append(_texts(match_up.cluster[part]))
    if timed:
        times = match_up.times
        columns.append([""] * count if times is None else _texts(times[part]))
    for name in own:
        column = match_up.columns.get(name)
        columns.append([""] * count if column is None else _texts(np.asarray(column)[part]))
    for name in subsets:
        chosen = match_up.subsets.get(name)
        columns.append([""] * count if chosen is None else _texts(chosen[part]))
    yield from zip(*columns, strict=True)


def _texts(values: NDArray[Any]) -> list[str]:
    kind = values.dtype.kind
    if kind == "f":
        return ["" if value != value else f"{value:.9g}" for value in values.tolist()]
    if kind == "M":
        return [
            "" if text == "NaT" else f"{text}Z"
            for text in np.datetime_as_string(values, unit="s").tolist()
        ]
    if kind == "b":
        return ["1" if value else "0" for value in values.tolist()]
    return [str(value) for value in values.tolist()]


def write_differences(
    match_ups: Sequence[MatchUp], folder: Path, tags: Mapping[str, str]
) -> list[Path]:
    """Write estimate minus reference as COG with a QGIS style beside it, where there are maps.

    The bands of emissivity of one product and grid become one raster; its style shows the first.

    Parameters
    ----------
    match_ups : sequence of MatchUp
    folder : Path
    tags : mapping of str to str
        For every raster.

    Returns
    -------
    list of Path
        ``<product>_minus_<reference>.tif`` (``.._LSE_minus_..`` of emissivity) and ``.qml``.

    Raises
    ------
    OSError
        If one can't be written.
    """
    groups: dict[tuple[Any, ...], list[MatchUp]] = {}
    for match_up in match_ups:
        if match_up.maps is not None:
            maps = match_up.maps
            key = (match_up.product, match_up.reference, family(match_up.quantity), maps.grid)
            groups.setdefault((*key, maps.crs_wkt), []).append(match_up)
    paths: list[Path] = []
    for group in groups.values():
        stem = _stem(group[0], {path.stem for path in paths})
        raster, style = folder / f"{stem}.tif", folder / f"{stem}.qml"
        difference = np.stack([_maps(m).difference for m in group]).astype(np.float32)
        _write_raster(raster, group, difference, tags)
        text = difference_style(round_limit(difference), group[0].unit)
        style.write_text(text, encoding="utf-8")
        paths += [raster, style]
    return paths


def _maps(match_up: MatchUp) -> ComparisonMaps:
    assert match_up.maps is not None
    return match_up.maps


def _stem(match_up: MatchUp, taken: set[str]) -> str:
    kind = "" if match_up.quantity == "LST" else f"_{family(match_up.quantity)}"
    reference = file_name(short_reference(match_up.reference))
    stem = f"{file_name(match_up.product)}{kind}_minus_{reference}"
    number, name = 2, stem
    while name.lower() in {other.lower() for other in taken}:
        number, name = number + 1, f"{stem}_{number}"
    return name


def _write_raster(
    path: Path,
    group: Sequence[MatchUp],
    difference: NDArray[np.float32],
    tags: Mapping[str, str],
) -> None:
    first, maps = group[0], _maps(group[0])
    facts = {re.sub(r"\W+", "_", name).upper(): value for name, value in first.facts.items()}
    writer = create_cog(
        path,
        grid=maps.grid,
        count=len(group),
        dtype="float32",
        nodata=float("nan"),
        descriptions=[f"{m.quantity} difference" for m in group],
        units=[m.unit for m in group],
        band_tags=[
            {"long_name": f"{m.quantity} of {m.product} minus {m.reference}"} for m in group
        ],
        tags={
            **facts,
            **tags,
            "SOFTWARE": SOFTWARE,
            "TIFFTAG_SOFTWARE": SOFTWARE,
            "TITLE": f"{family(first.quantity)} difference: product minus reference",
            "PRODUCT": first.product,
            "REFERENCE": first.reference,
        },
        crs_wkt=maps.crs_wkt or "" if maps.grid.epsg == 0 else "",
    )
    try:
        writer.write(difference, 0, 0)
        writer.commit()
    except BaseException:
        writer.abort()
        raise
