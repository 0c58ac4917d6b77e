"""Make the paper's tables and figures anew and render the report of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.errors import MissingDependencyError, ParameterError
from akkd_core.operations.outputs import write_text
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.provenance import versions_of
from akkd_core.reproduction.items import ACCURACY_SCENES, ITEMS, Item, Request, find_items

if TYPE_CHECKING:
    from akkd_core.reproduction.result import Content, ItemResult

REPORT, FOLDER = "reproduction.md", "reproduction"
_PACKAGES = ("numpy", "keras", "tensorflow-cpu", "tensorflow", "autokeras")
_REMEDY = "install the training extra: pip install 'akkd[train]'"


def run(
    items: Sequence[str],
    output: str | None = None,
    budget: str = "small",
    seed: int = 1,
    rte: str = "full",
    scenes: int = ACCURACY_SCENES,
    model: str | None = None,
    pixel_model: str | None = None,
    report: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Make items, each written when it is whole, then the report of all that are in the folder.

    The item ``accuracy`` is not of the paper: its tables are in the outcome, not in the report.

    Raises
    ------
    ParameterError
        For an unknown item or budget, or a report of other origin that would be overwritten.
    InputError
        If an item in the folder can't be read.
    MissingDependencyError
        Without TensorFlow or AutoKeras.
    TrainingError, SearchAborted, ProductWriteError, OperationCancelled
        As they occur; finished items stay.
    """
    from akkd_core.reproduction.result import ItemResult

    chosen = find_items(items)
    folder = Path(output or FOLDER)
    request = Request(budget, seed, rte, folder, scenes, model, pixel_model)
    page = Path(report) if report else folder / REPORT
    _make_folder(folder)
    if not overwrite and not all(item.accuracy for item in chosen):
        _refuse_foreign(page)
    whole = progress or SilentProgress()
    lines: list[str] = []
    made: dict[str, ItemResult] = {}
    for number, item in enumerate(chosen):
        path = folder / f"{item.id}.json"
        span = (number / len(chosen), (number + 1) / len(chosen))
        part = SubProgress(whole, *span, f"{item.id}: ")
        checkpoint(part, 0.0, "begins")
        if path.exists() and not overwrite:
            result = ItemResult.load(path)
            lines += [f"{path}: kept, {_made_with(result)}", *_printed(item, result)]
        else:
            result = _make(item, request, part)
            write_item(item, result, folder)
            seconds = f"({result.seconds:.0f} s)"
            lines += [f"{path}: {_headline(result.content)} {seconds}", *_printed(item, result)]
        made[item.id] = result
    data: dict[str, Any] = {}
    results = load_items(folder)
    if not all(item.accuracy for item in chosen):
        write_report(page, results, folder)
        lines.append(f"{page}: {', '.join(result.item for result in results)}")
        data["report"] = str(page)
    made |= {result.item: result for result in results}
    data["items"] = {name: dict(result.content.headline) for name, result in made.items()}
    return Outcome(tuple(lines), data)


def _printed(item: Item, result: ItemResult) -> list[str]:
    """Tables of what isn't rendered into a report."""
    from akkd_core.reproduction.report import table_markdown

    if not item.accuracy:
        return []
    tables = "\n\n".join(table_markdown(table) for table in result.content.tables)
    return ["", *tables.splitlines(), ""]


def load_items(folder: Path) -> tuple[ItemResult, ...]:
    """Read the items of a folder, in the registry's order.

    Raises
    ------
    InputError
        If one can't be read.
    """
    from akkd_core.reproduction.result import ItemResult

    paths = [folder / f"{item.id}.json" for item in ITEMS]
    return tuple(ItemResult.load(path) for path in paths if path.exists())


def write_report(page: Path, results: Sequence[ItemResult], folder: Path) -> None:
    """Render the report of a folder's items. Raises ProductWriteError."""
    from akkd_core.reproduction.report import report_markdown

    _make_folder(page.parent)
    write_text(str(page), report_markdown(results, _way(page.parent, folder)))


def _way(start: Path, folder: Path) -> str:
    """How a page in one folder links to another: relative where it can."""
    try:
        return Path(os.path.relpath(folder, start)).as_posix()
    except ValueError:  # another drive
        return folder.absolute().as_posix()


def write_item(item: Item, result: ItemResult, folder: Path) -> None:
    """Write an item's charts, Markdown and CSV, and last its JSON: that tells it is finished.

    Raises
    ------
    ProductWriteError
        If a file can't be written.
    """
    from akkd_core.raster.temporary import whole_file
    from akkd_core.reproduction.report import section_markdown, table_csv

    for image in result.content.images:
        with whole_file(folder / image.file(item.id)) as temporary:
            temporary.write_bytes(image.png)
    write_text(str(folder / f"{item.id}.md"), section_markdown(item, result, level=1))
    for table in result.content.tables:
        name = f"{item.id}_{table.name}" if table.name else item.id
        write_text(str(folder / f"{name}.csv"), table_csv(table))
    result.save(folder / f"{item.id}.json")


def _make(item: Item, request: Request, progress: Progress) -> ItemResult:
    from akkd_core.reproduction.result import ItemResult

    if item.distilled or item.validation or item.accuracy:
        request = replace(request, rte="full")
    try:
        maker = _maker(item)
        started = time.monotonic()
        content = maker(request, progress)
    except ImportError as error:
        if isinstance(error, MissingDependencyError):
            raise
        raise MissingDependencyError(f"{item.id} needs TensorFlow ({error}). {_REMEDY}") from error
    rte = "" if request.rte == "full" else f" --rte {request.rte}"
    return ItemResult(
        item=item.id,
        made_at=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        command=f"akkd reproduce {item.id} {_options(item, request)} --seed {request.seed}{rte} "
        "-o DIR",
        budget=request.budget,
        seed=request.seed,
        rte=request.rte,
        seconds=round(time.monotonic() - started, 1),
        versions=_versions(),
        content=content,
    )


def _options(item: Item, request: Request) -> str:
    """Options that an item depends on, but for seed and equation."""
    if not item.accuracy:
        return f"--budget {request.budget}"
    given = (("model", request.model), ("pixel-model", request.pixel_model))
    bundles = [f" --{name} {Path(path).name}" for name, path in given if path]
    return f"--scenes {request.scenes}{''.join(bundles)}"


def _maker(item: Item) -> Callable[[Request, Progress], Content]:
    from akkd_core.nn.quiet import quiet_import

    module, name = item.maker.split(":")
    with quiet_import():
        maker: Callable[[Request, Progress], Content] = getattr(import_module(module), name)
    return maker


def _headline(content: Content) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in content.headline.items())


def _made_with(result: ItemResult) -> str:
    return (
        f"made on {result.made_at} with budget {result.budget}, seed {result.seed}, rte "
        f"{result.rte}; --overwrite makes it anew"
    )


def _refuse_foreign(page: Path) -> None:
    """Raise for a file that is no report of ours: those are rendered anew each time."""
    from akkd_core.reproduction.preamble import MARK

    try:
        foreign = page.exists() and not page.read_bytes().startswith(MARK.encode())
    except OSError as error:
        raise ParameterError(f"{page}: can't be read ({error}). choose another name") from error
    if foreign:
        raise ParameterError(
            f"{page}: exists and is no report of akkd reproduce. choose another name or --overwrite"
        )


def _make_folder(folder: Path) -> None:
    from akkd_core.raster.temporary import write_error

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error


def _versions() -> dict[str, str]:
    import platform

    from akkd_core import __version__

    return {"AKKD": __version__, "Python": platform.python_version(), **versions_of(_PACKAGES)}
