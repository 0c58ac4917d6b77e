"""What making an item yields: tables, charts, notes, kept as JSON for the report; charts as PNG."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akkd_core.bundle.strict_json import Fields, parse
from akkd_core.errors import BundleIntegrityError, InputError
from akkd_core.raster.temporary import whole_file

Cell = str | int | float | None

_FORMAT = "akkd-reproduction-1"
_MAX_BYTES = 1 << 22


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    title : str
        With the unit, e.g. ``MAE, K``.
    digits : int
        Decimals of its numbers in the report; JSON and CSV keep all.
    """

    title: str
    digits: int = 3


@dataclass(frozen=True)
class ResultTable:
    """A table of figures.

    Parameters
    ----------
    name : str
        Added to the item's name in the CSV file's; empty for the item's first table.
    caption : str
        A sentence.
    columns : tuple of Column
    rows : tuple of tuple
        Text, numbers, or None where there is nothing; as long as there are columns.

    Raises
    ------
    InputError
        If a row is of another length.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if not self.columns or any(len(row) != len(self.columns) for row in self.rows):
            raise InputError(f"table {self.caption!r}: rows and columns differ in length")

    def to_json(self) -> dict[str, Any]:
        """Return the table as a JSON object."""
        return {
            "name": self.name,
            "caption": self.caption,
            "columns": [{"title": c.title, "digits": c.digits} for c in self.columns],
            "rows": [list(row) for row in self.rows],
        }

    @classmethod
    def from_json(cls, value: object) -> ResultTable:
        """Read a table from `to_json`'s object."""
        fields = Fields(value, "table")
        columns = []
        for item in fields.take("columns", list):
            column = Fields(item, "column")
            columns.append(Column(column.take("title", str), column.take("digits", int)))
            column.done()
        table = cls(
            fields.take("name", str),
            fields.take("caption", str),
            tuple(columns),
            tuple(tuple(_cell(cell) for cell in row) for row in fields.take("rows", list)),
        )
        fields.done()
        return table


def _cell(value: object) -> Cell:
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    raise InputError(f"table: {value!r} is no cell")


@dataclass(frozen=True)
class ResultImage:
    """A chart, written beside the JSON as PNG.

    Parameters
    ----------
    name : str
        Added to the item's name in the file's; empty for the item's first chart.
    caption : str
        A sentence.
    png : bytes
        Empty in a result that was read again: the file beside it has them.
    """

    name: str
    caption: str
    png: bytes = field(default=b"", repr=False, compare=False)

    def file(self, item: str) -> str:
        """Name of the chart's file.

        Parameters
        ----------
        item : str
            Its id.
        """
        return f"{item}_{self.name}.png" if self.name else f"{item}.png"

    @classmethod
    def from_json(cls, value: object) -> ResultImage:
        """Read a chart's name and caption."""
        fields = Fields(value, "image")
        image = cls(fields.take("name", str), fields.take("caption", str))
        fields.done()
        return image


@dataclass(frozen=True)
class Content:
    """What an item's maker returns.

    Parameters
    ----------
    description : tuple of str
        Paragraphs: what was done.
    tables : tuple of ResultTable
        Names differ; the first one's is empty.
    notes : tuple of str
        Paragraphs: what is odd in the paper's figures or in ours.
    headline : mapping of str to float
        The item's main figures by name with unit, e.g. ``five_bands_step1_mae_k``.
    images : tuple of ResultImage
        Names differ.
    """

    description: tuple[str, ...]
    tables: tuple[ResultTable, ...]
    notes: tuple[str, ...] = ()
    headline: Mapping[str, float] = field(default_factory=dict)
    images: tuple[ResultImage, ...] = ()


@dataclass(frozen=True)
class ItemResult:
    """A made item with its provenance.

    Parameters
    ----------
    item : str
        Its id.
    made_at : str
        UTC, e.g. ``2025-01-31 12:00 UTC``.
    command : str
        What makes it again.
    budget : str
    seed : int
    rte : str
    seconds : float
        Wall time.
    versions : mapping of str to str
        Of the packages it was made with.
    content : Content
    """

    item: str
    made_at: str
    command: str
    budget: str
    seed: int
    rte: str
    seconds: float
    versions: Mapping[str, str]
    content: Content

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        content = self.content
        return {
            "format": _FORMAT,
            "item": self.item,
            "made_at": self.made_at,
            "command": self.command,
            "budget": self.budget,
            "seed": self.seed,
            "rte": self.rte,
            "seconds": self.seconds,
            "versions": dict(self.versions),
            "description": list(content.description),
            "headline": dict(content.headline),
            "tables": [table.to_json() for table in content.tables],
            "images": [{"name": i.name, "caption": i.caption} for i in content.images],
            "notes": list(content.notes),
        }

    @classmethod
    def from_json(cls, value: object) -> ItemResult:
        """Read a result from `to_json`'s object.

        Raises
        ------
        BundleIntegrityError, InputError
            On any deviation.
        """
        fields = Fields(value, "reproduction")
        if fields.take("format", str) != _FORMAT:
            raise InputError(f"is not of the format {_FORMAT}")
        content = Content(
            description=tuple(map(str, fields.take("description", list))),
            tables=tuple(ResultTable.from_json(item) for item in fields.take("tables", list)),
            notes=tuple(map(str, fields.take("notes", list))),
            headline={str(k): float(v) for k, v in fields.take("headline", dict).items()},
            # items of tables alone were written without
            images=tuple(ResultImage.from_json(i) for i in fields.take("images", list, [])),
        )
        result = cls(
            item=fields.take("item", str),
            made_at=fields.take("made_at", str),
            command=fields.take("command", str),
            budget=fields.take("budget", str),
            seed=fields.take("seed", int),
            rte=fields.take("rte", str),
            seconds=fields.take("seconds", float),
            versions={str(k): str(v) for k, v in fields.take("versions", dict).items()},
            content=content,
        )
        fields.done()
        return result

    def save(self, path: str | Path) -> None:
        """Write as JSON, whole or not at all. Raises ProductWriteError."""
        text = json.dumps(self.to_json(), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> ItemResult:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file can't be read or is not a reproduced item.
        """
        try:
            with open(path, "rb") as handle:
                data = handle.read(_MAX_BYTES + 1)
            if len(data) > _MAX_BYTES:
                raise InputError(f"is larger than {_MAX_BYTES} bytes")
            return cls.from_json(parse(data, "reproduction"))
        except (OSError, BundleIntegrityError, InputError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: not a reproduced item ({error}). Delete it, or --overwrite"
            ) from error
