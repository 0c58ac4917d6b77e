"""Where the plugin's icon lies."""

from __future__ import annotations

from pathlib import Path

ICON = str(Path(__file__).with_name("icons") / "akkd.png")
