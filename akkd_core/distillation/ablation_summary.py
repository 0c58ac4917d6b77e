"""An ablation over scenes and seeds in a few numbers, with intervals over scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.distillation.ablation import SMALL
from akkd_core.distillation.mixing import Mixing, MixingSummary, summarise
from akkd_core.distillation.scoring import KINDS, REFERENCES
from akkd_core.errors import ParameterError

QUANTITIES = {"lst": "K", "lse": "1"}
"""What is summarised, with its unit; ``lse`` is the mean over the bands."""

LEVEL = 0.95
RESAMPLES = 10_000

Rows = Sequence[Mapping[str, Any]]
"""Results of `ablate_scene`, with ``scene`` and ``seed``."""


@dataclass(frozen=True)
class Interval:
    """A value and its bootstrap interval of 95 % over scenes; NaN bounds with one scene."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Entry:
    """One variant's scores of one quantity against one reference, means over scenes.

    Parameters
    ----------
    variant, quantity, reference : str
    scenes : int
    mae : Interval
        In the quantity's unit.
    gain : Interval
        By how much the MAE is less than the small model's, %, on the same scenes; negative where
        it is more.
    better_scenes : int
        Scenes on which it is less.
    absolute_bias, rmse, pcc : float
        Means over scenes.
    """

    variant: str
    quantity: str
    reference: str
    scenes: int
    mae: Interval
    gain: Interval
    better_scenes: int
    absolute_bias: float
    rmse: float
    pcc: float

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object, null where undefined."""
        plain: dict[str, Any] = _finite(asdict(self))
        return plain


def entries(rows: Rows, without: Sequence[str] = ()) -> tuple[Entry, ...]:
    """Summarise an ablation; a scene's value is the mean over its seeds.

    Parameters
    ----------
    rows : sequence of dict
    without : sequence of str
        Scenes to leave out, such as those that a choice was made on.

    Raises
    ------
    ParameterError
        If no scene is left.
    """
    kept = [row for row in rows if row["scene"] not in without]
    if not kept:
        raise ParameterError("ablation: no scene to summarise")
    names = list(kept[0]["scores"])
    found = []
    for reference in REFERENCES:
        for quantity in QUANTITIES:
            small = _table(kept, SMALL, quantity, reference)
            for name in names:
                table = _table(kept, name, quantity, reference)
                if small is not None and table is not None:
                    found.append(_entry(name, quantity, reference, table, small))
    return tuple(found)


def mixing_summary(rows: Rows, quantity: str, own: str) -> MixingSummary | None:
    """Summarise what mixing ``own`` (labels or small) with the teacher gains at best.

    Parameters
    ----------
    rows : sequence of dict
    quantity : {'lst', 'lse'}
        For ``lse`` every band of a scene counts as one.
    own : {'labels', 'small', 'ceiling'}
        With ``ceiling`` small models are mixed with models of the true air's labels instead.

    Returns
    -------
    MixingSummary or None
        None where no truth is known.
    """
    found: dict[tuple[str, str], list[Mixing]] = {}
    for row in rows:
        for target, by_own in row["mixing"].items():
            if target.split("_")[0] == quantity and own in by_own:
                values = dict(by_own[own])
                mixing = Mixing(**{**values, "mae": tuple(values["mae"])})
                found.setdefault((row["scene"], target), []).append(mixing)
    if not found:
        return None
    return summarise([_mean_mixing(seeds) for seeds in found.values()])


@dataclass(frozen=True)
class Told:
    """Predicted errors beside true ones, means over scenes.

    Parameters
    ----------
    variant, quantity : str
    sigma, mae : float
        Predicted one-sigma error and absolute error, the quantity's unit.
    within_scenes, over_scenes : float
        Correlation of sigma with the absolute error of pixels of a scene, and of their means over
        scenes; NaN with less than three, and where one of both doesn't vary.
    covered : float
        Share of errors within one sigma.
    """

    variant: str
    quantity: str
    sigma: float
    mae: float
    within_scenes: float
    over_scenes: float
    covered: float

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object, null where undefined."""
        plain: dict[str, Any] = _finite(asdict(self))
        return plain


