"""The manifest of a bundle: what it is, made for what, how good, readable with the stdlib.

The JSON form is strict in both directions: an unknown or missing member is an error, and the
format version says which members there are. Version 2 has one more than version 1, `belongs`, and
in version 3 that has one more, `period`. Version 4 has two more networks; in it `belongs` may be
null, and have a `period` or not. A manifest is written as the lowest version that holds it, which
older software reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

import numpy as np

from akkd_core import __version__
from akkd_core.bundle import strict_json
from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.belongs import Belongs
from akkd_core.bundle.error_table import ErrorTable
from akkd_core.bundle.facts import SHA256, Score, Training, Uncertainty
from akkd_core.bundle.network import Network
from akkd_core.bundle.network_spec import NetworkSpec
from akkd_core.bundle.strict_json import TIME_FORMAT, Fields, utc_time
from akkd_core.errors import BundleIntegrityError, BundleVersionError

FORMAT_VERSION, BELONGS_VERSION, PERIOD_VERSION, REFINED_VERSION = 1, 2, 3, 4
MAX_MANIFEST_BYTES = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself.

    Parameters
    ----------
    name : str
        Letters, digits, ``.``, ``_`` and ``-``, at most 80.
    sensor : str
        The sensor it was made for, e.g. ``ASTER TIR``.
    description : str
    created : datetime
        Aware, UTC, whole seconds.
    pixel : NetworkSpec
        The network that runs on every pixel.
    scene : NetworkSpec, optional
        The network that runs once a scene.
    training : Training
    domain : mapping of str to (float, float)
        Domain of validity: the range of named quantities, in their house units.
    scores : tuple of Score
    uncertainty : Uncertainty
    software : mapping of str to str
        Versions of what made it.
    licence : str
    files : mapping of str to str
        SHA-256 of each file beside the manifest; filled in when saved.
    extra : mapping
        Further facts, anything that JSON holds.
    belongs : Belongs, optional
        The places, months and inputs it was trained on; a joint model takes it there.
    sample, refinement : NetworkSpec, optional
        The networks that run on a sample of a scene's pixels, and on what that says of the scene;
        both or neither, and beside a scene network.

    Raises
    ------
    BundleIntegrityError
        If a value is malformed.
    """

    name: str
    sensor: str
    description: str
    created: datetime
    pixel: NetworkSpec
    scene: NetworkSpec | None
    training: Training
    domain: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    scores: tuple[Score, ...] = ()
    uncertainty: Uncertainty = field(default_factory=lambda: Uncertainty("none"))
    software: Mapping[str, str] = field(default_factory=dict)
    licence: str = "GPL-2.0-or-later"
    files: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    belongs: Belongs | None = None
    sample: NetworkSpec | None = None
    refinement: NetworkSpec | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BundleIntegrityError(
                f"manifest: name {self.name[:80]!r} must fit {_NAME.pattern}"
            )
        if self.created.utcoffset() is None:
            raise BundleIntegrityError("manifest: created must be an aware time")
        for name, (low, high) in self.domain.items():
            if not (np.isfinite(low) and np.isfinite(high) and low <= high):
                raise BundleIntegrityError(f"manifest: domain of {name} must be a finite range")
        for name, digest in self.files.items():
            if not SHA256.fullmatch(digest):
                raise BundleIntegrityError(f"manifest: hash of {name!r} isn't a SHA-256")
        refined = self.sample is not None, self.refinement is not None
        if any(refined) and not (all(refined) and self.scene is not None):
            raise BundleIntegrityError(
                "manifest: sample and refinement networks go together, beside a scene network"
            )

    def networks(self) -> dict[str, NetworkSpec | None]:
        """Return the networks by what they run on; None: there is none."""
        return {
            "pixel": self.pixel,
            "scene": self.scene,
            "sample": self.sample,
            "refinement": self.refinement,
        }

    def with_files(self, files: Mapping[str, str]) -> Manifest:
        """Return a copy with other file hashes."""
        return replace(self, files=dict(files))

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as a JSON object."""
        created = self.created.astimezone(timezone.utc).strftime(TIME_FORMAT)
        version = self._format_version()
        record = None if self.belongs is None else self.belongs.to_json()
        belongs = {"belongs": record} if record or version == REFINED_VERSION else {}
        return {
            "format_version": version,
            "name": self.name,
            "sensor": self.sensor,
            "description": self.description,
            "created": created,
            "networks": {
                which: None if network is None else network.to_json()
                for which, network in self.networks().items()
                if which in ("pixel", "scene") or network is not None
            },
            "training": self.training.to_json(),
            "domain": {k: [float(low), float(high)] for k, (low, high) in self.domain.items()},
            "scores": [score.to_json() for score in self.scores],
            "uncertainty": self.uncertainty.to_json(),
            "software": dict(self.software),
            "licence": self.licence,
            "files": dict(self.files),
            "extra": dict(self.extra),
            **belongs,
        }

    def _format_version(self) -> int:
        if self.refinement is not None:
            return REFINED_VERSION
        if self.belongs is None:
            return FORMAT_VERSION
        return BELONGS_VERSION if self.belongs.period is None else PERIOD_VERSION

    def to_bytes(self) -> bytes:
        """Return the bytes of manifest.json: UTF-8, indented, the same for the same manifest.

        Raises
        ------
        BundleIntegrityError
            If `extra` holds what JSON can't, or the whole is beyond 1 MB.
        """
        try:
            text = json.dumps(self.to_json(), indent=1, allow_nan=False, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise BundleIntegrityError(f"manifest: can't be written as JSON ({error})") from None
        data = (text + "\n").encode("utf-8")
        if len(data) > MAX_MANIFEST_BYTES:
            raise BundleIntegrityError(f"manifest: {len(data)} bytes, limit {MAX_MANIFEST_BYTES}")
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read the bytes of manifest.json.

        Raises
        ------
        BundleVersionError
            If the format version is not one that this software knows.
        BundleIntegrityError
            If it is malformed in any way.
        """
        if len(data) > MAX_MANIFEST_BYTES:
            raise BundleIntegrityError(f"manifest: larger than {MAX_MANIFEST_BYTES} bytes")
        fields = Fields(strict_json.parse(data, "manifest"), "manifest")
        version = fields.take("format_version", int)
        if version not in range(FORMAT_VERSION, REFINED_VERSION + 1):
            raise BundleVersionError(
                f"manifest: format version {version}, this software reads {FORMAT_VERSION} to "
                f"{REFINED_VERSION}; update AKKD or take a bundle made for this version"
            )
        networks = _networks(fields.take("networks", dict), version)
        belongs = _belongs(fields, version)
        manifest = cls(
            name=fields.take("name", str),
            sensor=fields.take("sensor", str),
            description=fields.take("description", str),
            created=utc_time(fields.take("created", str), "manifest: created"),
            pixel=networks["pixel"],
            scene=networks.get("scene"),
            training=Training.from_json(fields.take("training", dict)),
            domain=_domain(fields.take("domain", dict)),
            scores=tuple(Score.from_json(item) for item in fields.take("scores", list)),
            uncertainty=Uncertainty.from_json(fields.take("uncertainty", dict)),
            software=_texts(fields.take("software", dict), "software"),
            licence=fields.take("licence", str),
            files=_texts(fields.take("files", dict), "files"),
            extra=fields.take("extra", dict),
            belongs=belongs,
            sample=networks.get("sample"),
            refinement=networks.get("refinement"),
        )
        fields.done()
        return manifest


