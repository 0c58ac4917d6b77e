"""TES on spectra of real materials under a perfect atmosphere, against its published performance.

Gillespie et al. 1998: within 1.5 K and 0.015 over most scenes, well calibrated and corrected. The
materials are those of the shipped library, flat as measured, and rough as they lie in nature: a
canopy of leaves, litter, uneven ground, each in the middle of the scene generator's range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.physics.planck import broadcast_band_radiance
from akkd_core.physics.tes import TesQuality, TesSettings, temperature_emissivity_separation
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.simulation.atmospheres import AtmosphereTable, shipped_atmospheres
from akkd_core.simulation.materials import all_materials, cavity_emissivity
from akkd_core.simulation.scenes import noise_radiance

Array = NDArray[np.float64]

LST_LIMIT_K, LSE_LIMIT = 1.5, 0.015
"""Published performance."""

HUMIDITIES = {"dry": (0.0, 15.0), "moist": (15.0, 35.0), "humid": (35.0, 100.0)}
"""Classes of total column water vapour, kg m-2."""

WARMER_K = (0.0, 10.0, 20.0)
"""Ground minus air, K."""

NATURAL = "all natural, rough"

STANDARD = TesSettings()

_CAVITY = {"vegetation": 0.425, "nonphotosyntheticvegetation": 0.3, "soil": 0.125, "rock": 0.125}
_ROUGH_NAMES = {
    "vegetation": "vegetation, canopy",
    "nonphotosyntheticvegetation": "dry vegetation, litter",
    "soil": "soil, rough",
    "rock": "rock, rough",
    "water": "water",
    "snow": "snow and ice",
}
_FLAT_NAMES = {
    "vegetation": "vegetation, single leaves",
    "nonphotosyntheticvegetation": "dry vegetation, flat",
    "soil": "soil, flat",
    "rock": "rock, flat",
    "manmade": "man-made",
}
_CONTRASTS = {
    "natural, MMD < 0.01": (0.0, 0.01),
    "natural, MMD 0.01-0.03": (0.01, 0.03),
    "natural, MMD 0.03-0.1": (0.03, 0.1),
    "natural, MMD > 0.1": (0.1, 1.0),
}
_AIR_LEAST_K = 255.0
_EVERY = 4


@dataclass(frozen=True)
class SpectraScore:
    """How TES does on one group of materials under one class of humidity.

    Parameters
    ----------
    group, humidity : str
    materials : int
    lst_mae_k, lst_bias_k : float
        K.
    lst_within : float
        Share within 1.5 K, 0-1.
    lse_mae, lse_bias : float
        Over all bands.
    lse_within : float
        Share within 0.015, 0-1.
    not_converged : float
        Share whose reflected sky could not be removed, 0-1.
    failed : float
        Share without a temperature, 0-1; the other figures are of the rest.
    """

    group: str
    humidity: str
    materials: int
    lst_mae_k: float
    lst_bias_k: float
    lst_within: float
    lse_mae: float
    lse_bias: float
    lse_within: float
    not_converged: float
    failed: float


@dataclass(frozen=True)
class SpectraReport:
    """Scores of all groups and humidities.

    Parameters
    ----------
    scores : tuple of SpectraScore
    nedt_k : float
    """

    scores: tuple[SpectraScore, ...]
    nedt_k: float

    def text(self) -> str:
        """Return the report as a table."""
        noise = "no noise" if self.nedt_k == 0 else f"NEdT {self.nedt_k:g} K"
        lines = [
            f"TES on spectra of real materials, perfect atmosphere, {noise}. Within: share of "
            f"errors up to {LST_LIMIT_K} K and {LSE_LIMIT}.",
            f"{'group':<27}{'n':>5}  {'air':<6}{'LST MAE':>8}{'bias':>7}{'within':>8}"
            f"{'LSE MAE':>9}{'bias':>9}{'within':>8}{'no conv.':>10}",
        ]
        lines += [
            f"{s.group:<27}{s.materials:>5}  {s.humidity:<6}"
            f"{s.lst_mae_k:>8.2f}{s.lst_bias_k:>+7.2f}{s.lst_within:>8.1%}{s.lse_mae:>9.4f}{s.lse_bias:>+9.4f}{s.lse_within:>8.1%}"
            f"{s.not_converged + s.failed:>10.1%}"
            for s in self.scores
        ]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"nedt_k": self.nedt_k, "scores": [asdict(score) for score in self.scores]}


def surfaces() -> tuple[Array, dict[str, NDArray[np.bool_]]]:
    """Return spectra, float64 (5, n), and the groups they are scored in, masks (n,) by name."""
    table = all_materials()
    flat = table.lse.T.astype(np.float64)
    cavity = np.array([_CAVITY.get(kind, 0.0) for kind in table.kind])
    rough = np.stack(
        [cavity_emissivity(lse, c) for lse, c in zip(flat.T, cavity, strict=True)], axis=1
    )
    kind = np.array(table.kind)
    none = np.zeros(kind.size, dtype=bool)
    natural = kind != "manmade"
    ratio = rough / rough.mean(axis=0)
    contrast = np.ptp(ratio, axis=0)
    groups = {NATURAL: np.concatenate([none, natural])}
    for name, (low, high) in _CONTRASTS.items():
        groups[name] = np.concatenate([none, natural & (contrast >= low) & (contrast < high)])
    for one, name in _ROUGH_NAMES.items():
        groups[name] = np.concatenate([none, kind == one])
    for one, name in _FLAT_NAMES.items():
        groups[name] = np.concatenate([kind == one, none])
    return np.concatenate([flat, rough], axis=1), groups


def score_spectra(
    settings: TesSettings = STANDARD,
    *,
    nedt_k: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> SpectraReport:
    """Separate every material under every class of air.

    Parameters
    ----------
    settings : TesSettings
    nedt_k : float
        Noise at 300 K, K; 0 for none.
    seed : int
        Of the noise.
    progress : Progress, optional

    Returns
    -------
    SpectraReport

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    truth, groups = surfaces()
    rng = np.random.default_rng(seed)
    scores: list[SpectraScore] = []
    for number, (humidity, air) in enumerate(_airs()):
        runs = []
        for row in range(len(air)):
            checkpoint(report, (number + row / len(air)) / len(HUMIDITIES), humidity)
            runs += [_run(truth, air, row, warmer, settings, nedt_k, rng) for warmer in WARMER_K]
        lst, lse, quality = (np.stack(part) for part in zip(*runs, strict=True))
        scores += [
            _score(group, humidity, lst[:, mask], lse[:, :, mask], quality[:, mask])
            for group, mask in groups.items()
        ]
    order = list(groups)
    scores.sort(key=lambda score: order.index(score.group))
    report.update(1.0, "scored")
    return SpectraReport(tuple(scores), nedt_k)


