"""Results of long runs on disk: JSON lines, each there whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from akkd_core.errors import InputError, ParameterError
from akkd_core.raster.temporary import remove_leftovers, whole_file

Row = dict[str, Any]


class RecordFile:
    """A file of results that a run which was interrupted goes on with.

    The first line says what is run; results of another run are not mixed with it.

    Parameters
    ----------
    path : Path
    header : dict
        What is run: plain JSON values.
    overwrite : bool
        Drop results of another run, or of the same.

    Raises
    ------
    ParameterError
        If the file holds results of another run.
    InputError
        If it can't be read as results.
    """

    def __init__(self, path: Path, header: Row, overwrite: bool = False) -> None:
        self.path = path
        self._header = json.loads(json.dumps(header))
        self.rows: list[Row] = []
        remove_leftovers(path)
        if path.exists() and not overwrite:
            self.rows = self._read()

    def _read(self) -> list[Row]:
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
            header, *rows = (json.loads(line) for line in lines)
            if not all(isinstance(row, dict) for row in (header, *rows)):
                raise ValueError("a line is no object")
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(
                f"{self.path}: isn't a file of results ({error}). --overwrite makes it anew"
            ) from error
        if header != self._header:
            raise ParameterError(
                f"{self.path}: holds results of another archive, teacher or plan. choose another "
                "folder or --overwrite"
            )
        return rows

    def find(self, **key: Any) -> Row | None:
        """Return the result with these values, None if there is none."""
        for row in self.rows:
            if all(row.get(name) == value for name, value in key.items()):
                return row
        return None

    def get(self, make: Callable[[], Row], **key: Any) -> Row:
        """Return the result with these values; make it and keep it if there is none yet.

        Raises
        ------
        ProductWriteError
            If it can't be written.
        """
        found = self.find(**key)
        if found is None:
            found = {**key, **json.loads(json.dumps(make(), allow_nan=False))}
            self.rows.append(found)
            self._write()
        return found

    def _write(self) -> None:
        text = "".join(json.dumps(row) + "\n" for row in (self._header, *self.rows))
        with whole_file(self.path) as temporary:
            temporary.write_text(text, encoding="utf-8")
