"""What an HDF4 file holds, read from its structure alone, in pure Python.

No native library touches a file before this walk: it checks that every data descriptor points
into the file, so a truncated or malformed file gives an error and can't take the process down,
and it lists global attributes, scientific data sets and HDF-EOS swaths, which is enough to tell
what the file is. Arrays are read elsewhere (:mod:`akkd_core.readers.hdf4`).

Source: HDF Specification and Developer's Guide 4.2 (The HDF Group), chapters 2, 3, 5, 8, 9.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import BinaryIO

from akkd_core.errors import GranuleReadError

MAGIC = b"\x0e\x03\x13\x01"
"""First four bytes of every HDF4 file."""

_NULL, _LINKED, _NT, _SDD, _SD, _NDG, _VH, _VS, _VG = 1, 20, 106, 701, 702, 720, 1962, 1963, 1965
_SPECIAL_BIT, _SPECIAL_LINKED = 0x4000, 1
# Linked blocks, compressed, chunked. External elements are left out: they name another file.
_PACKED_CODES = (_SPECIAL_LINKED, 3, 5)
_UNSET = 0xFFFFFFFF
_MAX_DESCRIPTORS = 200_000
_MAX_ATTRIBUTE_BYTES = 16 << 20
# Number types of the specification's table 9A: code to numpy name.
_NUMBER_TYPES = {
    3: "uint8", 4: "int8", 5: "float32", 6: "float64", 20: "int8", 21: "uint8",
    22: "int16", 23: "uint16", 24: "int32", 25: "uint32", 26: "int64", 27: "uint64",
}  # fmt: skip
# The specification's number classes: IEEE or Motorola, and PC or Intel.
_BYTE_ORDERS = {1: ">", 4: "<"}
_FORMATS = {5: "f", 6: "d", 20: "b", 21: "B", 22: "h", 23: "H", 24: "i", 25: "I"}


@dataclass(frozen=True)
class SdsInfo:
    """One scientific data set.

    Parameters
    ----------
    name : str
    ref : int
        Its reference number, unique in the file.
    index : int
        Its place among the file's data sets, from 0.
    shape : tuple of int
    dtype : str
        numpy name, empty if unknown.
    group : tuple of str
        HDF-EOS groups that hold it, e.g. ``("TIR_Swath", "Data Fields")``; empty outside any.
    attributes : mapping of str to str or tuple of float
        Its own attributes, such as ``scale_factor``.
    extent : tuple of (int, str) or None
        Where its data lie if they are plain: offset in the file and byte order (``>`` or ``<``).
    packed : bool
        Whether its data are compressed, chunked or in several pieces, so that a library is needed.
    """

    name: str
    ref: int
    index: int
    shape: tuple[int, ...]
    dtype: str
    group: tuple[str, ...] = ()
    attributes: Mapping[str, str | tuple[float, ...]] = field(default_factory=dict)
    extent: tuple[int, str] | None = None
    packed: bool = False

    @property
    def fill_value(self) -> float | None:
        """Its ``_FillValue``, or None."""
        value = self.attributes.get("_FillValue")
        return float(value[0]) if isinstance(value, tuple) and value else None


@dataclass(frozen=True)
class Hdf4Structure:
    """What an HDF4 file holds.

    Parameters
    ----------
    path : pathlib.Path
    attributes : mapping of str to str
        Global text attributes.
    datasets : tuple of SdsInfo
        In file order.
    eos_objects : mapping of str to str
        HDF-EOS objects by name: ``swath``, ``grid`` or ``point``.
    """

    path: Path
    attributes: Mapping[str, str]
    datasets: tuple[SdsInfo, ...]
    eos_objects: Mapping[str, str]

    def find(self, name: str, swath: str | None = None) -> SdsInfo | None:
        """Return the data set ``name``, of ``swath`` if given and if the file has groups."""
        named = [d for d in self.datasets if d.name == name]
        if swath is not None and any(d.group for d in self.datasets):
            named = [d for d in named if d.group[:1] == (swath,)]
        return named[0] if named else None


def read_structure(path: str | Path) -> Hdf4Structure:
    """Walk an HDF4 file's descriptors and list what it holds.

    Raises
    ------
    GranuleReadError
        If the file can't be read, isn't HDF4, is truncated or malformed.
    """
    file = Path(path)
    try:
        with file.open("rb") as handle:
            return _Walk(file, handle).structure()
    except GranuleReadError:
        raise
    except OSError as error:
        raise GranuleReadError(
            f"{file}: can't be read ({error.strerror or error}). Check path and permissions"
        ) from error
    except (struct.error, IndexError, OverflowError) as error:
        raise _damaged(file, f"a record is too short: {error}") from error


def _damaged(path: Path, detail: str) -> GranuleReadError:
    return GranuleReadError(
        f"{path}: HDF4 file is truncated or damaged ({detail}). Download the granule again"
    )


@dataclass(frozen=True)
class _Group:
    """A Vgroup: name, class and members as (tag, ref)."""

    name: str
    cls: str
    members: tuple[tuple[int, int], ...]


class _Walk:
    def __init__(self, path: Path, handle: BinaryIO) -> None:
        self._path, self._handle = path, handle
        self._size = handle.seek(0, 2)
        self._descriptors = self._read_descriptors()
        self._groups = {
            ref: self._group(ref) for tag, ref in self._descriptors if tag == _VG
        }

    def _at(self, offset: int, length: int) -> bytes:
        if offset + length > self._size:
            raise _damaged(self._path, f"{offset + length} bytes needed, file has {self._size}")
        self._handle.seek(offset)
        return self._handle.read(length)

    def _read_descriptors(self) -> dict[tuple[int, int], tuple[int, int, bool]]:
        """Offset, length, special bit by (tag, ref); every extent is checked against the size."""
        if self._size < 4 or self._at(0, 4) != MAGIC:
            raise GranuleReadError(f"{self._path}: not an HDF4 file. Give an HDF4 granule")
        found: dict[tuple[int, int], tuple[int, int, bool]] = {}
        extents = [(0, len(MAGIC))]
        block, visited = 4, set[int]()
        while block:
            if block in visited or len(visited) > _MAX_DESCRIPTORS:
                raise _damaged(self._path, "descriptor blocks form a loop")
            visited.add(block)
            count, following = struct.unpack(">hI", self._at(block, 6))
            if count < 0 or len(found) + count > _MAX_DESCRIPTORS:
                raise _damaged(self._path, f"descriptor block of {count} entries")
            entries = self._at(block + 6, 12 * count)
            extents.append((block, 6 + len(entries)))
            for entry in struct.iter_unpack(">HHII", entries):
                self._add_descriptor(found, *entry)
            block = following
        extents += [(offset, length) for offset, length, _ in found.values()]
        self._check_overlaps(extents)
        return found

    def _check_overlaps(self, extents: list[tuple[int, int]]) -> None:
        """Refuse elements that share some of their bytes: an offset or a length was altered.

        Two descriptors of one and the same element are allowed (the library's Hdupdd).
        """
        end = 0
        for offset, length in sorted(set(extents)):
            if offset < end and length:
                raise _damaged(self._path, f"two elements share the bytes from {offset} on")
            end = max(end, offset + length)

    def _add_descriptor(
        self,
        found: dict[tuple[int, int], tuple[int, int, bool]],
        tag: int,
        ref: int,
        offset: int,
        length: int,
    ) -> None:
        if tag == _NULL or _UNSET in (offset, length):
            return
        if offset + length > self._size:
            raise _damaged(
                self._path, f"data end at byte {offset + length}, file has {self._size}"
            )
        special = bool(tag & _SPECIAL_BIT) and tag < 0x8000
        found.setdefault((tag & ~_SPECIAL_BIT if special else tag, ref), (offset, length, special))

    def _element(self, tag: int, ref: int) -> bytes:
        """Return an element's bytes; linked blocks are joined. Empty if there is no such one."""
        if (tag, ref) not in self._descriptors:
            return b""
        offset, length, special = self._descriptors[tag, ref]
        if not special:
            return self._at(offset, min(length, _MAX_ATTRIBUTE_BYTES))
        header = self._at(offset, length)
        if struct.unpack_from(">h", header)[0] != _SPECIAL_LINKED:
            return b""
        total, _, _, table = struct.unpack_from(">iiiH", header, 2)
        return b"".join(self._linked_blocks(table))[: max(total, 0)]

    def _linked_blocks(self, table: int) -> Iterator[bytes]:
        visited, read = set[int](), 0
        while table and table not in visited and read < _MAX_ATTRIBUTE_BYTES:
            visited.add(table)
            refs = self._plain(_LINKED, table)
            for (ref,) in struct.iter_unpack(">H", refs[2 : len(refs) // 2 * 2]):
                if ref:
                    block = self._plain(_LINKED, ref)
                    read += len(block)
                    yield block
            table = struct.unpack_from(">H", refs)[0]

    def _plain(self, tag: int, ref: int) -> bytes:
        if (tag, ref) not in self._descriptors:
            raise _damaged(self._path, f"element {tag}/{ref} is missing")
        offset, length, _ = self._descriptors[tag, ref]
        return self._at(offset, min(length, _MAX_ATTRIBUTE_BYTES))

    def _group(self, ref: int) -> _Group:
        data = self._element(_VG, ref)
        (count,) = struct.unpack_from(">H", data)
        numbers = struct.unpack_from(f">{2 * count}H", data, 2)
        at = 2 + 4 * count
        name, at = _text(data, at)
        cls, _ = _text(data, at)
        return _Group(name, cls, tuple(zip(numbers[:count], numbers[count:], strict=True)))

    def structure(self) -> Hdf4Structure:
        """List attributes, data sets and HDF-EOS objects."""
        attributes: dict[str, str] = {}
        variables: list[_Group] = []
        for group in self._groups.values():
            if group.cls.startswith("CDF0.0"):
                attributes.update(self._texts(group))
                children = (self._groups.get(ref) for tag, ref in group.members if tag == _VG)
                variables += [g for g in children if g is not None and g.cls == "Var0.0"]
        homes, eos_objects = self._eos_homes()
        datasets = []
        for index, variable in enumerate(variables):
            ref = next((r for t, r in variable.members if t == _NDG), 0)
            shape, dtype, extent, packed = self._layout(ref)
            datasets.append(
                SdsInfo(
                    variable.name, ref, index, shape, dtype, homes.get(ref, ()),
                    dict(self._attributes(variable)), extent, packed,
                )
            )
        return Hdf4Structure(self._path, attributes, tuple(datasets), eos_objects)

    def _texts(self, group: _Group) -> Iterator[tuple[str, str]]:
        return ((k, v) for k, v in self._attributes(group) if isinstance(v, str))

    def _attributes(self, group: _Group) -> Iterator[tuple[str, str | tuple[float, ...]]]:
        for tag, ref in group.members:
            if tag != _VH:
                continue
            name, number_type = self._vdata_header(ref)
            data = self._element(_VS, ref)
            if number_type in (3, 4):
                yield name, data.decode("latin-1").rstrip("\0")
            elif number_type in _FORMATS:
                code = _FORMATS[number_type]
                count = len(data) // struct.calcsize(code)
                yield name, struct.unpack_from(f">{count}{code}", data)

    def _vdata_header(self, ref: int) -> tuple[str, int]:
        """Name and first field's number type of a Vdata."""
        data = self._element(_VH, ref)
        (fields,) = struct.unpack_from(">h", data, 8)
        (number_type,) = struct.unpack_from(">h", data, 10)
        at = 10 + 8 * fields
        for _ in range(fields):
            _, at = _text(data, at)
        return _text(data, at)[0], number_type

    def _layout(
        self, ref: int
    ) -> tuple[tuple[int, ...], str, tuple[int, str] | None, bool]:
        """Shape, numpy type name, plain extent of a data set, and whether it is packed."""
        members = list(struct.iter_unpack(">HH", self._element(_NDG, ref)))
        sdd = next((r for t, r in members if t == _SDD), 0)
        data = self._element(_SDD, sdd)
        if len(data) < 2:
            return (), "", None, False
        (rank,) = struct.unpack_from(">H", data)
        shape: tuple[int, ...] = struct.unpack_from(f">{rank}i", data, 2)
        _, nt_ref = struct.unpack_from(">HH", data, 2 + 4 * rank)
        number_type = self._element(_NT, nt_ref)
        dtype = _NUMBER_TYPES.get(number_type[1], "") if len(number_type) == 4 else ""
        extent = self._extent(members, shape, number_type) if dtype else None
        return shape, dtype, extent, extent is None and self._packed(members)

    def _extent(
        self, members: list[tuple[int, ...]], shape: tuple[int, ...], number_type: bytes
    ) -> tuple[int, str] | None:
        """Where plain data lie; checks that they are long enough."""
        ref = next((r for t, r in members if t == _SD), None)
        if ref is None or (_SD, ref) not in self._descriptors:
            return None
        offset, length, special = self._descriptors[_SD, ref]
        needed = prod(shape) * number_type[2] // 8
        if special or length == 0:
            return None
        if length < needed:
            raise _damaged(self._path, f"a data set has {length} bytes, {needed} needed")
        order = _BYTE_ORDERS.get(number_type[3])
        return None if order is None else (offset, order)

    def _packed(self, members: list[tuple[int, ...]]) -> bool:
        """Whether a data set is stored in one of the ways that only a library reads."""
        ref = next((r for t, r in members if t == _SD), 0)
        offset, length, special = self._descriptors.get((_SD, ref), (0, 0, False))
        if not special or length < 2:
            return False
        return struct.unpack(">h", self._at(offset, 2))[0] in _PACKED_CODES

    def _eos_homes(self) -> tuple[dict[int, tuple[str, ...]], dict[str, str]]:
        """HDF-EOS groups by data set reference, and the objects' kinds by name."""
        homes: dict[int, tuple[str, ...]] = {}
        objects: dict[str, str] = {}
        for group in self._groups.values():
            if group.cls in ("SWATH", "GRID", "POINT"):
                objects[group.name] = group.cls.lower()
                for tag, ref in group.members:
                    inner = self._groups.get(ref) if tag == _VG else None
                    if inner is not None:
                        home = (group.name, inner.name)
                        homes.update({r: home for t, r in inner.members if t == _NDG})
        return homes, objects


def _text(data: bytes, at: int) -> tuple[str, int]:
    """Return a counted string and the place behind it."""
    (length,) = struct.unpack_from(">H", data, at)
    end = at + 2 + length
    if end > len(data):
        raise IndexError("text runs over its record")
    return data[at + 2 : end].decode("latin-1"), end
