"""A joint model in memory, and its index: who its members are and by what rule they are chosen."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from akkd_core import __version__
from akkd_core.bundle import ModelBundle, strict_json
from akkd_core.bundle.belongs import Belongs
from akkd_core.bundle.content import JOINT
from akkd_core.bundle.facts import SHA256
from akkd_core.bundle.strict_json import Fields
from akkd_core.errors import (
    BundleIntegrityError,
    BundleMismatchError,
    BundleVersionError,
    ParameterError,
)
from akkd_core.inference.layers import MAX_MODELS
from akkd_core.joint.selection import Rule
from akkd_core.physics.features import OUTPUT_NAMES

FORMAT_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SHORT = 12


@dataclass(frozen=True)
class JointIndex:
    """What ``joint.json`` says.

    Parameters
    ----------
    name : str
        Letters, digits, ``.``, ``_`` and ``-``, at most 80.
    created : datetime
        Aware, UTC, whole seconds.
    rule : Rule
    members : tuple of str
        SHA-256 of each member's manifest, which holds the hashes of its files; the teacher first.
    software : str
        Version of AKKD that wrote it.

    Raises
    ------
    BundleIntegrityError
        If a value is malformed.
    """

    name: str
    created: datetime
    rule: Rule
    members: tuple[str, ...]
    software: str = __version__

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BundleIntegrityError(f"{JOINT}: name {self.name[:80]!r} must fit {_NAME.pattern}")
        if self.created.utcoffset() is None:
            raise BundleIntegrityError(f"{JOINT}: created must be an aware time")
        if not 2 <= len(self.members) <= MAX_MODELS:
            raise BundleIntegrityError(
                f"{JOINT}: {len(self.members)} members, must be a teacher and 1-{MAX_MODELS - 1} "
                "students"
            )
        if not all(isinstance(h, str) and SHA256.fullmatch(h) for h in self.members):
            raise BundleIntegrityError(f"{JOINT}: a member's hash isn't a SHA-256")
        if len(set(self.members)) != len(self.members):
            raise BundleIntegrityError(f"{JOINT}: a member occurs twice")

    def to_json(self) -> dict[str, Any]:
        """Return the index as a JSON object."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "created": self.created.astimezone(timezone.utc).strftime(strict_json.TIME_FORMAT),
            "rule": {
                "blend_m": float(self.rule.blend_m),
                "domain_ramp": float(self.rule.domain_ramp),
            },
            "members": list(self.members),
            "software": self.software,
        }

    def to_bytes(self) -> bytes:
        """Return the bytes of joint.json: UTF-8, indented, the same for the same index."""
        return (json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n").encode("utf-8")

    @classmethod
    def from_bytes(cls, data: bytes) -> JointIndex:
        """Read the bytes of joint.json.

        Raises
        ------
        BundleVersionError
            If the format version is not one that this software knows.
        BundleIntegrityError
            If it is malformed in any way.
        """
        fields = Fields(strict_json.parse(data, JOINT), JOINT)
        version = fields.take("format_version", int)
        if version != FORMAT_VERSION:
            raise BundleVersionError(
                f"{JOINT}: format version {version}, this software reads {FORMAT_VERSION}; "
                "update AKKD or take a joint model made for this version"
            )
        index = cls(
            name=fields.take("name", str),
            created=strict_json.utc_time(fields.take("created", str), f"{JOINT}: created"),
            rule=_rule(fields.take("rule", dict)),
            members=tuple(fields.take("members", list)),
            software=fields.take("software", str),
        )
        fields.done()
        return index


@dataclass(frozen=True, eq=False)
class JointBundle:
    """A teacher and students, and the rule that picks among them; checked when built.

    Parameters
    ----------
    index : JointIndex
    members : tuple of ModelBundle
        As the index lists them; the teacher first.

    Raises
    ------
    BundleMismatchError
        If members are of several sensors, one lacks a target, or a student doesn't say where it
        belongs.
    """

    index: JointIndex
    members: tuple[ModelBundle, ...]
    belongs: tuple[Belongs, ...] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.members) != len(self.index.members):
            raise BundleMismatchError(f"joint model {self.name}: its index lists other members")
        check_members(self.members)
        records = tuple(b.manifest.belongs for b in self.members[1:])
        object.__setattr__(self, "belongs", records)

    @property
    def name(self) -> str:
        """The joint model's name."""
        return self.index.name

    @property
    def rule(self) -> Rule:
        """How members are chosen."""
        return self.index.rule

    @property
    def sha256(self) -> str:
        """SHA-256 of the index, which holds those of the members."""
        return hashlib.sha256(self.index.to_bytes()).hexdigest()

    @property
    def labels(self) -> tuple[str, ...]:
        """Name and begin of the hash of each member, the teacher first."""
        pairs = zip(self.members, self.index.members, strict=True)
        return tuple(f"{bundle.name} ({digest[:_SHORT]})" for bundle, digest in pairs)


def check_members(members: Sequence[ModelBundle]) -> None:
    """Raise BundleMismatchError, with the remedy, if bundles can't be joined.

    Parameters
    ----------
    members : sequence of ModelBundle
        The teacher first.
    """
    for bundle in members:
        bundle.require_sensor(members[0].manifest.sensor)
        missing = [n for n in OUTPUT_NAMES if n not in bundle.pixel_network.output_names]
        if missing:
            raise BundleMismatchError(
                f"bundle {bundle.name}: gives no {', '.join(missing)}. a joint model is made of "
                "models of all six targets; distil one with all of them"
            )
    for bundle in members[1:]:
        if bundle.manifest.belongs is None:
            raise BundleMismatchError(
                f"bundle {bundle.name}: doesn't say where it belongs (footprint, months, training "
                "domain), so nothing could choose it. give students that akkd distill made"
            )


def _rule(value: object) -> Rule:
    fields = Fields(value, f"{JOINT} rule")
    numbers = fields.take("blend_m", float), fields.take("domain_ramp", float)
    fields.done()
    try:
        return Rule(*numbers)
    except ParameterError as error:
        raise BundleIntegrityError(f"{JOINT}: {error}") from None