def _airs() -> Iterator[tuple[str, AtmosphereTable]]:
    """Every fourth judging atmosphere of each humidity that isn't polar."""
    table = shipped_atmospheres("judge")
    mild = table.select(table.air_temperature_k > _AIR_LEAST_K)
    for name, (low, high) in HUMIDITIES.items():
        of_class = (mild.tcwv_kg_m2 >= low) & (mild.tcwv_kg_m2 < high)
        yield name, mild.select(np.flatnonzero(of_class)[::_EVERY])


def _run(
    truth: Array,
    air: AtmosphereTable,
    row: int,
    warmer_k: float,
    settings: TesSettings,
    nedt_k: float,
    rng: np.random.Generator,
) -> tuple[Array, Array, NDArray[np.uint8]]:
    """Errors of temperature (n,) and emissivity (5, n), and quality (n,)."""
    lst = np.full(truth.shape[1], float(air.air_temperature_k[row]) + warmer_k)
    sky = air.downwelling_radiance[row].astype(np.float64)
    ground = truth * broadcast_band_radiance(lst) + (1.0 - truth) * sky[:, None]
    noise = noise_radiance(nedt_k) / air.transmittance[row].astype(np.float64)
    if nedt_k > 0:
        ground += noise[:, None] * rng.standard_normal(ground.shape)
    found = temperature_emissivity_separation(ground, sky, nedl=noise, settings=settings)
    return found.lst - lst, found.lse - truth, found.quality


def _score(
    group: str, humidity: str, lst: Array, lse: Array, quality: NDArray[np.uint8]
) -> SpectraScore:
    failed = quality == TesQuality.FAILED
    lst_error, lse_error = lst[~failed], np.moveaxis(lse, 1, 0)[:, ~failed]
    return SpectraScore(
        group,
        humidity,
        int(quality.shape[1]),
        float(np.abs(lst_error).mean()),
        float(lst_error.mean()),
        float((np.abs(lst_error) <= LST_LIMIT_K).mean()),
        float(np.abs(lse_error).mean()),
        float(lse_error.mean()),
        float((np.abs(lse_error) <= LSE_LIMIT).mean()),
        float((quality == TesQuality.NOT_CONVERGED).mean()),
        float(failed.mean()),
    )
