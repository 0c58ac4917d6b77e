"""Saving joint models, and loading bundles and joint models of any origin.

Members lie in sub-folders ``00``, ``01``, .. in the index's order; no path comes from a file.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from akkd_core.bundle import ModelBundle
from akkd_core.bundle.archive import MAX_ARCHIVE_BYTES
from akkd_core.bundle.content import JOINT, MANIFEST, read_bundle
from akkd_core.bundle.store import BundleSource, open_source, write_folder
from akkd_core.errors import (
    BundleError,
    BundleIntegrityError,
    BundleMismatchError,
    ParameterError,
)
from akkd_core.joint.bundle import JointBundle, JointIndex, check_members
from akkd_core.joint.selection import Rule
from akkd_core.raster.temporary import whole_file, write_error

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def load_model(path: str | Path, *, sensor: str | None = None) -> ModelBundle | JointBundle:
    """Load and verify a bundle or a joint model; nothing of it is executed.

    Parameters
    ----------
    path : path
        A folder, or a zip archive of it.
    sensor : str, optional
        The sensor it must be made for.

    Returns
    -------
    ModelBundle or JointBundle

    Raises
    ------
    BundleVersionError
        If its format is of another version.
    BundleIntegrityError
        If a file is missing, altered, malformed or hostile.
    BundleMismatchError
        If it was made for another sensor, or its members can't be joined.
    """
    return read_model(path, sensor=sensor)[0]


def read_model(
    path: str | Path, *, sensor: str | None = None
) -> tuple[ModelBundle | JointBundle, dict[str, bytes]]:
    """Load and verify a bundle or a joint model, with the very bytes that were verified.

    Parameters
    ----------
    path, sensor
        As of `load_model`.

    Returns
    -------
    model : ModelBundle or JointBundle
    files : dict of str to bytes
        By name, a member's in its sub-folder; what the format doesn't know is not among them.

    Raises
    ------
    BundleError
        As `load_model`.
    """
    files: dict[str, bytes] = {}
    try:
        source = _recording(open_source(path), files)
        model = _read_joint(source) if source.has(JOINT) else read_bundle(source.read)
        if sensor is not None:
            first = model.members[0] if isinstance(model, JointBundle) else model
            first.require_sensor(sensor)
    except BundleError as error:
        raise type(error)(f"{path}: {error}") from None
    return model, files


def _recording(source: BundleSource, files: dict[str, bytes]) -> BundleSource:
    def read(name: str) -> bytes:
        files[name] = source.read(name)
        return files[name]

    return BundleSource(read, source.has)


def save_joint(
    target: str | Path,
    teacher: str | Path,
    students: Sequence[str | Path],
    *,
    name: str,
    rule: Rule | None = None,
    created: datetime | None = None,
    overwrite: bool = False,
) -> JointBundle:
    """Join bundles and write the joint model, whole or not at all.

    Their files are taken over byte by byte, so that their hashes stay what they were.

    Parameters
    ----------
    target : path
        A ``.zip`` file, or a folder.
    teacher : path
        A bundle's folder or zip.
    students : sequence of path
        Likewise; each must say where it belongs.
    name : str
        Letters, digits, ``.``, ``_`` and ``-``, at most 80.
    rule : Rule, optional
    created : datetime, optional
        Aware; now unless given.
    overwrite : bool

    Returns
    -------
    JointBundle

    Raises
    ------
    BundleError
        If a bundle can't be used, is given twice, or they can't be joined.
    ParameterError
        If a file is there that may not be replaced, or the name is malformed.
    ProductWriteError
        If it can't be written.
    """
    read = [_read_files(path) for path in (teacher, *students)]
    members = [bundle for bundle, _ in read]
    check_members(members)
    hashes = tuple(hashlib.sha256(files[MANIFEST]).hexdigest() for _, files in read)
    if len(set(hashes)) != len(hashes):
        again = next(i for i, digest in enumerate(hashes) if digest in hashes[:i])
        raise ParameterError(f"{(teacher, *students)[again]}: given twice. give each bundle once")
    time = (created or datetime.now(timezone.utc)).astimezone(timezone.utc).replace(microsecond=0)
    try:
        index = JointIndex(name, time, rule or Rule(), hashes)
    except BundleIntegrityError as error:
        raise ParameterError(str(error)) from None
    content = {JOINT: index.to_bytes()}
    for number, (_, files) in enumerate(read):
        content |= {f"{_folder(number)}/{file}": data for file, data in files.items()}
    _write(Path(target), content, overwrite)
    return JointBundle(index, tuple(members))


def _folder(number: int) -> str:
    return f"{number:02d}"


def _read_joint(source: BundleSource) -> JointBundle:
    index = JointIndex.from_bytes(source.read(JOINT))
    members = []
    for number, digest in enumerate(index.members):
        folder = _folder(number)
        try:
            members.append(_read_member(source.inside(folder), digest))
        except BundleError as error:
            raise type(error)(f"member {folder}: {error}") from None
    try:
        return JointBundle(index, tuple(members))
    except BundleMismatchError as error:
        raise BundleIntegrityError(f"{JOINT}: its members can't be joined ({error})") from None


def _read_member(source: BundleSource, digest: str) -> ModelBundle:
    if source.has(JOINT):
        raise BundleIntegrityError("is a joint model itself; members must be plain bundles")
    manifest = source.read(MANIFEST)
    if hashlib.sha256(manifest).hexdigest() != digest:
        raise BundleIntegrityError(
            f"{MANIFEST}: altered or damaged (its SHA-256 isn't that of {JOINT}); fetch it again"
        )
    return read_bundle(lambda name: manifest if name == MANIFEST else source.read(name))


def _read_files(path: str | Path) -> tuple[ModelBundle, Mapping[str, bytes]]:
    """Load a bundle with the bytes of its files, each read once."""
    files: dict[str, bytes] = {}
    try:
        source = _recording(open_source(path), files)
        if source.has(JOINT):
            raise BundleMismatchError("is a joint model itself. give its members one by one")
        bundle = read_bundle(source.read)
    except BundleError as error:
        raise type(error)(f"{path}: {error}") from None
    return bundle, files


def _write(target: Path, content: Mapping[str, bytes], overwrite: bool) -> None:
    total = sum(map(len, content.values()))
    if total > MAX_ARCHIVE_BYTES:
        raise ParameterError(
            f"{target}: {total} bytes, limit {MAX_ARCHIVE_BYTES}. join fewer or smaller models"
        )
    if target.suffix.lower() != ".zip":
        write_folder(target, content, JOINT, overwrite=overwrite)
        return
    if target.is_dir() or (target.exists() and not overwrite):
        raise ParameterError(f"{target}: exists. choose another name or --overwrite")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(target, error) from error
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), data, zipfile.ZIP_DEFLATED)
    with whole_file(target) as temporary, open(temporary, "wb") as handle:
        handle.write(buffer.getvalue())
        handle.flush()
        os.fsync(handle.fileno())
