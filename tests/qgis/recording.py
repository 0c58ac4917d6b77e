"""Feedback that keeps what an algorithm tells it."""

from __future__ import annotations

import time
from typing import Any


def recorder(cancel_at: float = 200.0) -> Any:
    """Feedback that keeps what it is told, and cancels itself at a percentage."""
    from qgis.core import QgsProcessingFeedback

    class Feedback(QgsProcessingFeedback):
        def __init__(self) -> None:
            super().__init__(False)
            self.percents: list[float] = []
            self.errors: list[str] = []
            self.warnings: list[str] = []
            self.cancelled_at = 0.0
            self.progressChanged.connect(self._note)

        def _note(self, percent: float) -> None:
            self.percents.append(percent)
            if percent >= cancel_at and not self.isCanceled():
                self.cancelled_at = time.monotonic()
                self.cancel()

        def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N802, N803
            self.errors.append(error)

        def pushWarning(self, warning: str) -> None:  # noqa: N802
            self.warnings.append(warning)

    return Feedback()
