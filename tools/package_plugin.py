"""Builds the QGIS plugin's zip, dist/akkd.zip: plugin, core, licence and model bundles.

The zip holds one folder, ``akkd/``, with the files of qgis_plugin/, metadata.txt, LICENSE,
akkd_core with the shipped bundles, and the texts to be translated. Two runs on the same files give
the same bytes. It refuses to pack compiled code, and more than plugins.qgis.org takes.

usage: python tools/package_plugin.py [ZIP]
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.make_translation import translation_source  # noqa: E402

FOLDER = "akkd"
TRANSLATION = "i18n/akkd.ts"
MOST_BYTES = 25 * 1024 * 1024

_FIXED_TIME = (2020, 1, 1, 0, 0, 0)
_SKIPPED = {".pyc", ".pyo"}
_BINARY = {".so", ".pyd", ".dll", ".dylib", ".exe", ".a", ".o", ".lib", ".whl", ".jar"}
_PLAIN_FILES = ("metadata.txt", "LICENSE")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and path.suffix not in _SKIPPED and not hidden:
            yield path


def plugin_files(root: Path = ROOT) -> dict[str, Path]:
    """Files of the plugin by their name inside its folder.

    Parameters
    ----------
    root : Path
        Of the repository.

    Raises
    ------
    ValueError
        If compiled code is among them.
    """
    found = {name: root / name for name in _PLAIN_FILES}
    for path in _files(root / "qgis_plugin"):
        found[path.relative_to(root / "qgis_plugin").as_posix()] = path
    for path in _files(root / "akkd_core"):
        found[path.relative_to(root).as_posix()] = path
    compiled = [name for name, path in found.items() if path.suffix.lower() in _BINARY]
    if compiled:
        raise ValueError(f"compiled code can't be in the plugin: {', '.join(compiled)}")
    return found


def build(target: Path, root: Path = ROOT) -> int:
    """Write the zip.

    Parameters
    ----------
    target : Path
    root : Path
        Of the repository.

    Returns
    -------
    int
        Its size, bytes.

    Raises
    ------
    ValueError
        If it would be too large, or hold compiled code.
    """
    contents = {name: path.read_bytes() for name, path in plugin_files(root).items()}
    contents[TRANSLATION] = translation_source().encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, contents[name])
    size = target.stat().st_size
    if size > MOST_BYTES:
        target.unlink()
        raise ValueError(f"{target}: {size / 1e6:.1f} MB, more than plugins.qgis.org takes")
    return size


def main() -> int:
    """Build the zip that is named, or dist/akkd.zip."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "akkd.zip"
    size = build(target)
    version = re.search(r"^version=(.+)$", (ROOT / "metadata.txt").read_text(), re.MULTILINE)
    sys.stdout.write(f"{target}: AKKD {version[1] if version else ''}, {size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
