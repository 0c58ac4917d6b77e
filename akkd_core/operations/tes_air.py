"""The atmosphere that TES is told to use: what the user's words mean, what it is for a scene."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from akkd_core.errors import InputError, ParameterError
from akkd_core.images import Scene
from akkd_core.inference.product import ProductProvenance
from akkd_core.inference.product_files import TES
from akkd_core.operations.known_air import AirSources, SceneAirFacts, one_value, read_air
from akkd_core.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from akkd_core.bundle import ModelBundle
    from akkd_core.inference.context import SceneContext
    from akkd_core.inference.pixel_sample import TakeSample
    from akkd_core.inference.tes_retriever import TesSource
    from akkd_core.inference.windows import Window
    from akkd_core.readers.ast_09t import SurfaceRadiance
    from akkd_core.simulation.atmospheres import AtmosphereTable
    from akkd_core.simulation.scenes import Atmosphere

_TCWV = "tcwv="
_SAME_SCENE_S = 60.0
NO_ERRORS = "not given: TES has no errors of its own"


@dataclass(frozen=True)
class Known:
    """What the user says of the air beside the choice of it; None where nothing.

    Parameters
    ----------
    tcwv, t_air, elevation : str or None
        As in `akkd_core.operations.known_air.AirSources`.
    """

    tcwv: str | None = None
    t_air: str | None = None
    elevation: str | None = None

    def refuse(self, beside: str, *useful: str) -> None:
        """Raise ParameterError for what the chosen atmosphere has no use for."""
        options = {"tcwv": "--tcwv", "t_air": "--t-air", "elevation": "--elevation"}
        for name, option in options.items():
            if name not in useful and getattr(self, name) is not None:
                raise ParameterError(
                    f"{option}: tells nothing beside {beside}. drop it"
                )


@dataclass(frozen=True)
class SceneAir:
    """The atmosphere of one scene.

    Parameters
    ----------
    source : TesSource
    text : str
        What it is, in words.
    ancillary : mapping of str to float or None
    model_name, model_sha256 : str or None
        Of the bundle that predicted it.
    facts : mapping of str to str
        Sources and methods of what was known.
    """

    source: TesSource
    text: str
    ancillary: Mapping[str, float | None] = field(default_factory=dict)
    model_name: str | None = None
    model_sha256: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def provenance(self, extra: Mapping[str, str]) -> ProductProvenance:
        """Provenance of a TES product made with it."""
        return ProductProvenance(
            self.model_name, self.model_sha256, NO_ERRORS, self.ancillary,
            {"atmosphere": self.text, **self.facts, **extra}, TES,
        )  # fmt: skip


class Air(Protocol):
    """A chosen atmosphere."""

    def of_scene(self, scene: Scene, progress: Progress) -> SceneAir:
        """Return what it is for a scene. Raises AkkdError."""


def _constant(
    air: Atmosphere,
    text: str,
    ancillary: Mapping[str, float | None],
    facts: Mapping[str, str] | None = None,
) -> SceneAir:
    from akkd_core.inference.context import SceneContext
    from akkd_core.inference.tes_retriever import AirSource

    context = SceneContext.of_air(
        air.transmittance, air.path_radiance, air.downwelling_radiance
    )
    source = AirSource(lambda statistics, window, sample: context)
    return SceneAir(source, text, ancillary, facts=facts or {})


def _tcwv_of(known: SceneAirFacts, spec: str) -> float:
    """Water vapour of a whole scene. Raises InputError where there is none."""
    tcwv = one_value(known.air).tcwv_kg_m2
    if tcwv is None:
        raise InputError(f"{spec}: has no water vapour over the scene. Give a number")
    return tcwv


@dataclass(frozen=True)
class RetrievedAir:
    """What a bundle's scene network predicts."""

    bundle: ModelBundle
    known: Known

    def of_scene(self, scene: Scene, progress: Progress) -> SceneAir:
        """Return what it is for a scene."""
        from akkd_core.inference.context import known_in, make_context
        from akkd_core.inference.tes_retriever import AirSource

        bundle = self.bundle
        known = read_air(AirSources(self.known.tcwv, self.known.t_air), scene, progress)
        source = AirSource(
            lambda statistics, window, sample: make_context(
                bundle, statistics, known_in(known.air, window), sample
            )
        )
        return SceneAir(
            source,
            f"retrieved by {bundle.name}",
            known.ancillary,
            bundle.name,
            hashlib.sha256(bundle.manifest.to_bytes()).hexdigest(),
            known.facts,
        )


