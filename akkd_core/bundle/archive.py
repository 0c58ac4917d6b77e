"""Checks of a zip archive before anything in it is read."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile

from akkd_core.errors import BundleIntegrityError

MAX_ARCHIVE_BYTES = 64 * 1024 * 1024
MAX_DIRECTORY_BYTES = 64 * 1024
MAX_ENTRIES = 256
_END = struct.Struct("<4s4H2LH")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SAFE_NAME = re.compile(r"(?:[A-Za-z0-9_.\- ]+/)*[A-Za-z0-9_.\- ]+/?")


def check_archive(data: bytes, what: str) -> None:
    """Check a zip archive's directory: bounded, sane names, no links, nothing twice.

    The size of the directory is bounded before the standard library parses it, since a directory
    of millions of entries takes gigabytes.

    Parameters
    ----------
    data : bytes
        The whole archive.
    what : str
        Name for the message.

    Raises
    ------
    BundleIntegrityError
        On the first offence.
    """
    if len(data) > MAX_ARCHIVE_BYTES:
        raise BundleIntegrityError(f"{what}: larger than {MAX_ARCHIVE_BYTES} bytes")
    _check_end(data, what)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise BundleIntegrityError(f"{what}: not a whole zip archive ({error})") from None
    if len(entries) > MAX_ENTRIES:
        raise BundleIntegrityError(f"{what}: {len(entries)} entries, limit {MAX_ENTRIES}")
    for entry in entries:
        _check_entry(entry, what)
    names = [entry.filename.casefold() for entry in entries]
    if len(set(names)) != len(names):
        raise BundleIntegrityError(f"{what}: an entry occurs twice")
    total = sum(entry.file_size for entry in entries)
    if total > MAX_ARCHIVE_BYTES:
        raise BundleIntegrityError(f"{what}: unpacks to {total} bytes, limit {MAX_ARCHIVE_BYTES}")


def _check_end(data: bytes, what: str) -> None:
    """Check the end record where the standard library looks for it first."""
    if len(data) < _END.size:
        raise BundleIntegrityError(f"{what}: not a zip archive")
    signature, *_, size, _offset, comment = _END.unpack_from(data, len(data) - _END.size)
    if signature != b"PK\x05\x06" or comment != 0:
        raise BundleIntegrityError(
            f"{what}: not a whole zip archive, or one with a comment; give a bundle's folder or zip"
        )
    if size > MAX_DIRECTORY_BYTES or data[-_END.size - 20 : -_END.size].startswith(b"PK\x06\x07"):
        raise BundleIntegrityError(f"{what}: its directory is too large for a bundle")


def _check_entry(entry: zipfile.ZipInfo, what: str) -> None:
    name = entry.orig_filename
    if not _SAFE_NAME.fullmatch(name) or any(set(part) <= {"."} for part in name[:-1].split("/")):
        raise BundleIntegrityError(f"{what}: entry name {name[:80]!r} isn't allowed")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BundleIntegrityError(f"{what}: {name} is a link or a special file")
    if entry.flag_bits & 0x1 or entry.compress_type not in _METHODS:
        raise BundleIntegrityError(f"{what}: {name} is encrypted or unusually compressed")
