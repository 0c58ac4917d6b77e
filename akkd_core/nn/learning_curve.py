"""The learning curve of a training, kept as CSV: one row for each epoch. Imports no Keras."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from akkd_core.errors import TrainingError
from akkd_core.raster.temporary import whole_file


class LearningCurve:
    """Losses and errors by epoch, in a file that an interrupted run goes on with.

    Parameters
    ----------
    path : path
        CSV file; made with the first epoch. Columns: ``epoch``, ``loss``, ``val_loss``,
        ``mae_TARGET`` and ``val_mae_TARGET`` (K for LST, 1 for emissivities), parts of the loss.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def append(self, epoch: int, values: Mapping[str, float]) -> None:
        """Add an epoch (from 1), six digits of each value."""
        new = not self.path.exists()
        with open(self.path, "a", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            if new:
                writer.writerow(["epoch", *sorted(values)])
            writer.writerow([epoch, *(f"{values[name]:.6g}" for name in sorted(values))])

    def columns(self) -> dict[str, list[float]]:
        """Read the columns as they stand in the file, epochs in order; empty without a file.

        Raises
        ------
        TrainingError
            If the file is damaged.
        """
        if not self.path.exists():
            return {}
        try:
            with open(self.path, newline="", encoding="utf-8") as handle:
                head, *rows = csv.reader(handle)
            numbers = [[float(text) for text in row] for row in rows]
            return {
                name: list(values)
                for name, values in zip(head, zip(*numbers, strict=True), strict=True)
            }
        except ValueError as error:
            raise TrainingError(f"{self.path}: damaged ({error}). empty its folder") from error

    def cut(self, epochs: int) -> None:
        """Drop what stands after the first ``epochs`` epochs: rows of a run that was killed.

        Raises
        ------
        TrainingError
            If there are fewer.
        """
        lines = []
        if self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines()
        if len(lines) < 1 + epochs and epochs:
            raise TrainingError(
                f"{self.path}: {max(len(lines) - 1, 0)} epochs, but the checkpoint beside it has "
                f"{epochs}. empty the folder to start anew"
            )
        if not epochs:
            self.path.unlink(missing_ok=True)
        elif len(lines) > 1 + epochs:
            with whole_file(self.path) as temporary:
                text = "".join(f"{line}\r\n" for line in lines[: 1 + epochs])
                temporary.write_text(text, encoding="utf-8", newline="")