@dataclass(frozen=True)
class TypicalAir:
    """Typical air of a water vapour, from the shipped training atmospheres."""

    tcwv: str
    known: Known

    def of_scene(self, scene: Scene, progress: Progress) -> SceneAir:
        """Return what it is for a scene."""
        from akkd_core.inference.context import SceneContext
        from akkd_core.inference.tes_retriever import AirSource
        from akkd_core.physics.scene_statistics import STATISTIC_NAMES
        from akkd_core.simulation.atmosphere_choice import atmosphere_near
        from akkd_core.simulation.atmospheres import shipped_atmospheres

        known = read_air(AirSources(self.tcwv, self.known.t_air), scene, progress)
        tcwv, given = _tcwv_of(known, self.tcwv), one_value(known.air).air_temperature_k
        table = shipped_atmospheres("train").of_split("train")
        warmth = STATISTIC_NAMES.index("mean_bt_13")

        def make(
            statistics: NDArray[np.float32], window: Window, sample: TakeSample
        ) -> SceneContext:
            air = atmosphere_near(
                table, tcwv, float(statistics[warmth]) if given is None else given
            )
            return SceneContext.of_air(
                air.transmittance, air.path_radiance, air.downwelling_radiance
            )

        return SceneAir(
            AirSource(make),
            f"typical of {tcwv:g} kg m-2 water vapour among the shipped training atmospheres",
            {"tcwv_kg_m2": tcwv, "air_temperature_k": given},
            facts=known.facts,
        )


@dataclass(frozen=True)
class ProfileAir:
    """A reference profile through LOWTRAN7."""

    name: str
    elevation: str | None

    def of_scene(self, scene: Scene, progress: Progress) -> SceneAir:
        """Return what it is for a scene, at its view angle."""
        from akkd_core.simulation.atmosphere_choice import reference_atmosphere

        known = read_air(AirSources(elevation=self.elevation), scene)
        ground = known.ancillary.get("elevation_m") or 0.0
        angle = abs(scene.metadata.view_zenith_deg or 0.0)
        air = reference_atmosphere(
            self.name, elevation_m=max(ground, 0.0), view_zenith_deg=angle, progress=progress
        )
        text = f"profile {self.name} from {max(ground, 0.0):g} m up, by LOWTRAN7"
        return _constant(air, text, {"tcwv_kg_m2": air.tcwv_kg_m2}, known.facts)


@dataclass(frozen=True)
class GivenProfile:
    """A profile of the user's through LOWTRAN7."""

    path: Path
    elevation: str | None

    def of_scene(self, scene: Scene, progress: Progress) -> SceneAir:
        """Return what it is for each window of a scene, at its view angle."""
        from akkd_core.inference.context import SceneContext, known_in
        from akkd_core.inference.tes_retriever import AirSource

        known = read_air(
            AirSources(profile=self.path, elevation=self.elevation), scene, progress
        )

        def make(
            statistics: NDArray[np.float32], window: Window, sample: TakeSample
        ) -> SceneContext:
            air = known_in(known.air, window).atmosphere
            assert air is not None
            return SceneContext.of_air(
                air.transmittance, air.path_radiance, air.downwelling_radiance
            )

        told = {key: value for key, value in known.ancillary.items() if value is not None}
        return SceneAir(
            AirSource(make), f"profile {self.path.name}, by LOWTRAN7", told, facts=known.facts
        )


@dataclass(frozen=True)
class TableAir:
    """A row of a table."""

    path: Path
    table: AtmosphereTable
    tcwv: str | None

    def of_scene(self, scene: Scene, progress: Progress) -> SceneAir:
        """Return what it is for a scene: the only row, or that of the nearest water vapour."""
        from akkd_core.simulation.atmosphere_choice import nearest_row
        from akkd_core.simulation.scenes import Atmosphere

        row, facts = 0, None
        if self.tcwv is not None:
            known = read_air(AirSources(self.tcwv), scene)
            row, facts = nearest_row(self.table, _tcwv_of(known, self.tcwv)), known.facts
        air = Atmosphere.of(self.table, row)
        text = f"{self.path.name}, row {row + 1} of {len(self.table)} ({self.table.profile[row]})"
        return _constant(air, text, {"tcwv_kg_m2": air.tcwv_kg_m2}, facts)


