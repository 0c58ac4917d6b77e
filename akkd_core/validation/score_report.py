"""The report of held-out scores: as text, as JSON, and as a manifest's scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from akkd_core.bundle import Score
from akkd_core.simulation.training_set import TrainingSet
from akkd_core.validation.atmosphere_scores import QUANTITIES, AtmosphereScore
from akkd_core.validation.heldout import (
    MethodScore,
    bootstrap_standard_error,
    score_by_class,
)

_NAME_WIDTH = 54
_HEADER = (
    f"{'method':<{_NAME_WIDTH}}{'LST MAE':>9}{'+-':>7}{'RMSE':>7}{'bias':>7}{'PCC':>8}"
    f"{'|scene|':>9}{'LSE MAE':>9}{'RMSE':>8}{'PCC':>7}"
)


@dataclass(frozen=True)
class ScoreReport:
    """Scores of several methods on the same scenes.

    Parameters
    ----------
    scenes : TrainingSet
    methods : tuple of MethodScore
        The first is the one that is judged.
    variants : mapping of str to tuple of MethodScore
        Scores on scenes of other recipes.
    seed : int
        Of the scenes.
    atmosphere : tuple of AtmosphereScore
        Of the first method's scene network.
    """

    scenes: TrainingSet
    methods: tuple[MethodScore, ...]
    variants: Mapping[str, tuple[MethodScore, ...]]
    seed: int = 0
    atmosphere: tuple[AtmosphereScore, ...] = ()

    @property
    def description(self) -> str:
        """What the scores were measured on, in words."""
        profiles = len(set(self.scenes.profile.tolist()))
        return (
            f"{len(self.scenes)} simulated scenes, NEdT 0.3 K, 12-bit counts, air of {profiles} "
            f"ECMWF profiles and materials that nothing was trained on (seed {self.seed})"
        )

    def text(self) -> str:
        """Return the report as tables."""
        lines = [
            f"Held-out scores: {self.description}.",
            "LST in K. MAE: mean over scenes of the scene's MAE, +- its standard error by profile;",
            "RMSE, bias, PCC of all pixels (LSE: mean over bands); |scene|: mean absolute scene "
            "bias.",
            "",
            _HEADER,
            *(self._line(score) for score in self.methods),
        ]
        for label, scores in self.variants.items():
            lines += ["", f"Variant: {label}", _HEADER, *(self._line(score) for score in scores)]
        for score in self.methods[:1]:
            lines += ["", f"{score.method}, by class:"]
            lines += [
                f"  {part.kind:<22}{part.label:<8}{part.scenes:>5} scenes  LST MAE "
                f"{part.lst_mae:6.3f}  bias {part.lst_bias:+6.3f}  LSE MAE {part.lse_mae:.4f}"
                for part in score_by_class(score, self.scenes)
                if part.scenes
            ]
        if self.atmosphere:
            lines += ["", f"{self.methods[0].method}, its atmosphere, bands 10-14 (MAE; bias):"]
            lines += [self._atmosphere_line(quantity) for quantity in QUANTITIES]
        return "\n".join(lines) + "\n"

    def _atmosphere_line(self, quantity: str) -> str:
        found = [score.metrics for score in self.atmosphere if score.quantity == quantity]
        mae = " ".join(f"{m.mae:6.3f}" for m in found)
        bias = " ".join(f"{m.bias:+6.3f}" for m in found)
        return f"  {quantity:<22}{mae}  ; {bias}"

    def _line(self, score: MethodScore) -> str:
        error = bootstrap_standard_error(score.scene_lst_mae, self.scenes.profile)
        lse = f"{'-':>9}{'-':>8}{'-':>7}"
        if score.lse:
            rmse = np.mean([band.rmse for band in score.lse])
            pcc = np.mean([band.pcc for band in score.lse])
            lse = f"{score.lse_mae:>9.4f}{rmse:>8.4f}{pcc:>7.3f}"
        failed = f"  ({score.failed_share:.1%} of pixels failed)" if score.failed_share else ""
        return (
            f"{score.method:<{_NAME_WIDTH}}{score.lst_mae:>9.3f}{error:>7.3f}{score.lst.rmse:>7.3f}"
            f"{score.lst.bias:>+7.2f}{score.lst.pcc:>8.4f}{score.mean_absolute_scene_bias:>9.3f}"
            f"{lse}{failed}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object; null where a figure is undefined."""
        variants = {
            label: [self._method_json(score, None) for score in scores]
            for label, scores in self.variants.items()
        }
        methods = [self._method_json(score, self.scenes) for score in self.methods]
        return {
            "measured_on": self.description,
            "scenes": len(self.scenes),
            "seed": self.seed,
            "methods": methods,
            "atmosphere": [
                {"quantity": part.quantity, "band": part.band, **part.metrics.to_json()}
                for part in self.atmosphere
            ],
            "variants": variants,
        }

    def _method_json(self, score: MethodScore, scenes: TrainingSet | None) -> dict[str, Any]:
        profile = self.scenes.profile
        facts: dict[str, Any] = {
            "method": score.method,
            "lst_mae_k": score.lst_mae,
            "lst_mae_standard_error_k": bootstrap_standard_error(score.scene_lst_mae, profile),
            "lst_mean_absolute_scene_bias_k": score.mean_absolute_scene_bias,
            "lst": score.lst.to_json(),
            "lse_mae": _number(score.lse_mae),
            "lse_mae_standard_error": _number(
                bootstrap_standard_error(score.scene_lse_mae, profile)
            ),
            "lse": {
                str(band): part.to_json()
                for band, part in zip(range(10, 15), score.lse, strict=False)
            },
            "failed_share": score.failed_share,
        }
        if scenes is not None:
            facts["by_class"] = [
                {k: _number(v) for k, v in asdict(part).items()}
                for part in score_by_class(score, scenes)
            ]
        return facts

    def manifest_scores(self) -> tuple[Score, ...]:
        """Scores of the first method, for a bundle's manifest."""
        score = self.methods[0]
        found = [
            Score("lst mae", score.lst_mae, "K", self.description),
            Score("lst rmse", score.lst.rmse, "K", self.description),
            Score("lst bias", score.lst.bias, "K", self.description),
            Score("lst pcc", score.lst.pcc, "1", self.description),
            Score(
                "lst mean absolute scene bias",
                score.mean_absolute_scene_bias,
                "K",
                self.description,
            ),
        ]
        if score.lse:
            rmse = float(np.mean([band.rmse for band in score.lse]))
            found += [
                Score("lse mae", score.lse_mae, "1", self.description),
                Score("lse rmse", rmse, "1", self.description),
            ]
        for label, scores in self.variants.items():
            where = f"{self.description}; {label}"
            found += [
                Score("lst mae", part.lst_mae, "K", where)
                for part in scores
                if part.method == score.method
            ]
        return tuple(found)


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
