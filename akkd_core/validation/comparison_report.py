"""The report of a comparison: numbers, table, charts, difference rasters, HTML; all or nothing."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from akkd_core.errors import AkkdError, InputError, ParameterError
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.provenance import SOFTWARE, versions_of
from akkd_core.raster.temporary import remove_leftovers, temporary_path, write_error
from akkd_core.validation.comparison_files import write_differences, write_match_ups
from akkd_core.validation.comparison_scores import (
    DRAWS,
    LEVEL,
    Score,
    score_match_ups,
    scores_to_json,
    text_table,
)
from akkd_core.validation.match_up import MatchUp
from akkd_core.validation.report_html import Picture, ReportContent, picture, report_html

REPORT = "report.html"
METRICS = "metrics.json"

NO_CHARTS = (
    "No charts: matplotlib is not installed. To get them, pip install matplotlib scipy (for QGIS "
    "on Debian or Ubuntu: apt install python3-matplotlib python3-scipy) and make the report again."
)

_WORK = "report"
_PACKAGES = ("numpy", "scipy", "rasterio", "GDAL", "pyproj", "matplotlib")
_KINDS = {
    ".html": "this report", ".json": "all numbers", ".csv": "every match-up, one a line",
    ".gz": "every match-up, one a line (packed)", ".png": "chart",
    ".tif": "difference raster (cloud-optimised GeoTIFF)", ".qml": "its style, loaded by QGIS",
}  # fmt: skip


@dataclass(frozen=True)
class Report:
    """A report that was written.

    Parameters
    ----------
    folder : Path
    paths : tuple of Path
        All files, `REPORT` last.
    scores : tuple of Score
    hint : str
        Why there are no charts; empty where there are.
    """

    folder: Path
    paths: tuple[Path, ...]
    scores: tuple[Score, ...]
    hint: str

    def text(self) -> str:
        """Return the numbers and where the report lies, for people."""
        lines = [text_table(self.scores), f"report: {self.folder / REPORT}"]
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers and all paths, for machines."""
        by_suffix: dict[str, list[str]] = {}
        for path in self.paths:
            by_suffix.setdefault(path.suffix, []).append(str(path))
        return {
            "folder": str(self.folder),
            "report": str(self.folder / REPORT),
            "metrics": str(self.folder / METRICS),
            "match_ups": [*by_suffix.get(".csv", []), *by_suffix.get(".gz", [])][0],
            "charts": by_suffix.get(".png", []),
            # temperature's first: it is what one means by the difference
            "differences": sorted(
                by_suffix.get(".tif", []), key=lambda path: "_LSE_minus_" in Path(path).name
            ),
            "comparisons": scores_to_json(self.scores),
        }


def check_folder(folder: str | Path, overwrite: bool) -> None:
    """Refuse a folder that a report can't be written to; before any work is done.

    Parameters
    ----------
    folder : path
    overwrite : bool
        Whether a report in it may be replaced.

    Raises
    ------
    ParameterError
        If it is a file, or holds a report that may not be replaced.
    """
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise ParameterError(f"{path}: is a file. choose a folder for the report")
    for name in (REPORT, METRICS):
        if (path / name).exists() and not overwrite:
            raise ParameterError(f"{path / name}: exists. choose another folder or --overwrite")


