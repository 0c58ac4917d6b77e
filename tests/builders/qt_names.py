"""Names of QGIS and Qt that Python files use, read from their syntax, and those of PyQt's stubs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Use:
    """A name that came by ``from qgis... import``, with the attributes asked of it."""

    module: str
    names: tuple[str, ...]
    place: str

    def __str__(self) -> str:
        return f"{self.place}: {self.module}.{'.'.join(self.names)}"


@dataclass(frozen=True)
class Source:
    """A Python file of the plugin."""

    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Local name to module and name there, for everything imported by ``from``."""
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module and not node.level
            for alias in node.names
        }

    @cached_property
    def modules(self) -> set[str]:
        """Every module that is imported, by either form."""
        plain = {
            alias.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        return plain | {module for module, _ in self.imports.values()}

    @cached_property
    def attributes(self) -> set[str]:
        """Every name that is asked of an object, whatever it is."""
        return {node.attr for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}

    def uses(self, package: str) -> Iterator[Use]:
        """Names imported from a package, each with the longest chain of attributes."""
        inner = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(self.tree):
            if id(node) in inner or not isinstance(node, (ast.Attribute, ast.Name)):
                continue
            names: list[str] = []
            here: ast.expr = node
            while isinstance(here, ast.Attribute):
                names.insert(0, here.attr)
                here = here.value
            if isinstance(here, ast.Name) and here.id in self.imports:
                module, name = self.imports[here.id]
                if module.split(".")[: package.count(".") + 1] == package.split("."):
                    place = f"{self.path.name}:{node.lineno}"
                    yield Use(module, (name, *names), place)


class Stubs:
    """Classes of PyQt by their .pyi files, for an interpreter in which PyQt isn't."""

    def __init__(self, folder: Path, modules: tuple[str, ...]) -> None:
        # PyQt6 6.12 writes "*args: X, /)", which isn't Python.
        self._modules = {
            name: ast.parse((folder / f"{name}.pyi").read_text("utf-8").replace(", /)", ")"))
            for name in modules
        }
        self._classes = {
            node.name: node
            for tree in self._modules.values()
            for node in tree.body
            if isinstance(node, ast.ClassDef)
        }

    def members_of(self, name: str) -> set[str]:
        """Names of all members of a class, those of its bases too."""
        owner = self._classes.get(name)
        if owner is None:
            return set()
        above = (self.members_of(_last(base)) for base in owner.bases)
        return set(_members(owner)).union(*above)

    def knows(self, module: str, names: tuple[str, ...]) -> bool:
        """Tell whether a module has a name, and that a chain of members."""
        found = _members(self._modules[module]).get(names[0])
        for name in names[1:]:
            if not isinstance(found, ast.ClassDef):
                return found is not None
            found = self._member(found, name)
        return found is not None

    def _member(self, owner: ast.ClassDef, name: str) -> ast.stmt | None:
        if name in _members(owner):
            return _members(owner)[name]
        for base in owner.bases:
            above = self._classes.get(_last(base))
            found = self._member(above, name) if above is not None else None
            if found is not None:
                return found
        return None


def _last(base: ast.expr) -> str:
    return ast.unparse(base).split(".")[-1]


def _members(owner: ast.ClassDef | ast.Module) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {}
    for node in owner.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {one.id: node for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return found