def make_manifest(
    name: str,
    *,
    pixel_network: Network,
    scene_network: Network | None = None,
    sample_network: Network | None = None,
    refinement_network: Network | None = None,
    units: Mapping[str, str],
    description: str,
    training: Training,
    sensor: str = "ASTER TIR",
    pixel_architecture: Architecture | None = None,
    scene_architecture: Architecture | None = None,
    domain: Mapping[str, tuple[float, float]] | None = None,
    scores: Sequence[Score] = (),
    error_table: ErrorTable | None = None,
    uncertainty_method: str = "none",
    software: Mapping[str, str] | None = None,
    licence: str = "GPL-2.0-or-later",
    extra: Mapping[str, Any] | None = None,
    created: datetime | None = None,
    belongs: Belongs | None = None,
) -> Manifest:
    """Describe networks in a manifest.

    Parameters
    ----------
    name, description, sensor, training, domain, scores, licence, extra
        As in `Manifest`.
    pixel_network, scene_network, sample_network, refinement_network : Network
        What is described.
    units : mapping of str to str
        Unit of each input and output of all networks by name.
    pixel_architecture, scene_architecture : Architecture, optional
        How they were trained; the hidden layers must be those of the network.
    error_table : ErrorTable, optional
        The table that goes into the bundle.
    uncertainty_method : str
        How the table was found, in words.
    software : mapping, optional
        Versions beside those of AKKD and numpy, which are always recorded.
    created : datetime, optional
        Aware; now unless given.
    belongs : Belongs, optional
        As in `Manifest`; `akkd_core.joint.belonging.belongs_of` makes it.

    Raises
    ------
    BundleIntegrityError
        If a unit is missing or a value is malformed.
    BundleMismatchError
        If an architecture isn't that of its network.
    """
    time = created or datetime.now(timezone.utc)
    shape = None
    if error_table is not None:
        n_out, n_t, n_tau = error_table.sigma.shape
        shape = (n_out, n_t, n_tau)
    scene, sample, refinement = (
        None if network is None else NetworkSpec.of(network, units, architecture)
        for network, architecture in (
            (scene_network, scene_architecture),
            (sample_network, None),
            (refinement_network, None),
        )
    )
    return Manifest(
        name=name,
        sensor=sensor,
        description=description,
        created=time.astimezone(timezone.utc).replace(microsecond=0),
        pixel=NetworkSpec.of(pixel_network, units, pixel_architecture),
        scene=scene,
        training=training,
        domain=dict(domain or {}),
        scores=tuple(scores),
        uncertainty=Uncertainty(uncertainty_method, shape),
        software={"akkd": __version__, "numpy": np.__version__, **dict(software or {})},
        licence=licence,
        extra=dict(extra or {}),
        belongs=belongs,
        sample=sample,
        refinement=refinement,
    )


