"""Refusing ONNX files that do more than a fully connected network needs.

AKKD never runs the ONNX file of a bundle, but other tools will: what a bundle passes on is a plain
graph of a few standard operators with its weights inside. The file is walked field by field with
a list of what is allowed (numbers from onnx.proto); everything else, such as external data,
functions, subgraphs and custom operators, is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from akkd_core.errors import BundleIntegrityError

OPERATORS = frozenset("Sub Div Mul Add Gemm MatMul Relu Tanh Sigmoid Identity".split())
MAX_FIELDS = 100_000

_LEAF = ""
_ALLOWED: dict[str, dict[int, str]] = {
    "model": {1: _LEAF, 2: _LEAF, 3: _LEAF, 4: _LEAF, 5: _LEAF, 6: _LEAF, 7: "graph",
              8: "opset", 14: "property"},
    "graph": {1: "node", 2: _LEAF, 5: "tensor", 10: _LEAF, 11: "value", 12: "value", 13: "value"},
    "node": {1: _LEAF, 2: _LEAF, 3: _LEAF, 4: _LEAF, 5: "attribute", 6: _LEAF, 7: _LEAF},
    "attribute": {1: _LEAF, 2: _LEAF, 3: _LEAF, 13: _LEAF, 20: _LEAF},
    "tensor": {1: _LEAF, 2: _LEAF, 8: _LEAF, 9: _LEAF, 12: _LEAF},
    "value": {1: _LEAF, 2: _LEAF, 3: _LEAF},
    "opset": {1: _LEAF, 2: _LEAF},
    "property": {1: _LEAF, 2: _LEAF},
}  # fmt: skip
_REFUSED = {
    ("tensor", 13): "external data",
    ("tensor", 14): "a data location",
    ("attribute", 6): "a subgraph",
    ("attribute", 11): "subgraphs",
    ("model", 20): "training information",
    ("model", 25): "functions",
    ("graph", 15): "sparse weights",
}
_Field = tuple[int, int | memoryview]


def check_onnx(data: bytes, what: str) -> None:
    """Check that an ONNX model is a plain graph.

    Parameters
    ----------
    data : bytes
        The model; nothing of it is copied.
    what : str
        Name of the file for the message.

    Raises
    ------
    BundleIntegrityError
        If it is malformed, or holds anything but the operators of `OPERATORS` and weights inside.
    """
    walk = _Walk(what)
    walk.message(memoryview(data), "model")
    if not walk.graphs == 1:
        raise BundleIntegrityError(f"{what}: holds {walk.graphs} graphs, expected one")


class _Walk:
    def __init__(self, what: str) -> None:
        self.what = what
        self.fields = 0
        self.graphs = 0

    def refuse(self, reason: str) -> BundleIntegrityError:
        return BundleIntegrityError(f"{self.what}: {reason}; only plain networks are accepted")

    def message(self, data: memoryview, kind: str) -> None:
        """Walk a message and those in it; the depth is bounded by the list of what is allowed."""
        allowed = _ALLOWED[kind]
        fields: list[_Field] = []
        for number, value in self.split(data):
            if number not in allowed:
                raise self.refuse(f"has {_REFUSED.get((kind, number), f'{kind} field {number}')}")
            inner = allowed[number]
            if inner:
                if isinstance(value, int):
                    raise self.refuse(f"{kind} field {number} is malformed")
                self.graphs += inner == "graph"
                self.message(value, inner)
            fields.append((number, value))
        if kind == "node":
            self.node(fields)
        elif kind == "tensor":
            self.tensor(fields)
        elif kind == "opset":
            self.domain(fields, 1)

    def node(self, fields: list[_Field]) -> None:
        operators = [_decode(value) for number, value in fields if number == 4]
        if len(operators) != 1 or operators[0] not in OPERATORS:
            raise self.refuse(f"has the operator {', '.join(operators)[:60]!r}")
        self.domain(fields, 7)

    def domain(self, fields: list[_Field], field: int) -> None:
        for number, value in fields:
            if number == field and _decode(value) not in ("", "ai.onnx"):
                raise self.refuse(f"has operators of the domain {_decode(value)[:60]!r}")

    def tensor(self, fields: list[_Field]) -> None:
        dims: list[int] = []
        for number, value in fields:
            if number == 1:
                dims += [value] if isinstance(value, int) else list(self.packed(value))
        raw = [value for number, value in fields if number == 9]
        types = [value for number, value in fields if number == 2]
        if types != [1] or len(raw) != 1 or isinstance(raw[0], int):
            raise self.refuse("has weights that aren't raw float32")
        if len(dims) > 2 or len(raw[0]) != 4 * math.prod(dims):
            raise self.refuse("has weights whose size isn't that of their shape")

    def packed(self, data: memoryview) -> Iterator[int]:
        position = 0
        while position < len(data):
            value, position = self.varint(data, position)
            yield value

    def split(self, data: memoryview) -> Iterator[_Field]:
        """Yield the fields of a message: integers, and views of everything else."""
        position = 0
        while position < len(data):
            self.fields += 1
            if self.fields > MAX_FIELDS:
                raise self.refuse(f"has more than {MAX_FIELDS} fields")
            key, position = self.varint(data, position)
            wire = key & 7
            if wire == 0:
                number, position = self.varint(data, position)
                yield key >> 3, number
                continue
            length = {1: 8, 5: 4}.get(wire)
            if wire == 2:
                length, position = self.varint(data, position)
            if length is None or length > len(data) - position:
                raise self.refuse("is malformed")
            yield key >> 3, data[position : position + length]
            position += length

    def varint(self, data: memoryview, position: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if position >= len(data):
                break
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position
        raise self.refuse("is malformed")


def _decode(value: int | memoryview) -> str:
    return "" if isinstance(value, int) else bytes(value[:200]).decode("utf-8", "replace")