def told(rows: Rows) -> tuple[Told, ...]:
    """Summarise predicted errors; empty without any."""
    known = [row["told"] for row in rows if "told" in row]
    found = []
    for name in known[0] if known else ():
        for quantity in QUANTITIES:
            scenes: dict[str, list[list[float]]] = {}
            for row in rows:
                for target, one in row.get("told", {}).get(name, {}).items():
                    if target.split("_")[0] == quantity:
                        values = [one[k] for k in ("mean", "mae", "correlation", "within")]
                        scenes.setdefault(row["scene"], []).append(
                            [np.nan if v is None else v for v in values]
                        )
            if scenes:
                table = np.array([_known_mean(values) for values in scenes.values()])
                sigma, mae, _, covered = (float(v) for v in table.mean(axis=0))
                within, over = float(_known_mean(table)[2]), _correlation(table[:, 0], table[:, 1])
                found.append(Told(name, quantity, sigma, mae, within, over, covered))
    return tuple(found)


def _known_mean(values: ArrayLike) -> NDArray[np.float64]:
    """Column means without NaN, which stands where all are NaN."""
    table = np.asarray(values, dtype=np.float64)
    count = np.isfinite(table).sum(axis=0)
    means: NDArray[np.float64] = np.where(
        count > 0, np.nansum(table, axis=0) / np.maximum(count, 1), np.nan
    )
    return means


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Correlation over scenes; NaN of less than three, or where one doesn't vary."""
    if len(a) < 3 or not (np.ptp(a) > 0 and np.ptp(b) > 0):
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _mean_mixing(seeds: Sequence[Mixing]) -> Mixing:
    """Mean over seeds, each of other held-out blocks of one scene."""
    names = (
        "own_bias", "teacher_bias", "own_square", "teacher_square", "product", "correlation",
    )  # fmt: skip
    means = {name: float(np.mean([getattr(one, name) for one in seeds])) for name in names}
    mae = np.mean([one.mae for one in seeds], axis=0)
    return Mixing(n=sum(one.n for one in seeds), mae=tuple(mae.tolist()), **means)


def _table(rows: Rows, name: str, quantity: str, reference: str) -> NDArray[np.float64] | None:
    """Scores by scene and kind, mean over seeds and bands; None where there are none."""
    scenes: dict[str, list[list[float]]] = {}
    for row in rows:
        targets = [t for t in row["scores"][name] if t.split("_")[0] == quantity]
        for target in targets:
            if reference in (by_reference := row["scores"][name][target]):
                scores = by_reference[reference]
                values = [np.nan if scores[kind] is None else scores[kind] for kind in KINDS]
                values[KINDS.index("bias")] = abs(values[KINDS.index("bias")])
                scenes.setdefault(row["scene"], []).append(values)
    if not scenes:
        return None
    return np.array([np.mean(values, axis=0) for values in scenes.values()])


def _entry(
    name: str,
    quantity: str,
    reference: str,
    table: NDArray[np.float64],
    small: NDArray[np.float64],
) -> Entry:
    column = KINDS.index("mae")
    mae, before = table[:, column], small[:, column]
    drawn = np.random.default_rng(0).integers(0, len(mae), (RESAMPLES, len(mae)))
    means, means_before = mae[drawn].mean(axis=1), before[drawn].mean(axis=1)
    single = len(mae) < 2
    return Entry(
        variant=name,
        quantity=quantity,
        reference=reference,
        scenes=len(mae),
        mae=_interval(float(mae.mean()), means, single),
        gain=_interval(_gain(mae.mean(), before.mean()), _gain(means, means_before), single),
        better_scenes=int((mae < before).sum()),
        absolute_bias=float(table[:, KINDS.index("bias")].mean()),
        rmse=float(table[:, KINDS.index("rmse")].mean()),
        pcc=float(table[:, KINDS.index("pcc")].mean()),
    )


def _gain(mae: Any, before: Any) -> Any:
    return 100.0 * (before - mae) / before


def _interval(value: float, drawn: NDArray[np.float64], single: bool) -> Interval:
    if single:
        return Interval(value, np.nan, np.nan)
    low, high = np.quantile(drawn, (0.5 - LEVEL / 2, 0.5 + LEVEL / 2))
    return Interval(float(value), float(low), float(high))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