def write_report(
    match_ups: Sequence[MatchUp],
    folder: str | Path,
    *,
    title: str,
    facts: Mapping[str, str],
    command: str = "",
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Score match-ups and write the report.

    Writes ``report.html`` (all in one), ``metrics.json``, ``match_ups.csv`` (``.csv.gz`` if long),
    charts as PNG, and for match-ups with maps ``<product>_minus_<reference>.tif`` with a ``.qml``.
    Without matplotlib there are no charts, and the report says how to get them.

    Parameters
    ----------
    match_ups : sequence of MatchUp
        One or more.
    folder : path
        Made with its parents; other files in it are left alone.
    title : str
    facts : mapping of str to str
        Of the data and how they were compared, for the report.
    command : str
        That makes the report again.
    seed : int
        Of the bootstrap.
    overwrite : bool
        Whether a report that is there is replaced, with its files.
    progress : Progress, optional

    Raises
    ------
    InputError
        If there is no match-up.
    ParameterError
        As `check_folder`, or if another file of a report's name is there.
    ProductWriteError
        If a file can't be written; then none is.
    OperationCancelled
        If the user cancelled.
    """
    if not match_ups:
        raise InputError("nothing to report: no product could be compared. give one that overlaps")
    target, report = Path(folder), progress or SilentProgress()
    check_folder(target, overwrite)
    made = not target.exists()
    work = temporary_path(target / _WORK)
    try:
        target.mkdir(parents=True, exist_ok=True)
        remove_leftovers(target / _WORK)
        work.mkdir()
        scores, hint = _fill(work, match_ups, title, facts, command, seed, report)
        paths = _publish(work, target, overwrite)
    except OSError as error:
        if isinstance(error, AkkdError):
            raise
        raise write_error(target / REPORT, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if made:
            with suppress(OSError):  # it stays if anything is in it
                target.rmdir()
    report.update(1.0, "done")
    return Report(target, paths, scores, hint)


def _fill(
    work: Path, match_ups: Sequence[MatchUp], title: str, facts: Mapping[str, str], command: str,
    seed: int, report: Progress,
) -> tuple[tuple[Score, ...], str]:  # fmt: skip
    scores = score_match_ups(match_ups, seed=seed, progress=SubProgress(report, 0.0, 0.25))
    checkpoint(report, 0.25, "writing difference rasters")
    write_differences(match_ups, work, {"COMMAND": command} if command else {})
    write_match_ups(match_ups, work, SubProgress(report, 0.35, 0.6))
    pictures, hint = _pictures(scores, work, SubProgress(report, 0.6, 0.95))
    made_at = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    software = _software()
    names = sorted(path.name for path in work.iterdir()) + [METRICS]
    numbers = {
        "title": title, "made_at": made_at, "command": command, "software": software,
        "facts": dict(facts), "bootstrap": {"level": LEVEL, "draws": DRAWS, "seed": seed},
        "comparisons": scores_to_json(scores), "files": [*names, REPORT],
    }  # fmt: skip
    text = json.dumps(numbers, indent=1, ensure_ascii=False) + "\n"
    (work / METRICS).write_text(text, encoding="utf-8")
    files = {name: _KINDS[Path(name).suffix] for name in names}
    content = ReportContent(
        title, made_at, scores, facts, command, software, pictures, files, hint
    )
    (work / REPORT).write_text(report_html(content), encoding="utf-8")
    return scores, hint


def _pictures(
    scores: Sequence[Score], work: Path, progress: Progress
) -> tuple[list[Picture], str]:
    try:
        from akkd_core.validation.comparison_charts import draw_charts

        charts = draw_charts(scores, work, progress)
    except ImportError:
        return [], NO_CHARTS
    return [picture(chart.path, chart.title, chart.caption) for chart in charts], ""


def _software() -> dict[str, str]:
    return {"AKKD": SOFTWARE, "Python": platform.python_version(), **versions_of(_PACKAGES)}


def _publish(work: Path, target: Path, overwrite: bool) -> tuple[Path, ...]:
    """Move the files to their places, the report last: where it is, all is there."""
    names = sorted(path.name for path in work.iterdir() if path.name != REPORT)
    if not overwrite:
        for name in names:
            if (target / name).exists():
                raise ParameterError(
                    f"{target / name}: exists. choose another folder or --overwrite"
                )
    else:
        for name in _files_of_earlier(target) - {*names, REPORT}:
            (target / name).unlink(missing_ok=True)
        (target / REPORT).unlink(missing_ok=True)
    for name in (*names, REPORT):
        os.replace(work / name, target / name)
    return tuple(target / name for name in (*names, REPORT))


def _files_of_earlier(target: Path) -> set[str]:
    """Names of the files that an earlier report left there, plain names of known kinds alone."""
    try:
        listed = json.loads((target / METRICS).read_text(encoding="utf-8"))["files"]
        names = {str(name) for name in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {
        name
        for name in names
        if Path(name).name == name and Path(name).suffix in _KINDS and (target / name).is_file()
    }