@dataclass(frozen=True)
class ProductAir:
    """AST_09T."""

    product: SurfaceRadiance

    def of_scene(self, scene: Scene, progress: Progress) -> SceneAir:
        """Return what it is for a scene. Raises InputError if it is of another acquisition."""
        from akkd_core.inference.tes_retriever import ProductSource

        product, metadata = self.product, scene.metadata
        if product.acquired_at is not None:
            apart = abs((product.acquired_at - metadata.acquired_at).total_seconds())
            if apart > _SAME_SCENE_S:
                raise InputError(
                    f"{product.name}: was acquired at {product.acquired_at:%Y-%m-%d %H:%M:%S}, "
                    f"{metadata.granule_id} at {metadata.acquired_at:%Y-%m-%d %H:%M:%S}. Give the "
                    "AST_09T of the same scene"
                )
        return SceneAir(ProductSource(product), f"AST_09T {product.name}")


def profile_air(path: Path, choice: str, known: Known, model: str | Path | None) -> Air:
    """Take a profile of the user's, and refuse what would fail in every scene.

    Parameters
    ----------
    path : Path
    choice : str
        Of the atmosphere, which has to be the default.
    known : Known
    model : path, optional

    Raises
    ------
    ParameterError
        If other options tell nothing beside it.
    AkkdError
        If it can't be used.
    """
    if choice != "retrieved" or model is not None:
        option = "--model" if choice == "retrieved" else "--atmosphere"
        raise ParameterError(f"{option}: tells nothing beside --profile. drop it")
    known.refuse(f"--profile {path.name}", "elevation")
    AirSources(profile=path, elevation=known.elevation).check()
    return GivenProfile(path, known.elevation)


def choose_air(choice: str, known: Known, model: str | Path | None) -> Air:
    """Understand the user's choice, and refuse what would fail in every scene.

    Parameters
    ----------
    choice : str
        ``retrieved``, ``tcwv=..``, a reference profile's name, or a path.
    known : Known
    model : path, optional
        Bundle, for ``retrieved``; by default the one that is shipped.

    Raises
    ------
    ParameterError
        If it is none of these, or other options tell nothing beside it.
    AkkdError
        If a file can't be used.
    """
    from akkd_core.simulation.atmosphere_choice import PROFILE_NAMES

    if choice != "retrieved" and model is not None:
        raise ParameterError("--model: tells nothing unless --atmosphere is retrieved. drop it")
    beside = f"--atmosphere {choice}"
    if choice == "retrieved":
        known.refuse(beside, "tcwv", "t_air")
        return _retrieved(known, model)
    if choice.startswith(_TCWV):
        known.refuse(beside, "t_air")
        AirSources(choice[len(_TCWV) :], known.t_air).check()
        return TypicalAir(choice[len(_TCWV) :], known)
    if choice in PROFILE_NAMES:
        known.refuse(beside, "elevation")
        AirSources(elevation=known.elevation).check()
        return ProfileAir(choice, known.elevation)
    if not Path(choice).exists():
        raise ParameterError(
            f"atmosphere {choice!r}: no such file, nor a choice. give retrieved, tcwv=NUMBER, a "
            f"table, an AST_09T granule, or a profile: {', '.join(PROFILE_NAMES)}"
        )
    return _of_path(Path(choice), known)


def _retrieved(known: Known, model: str | Path | None) -> RetrievedAir:
    from akkd_core.bundle import bundle_path, default_bundle_path, load_bundle
    from akkd_core.sensors import aster_tir

    AirSources(known.tcwv, known.t_air).check()
    bundle = load_bundle(bundle_path(model) if model is not None else default_bundle_path())
    bundle.require_sensor(aster_tir().name)
    if bundle.scene_network is None:
        raise ParameterError(
            f"bundle {bundle.name}: predicts no atmosphere (it has no scene network). give another "
            "--model, or another --atmosphere"
        )
    return RetrievedAir(bundle, known)


def _of_path(path: Path, known: Known) -> Air:
    from akkd_core.readers.ast_09t import is_ast_09t, open_ast_09t
    from akkd_core.simulation.atmospheres import load_atmospheres

    if is_ast_09t(path):
        known.refuse("--atmosphere AST_09T")
        return ProductAir(open_ast_09t(path))
    known.refuse(f"--atmosphere {path.name}", "tcwv")
    table = load_atmospheres(path)
    if known.tcwv is not None:
        AirSources(known.tcwv).check()
    elif len(table) != 1:
        raise ParameterError(
            f"{path}: holds {len(table)} atmospheres. give --tcwv to take the nearest one"
        )
    if not len(table):
        raise InputError(f"{path}: atmosphere table has no rows")
    return TableAir(path, table, known.tcwv)
