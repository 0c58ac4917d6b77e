"""Finding the core: in the plugin's own folder (the zip) or beside it (the repository).

The folder isn't put on sys.path, where its modules could hide those of other plugins; the package
is loaded from its place and known as ``akkd_core``, which is what it calls itself.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

PACKAGE = "akkd_core"
_HERE = Path(__file__).resolve().parent


def core_folder() -> Path:
    """Folder of the core that belongs to this plugin. Raises ImportError if there is none."""
    for parent in (_HERE, _HERE.parent):
        if (parent / PACKAGE / "__init__.py").is_file():
            return parent / PACKAGE
    raise ImportError(f"{_HERE}: {PACKAGE} is missing. Install the plugin from its zip again")


def use_bundled_core() -> None:
    """Make ``import akkd_core`` give the plugin's own core, unless one is loaded already."""
    if PACKAGE in sys.modules:
        return
    folder = core_folder()
    spec = spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[PACKAGE] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[PACKAGE]
        raise


def forget_core() -> None:
    """Unload the core, so that a newer plugin brings its own."""
    for name in [n for n in sys.modules if n == PACKAGE or n.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]
