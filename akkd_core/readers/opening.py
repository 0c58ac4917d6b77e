"""Which reader a path goes to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from akkd_core.errors import InputError
from akkd_core.images import Scene
from akkd_core.readers.aster_l1t import read_l1t
from akkd_core.readers.aster_metadata import AsterOdl
from akkd_core.readers.hdf4_structure import read_structure
from akkd_core.readers.sniff import EXPECTED, FileKind, aster_level, sniff, unsupported


def open_path(path: str | Path | Sequence[str | Path]) -> Scene:
    """Open a scene, as :func:`akkd_core.readers.open_scene` describes."""
    if not isinstance(path, (str, Path)):
        files = [Path(p) for p in path]
        if not files:
            raise InputError(f"no file was given. {EXPECTED}")
        if len(files) > 1:
            from akkd_core.readers.aster_v004 import read_files

            return read_files(files)
        path = files[0]
    file = Path(path)
    if os.path.isdir(file):
        from akkd_core.readers.aster_v004 import read_folder

        return read_folder(file)
    kind = sniff(file)
    if kind is FileKind.HDF4:
        return _open_hdf4(file)
    if kind is FileKind.TIFF:
        from akkd_core.readers.aster_v004 import read_band_file

        return read_band_file(file)
    raise unsupported(file, kind.value)


def _open_hdf4(file: Path) -> Scene:
    structure = read_structure(file)
    odl = AsterOdl.parse(file, structure.attributes)
    if aster_level(structure, odl) == "AST_L1B":
        from akkd_core.readers.aster_l1b import read_l1b

        return read_l1b(structure, odl)
    return read_l1t(structure, odl)