def _networks(value: Mapping[str, Any], version: int) -> dict[str, NetworkSpec]:
    """Read the networks that a version of the format has, those that are there."""
    fields = Fields(value, "manifest networks")
    found = {"pixel": fields.take("pixel", dict), "scene": fields.take("scene", (dict, type(None)))}
    if version == REFINED_VERSION:
        found |= {which: fields.take(which, dict) for which in ("sample", "refinement")}
    fields.done()
    return {
        which: NetworkSpec.from_json(network, f"{which} network")
        for which, network in found.items()
        if network is not None
    }


def _belongs(fields: Fields, version: int) -> Belongs | None:
    """Take the member of that name, which all versions but the first have."""
    if version == FORMAT_VERSION:
        return None
    if version != REFINED_VERSION:
        return Belongs.from_json(fields.take("belongs", dict), dated=version == PERIOD_VERSION)
    value = fields.take("belongs", (dict, type(None)))
    return None if value is None else Belongs.from_json(value, dated="period" in value)


def _domain(value: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    result = {}
    for name, pair in value.items():
        numbers = isinstance(pair, list) and len(pair) == 2
        if not numbers or not all(type(v) in (int, float) for v in pair):
            raise BundleIntegrityError(f"manifest: domain of {name[:40]} must be two numbers")
        result[name] = (float(pair[0]), float(pair[1]))
    return result


def _texts(value: Mapping[str, Any], what: str) -> dict[str, str]:
    if not all(isinstance(text, str) for text in value.values()):
        raise BundleIntegrityError(f"manifest: {what} must hold texts only")
    return dict(value)
