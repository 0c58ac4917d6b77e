"""A product against the truth of a simulated granule, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from akkd_core.errors import GridMismatchError, InputError
from akkd_core.images import TIR_BANDS
from akkd_core.inference.product import product_paths
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.raster import RasterReader, open_raster
from akkd_core.validation.metrics import Metrics, RunningMetrics

TRUTH_BANDS = ("LST", *(f"Emis{band}" for band in TIR_BANDS))
"""Bands of a truth raster, in order: K and 0-1."""

_WINDOW = 512
_GRID_TOLERANCE_M = 0.01
_LST_SUFFIX = "_LST.tif"


@dataclass(frozen=True)
class TruthReport:
    """How near a product is to the truth.

    Parameters
    ----------
    scene_id : str
    truth : str
        Name of the truth's file.
    metrics : mapping of str to Metrics
        By band name: LST, K; Emis10 to Emis14, 0-1.
    within_error : mapping of str to float
        Share of pixels whose error is within the product's 1-sigma error, 0-1.
    retrieved_share : float
        Share of the truth's pixels that the product has a temperature for, 0-1.
    """

    scene_id: str
    truth: str
    metrics: dict[str, Metrics]
    within_error: dict[str, float]
    retrieved_share: float

    @property
    def lse_mae(self) -> float:
        """Mean over the bands of the mean absolute LSE error."""
        return float(np.mean([self.metrics[name].mae for name in TRUTH_BANDS[1:]]))

    def text(self) -> str:
        """Return the report as a table."""
        lines = [
            f"{self.scene_id} against {self.truth}: {self.retrieved_share:.2%} of the truth's "
            "pixels retrieved",
            f"{'':<8}{'n':>10}{'bias':>10}{'MAE':>9}{'RMSE':>9}{'robust SD':>11}{'PCC':>9}"
            f"{'R2':>9}{'in 1 sigma':>12}",
        ]
        for name, m in self.metrics.items():
            digits = 3 if name == "LST" else 4
            inside = self.within_error.get(name)
            share = "-" if inside is None else f"{inside:.1%}"
            lines.append(
                f"{name:<8}{m.n:>10}{m.bias:>+10.{digits}f}{m.mae:>9.{digits}f}"
                f"{m.rmse:>9.{digits}f}{m.robust_sd:>11.{digits}f}{m.pcc:>9.4f}{m.r2:>9.4f}"
                f"{share:>12}"
            )
        lines.append(f"mean LSE MAE over the bands: {self.lse_mae:.4f}")
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "scene_id": self.scene_id,
            "truth": self.truth,
            "retrieved_share": self.retrieved_share,
            "lse_mae": self.lse_mae if np.isfinite(self.lse_mae) else None,
            "bands": {
                name: {**m.to_json(), "within_error": self.within_error.get(name)}
                for name, m in self.metrics.items()
            },
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return the report as rows for a CSV, one per band."""
        return [
            {
                "scene_id": self.scene_id,
                "band": name,
                **m.to_json(),
                "within_error": self.within_error.get(name),
            }
            for name, m in self.metrics.items()
        ]


def find_scene_id(product: str | Path) -> tuple[str, Path]:
    """Scene id and folder of a product.

    Parameters
    ----------
    product : path
        Its folder, or its ``G_LST.tif``.

    Raises
    ------
    InputError
        If there is no product, or more than one.
    """
    path = Path(product)
    if path.is_file() and path.name.endswith(_LST_SUFFIX):
        return path.name[: -len(_LST_SUFFIX)], path.parent
    if not path.is_dir():
        raise InputError(f"{path}: no product. give the folder of a product or its G_LST.tif")
    found = sorted(path.glob(f"*{_LST_SUFFIX}"))
    if len(found) != 1:
        raise InputError(
            f"{path}: holds {len(found)} products, expected one. give the *_LST.tif of the one "
            "you mean"
        )
    return found[0].name[: -len(_LST_SUFFIX)], path


def compare_with_truth(
    product: str | Path, truth: str | Path, progress: Progress | None = None
) -> TruthReport:
    """Compare a product's LST and LSE with a truth raster.

    Parameters
    ----------
    product : path
        Its folder, or its ``G_LST.tif``.
    truth : path
        GeoTIFF of six bands, LST (K) and emissivity of bands 10-14 (0-1), NaN where unknown.
    progress : Progress, optional

    Raises
    ------
    InputError
        If there is no such product, or the truth has other bands.
    GridMismatchError
        If product and truth don't share a grid.
    GranuleReadError
        If a file can't be read.
    OperationCancelled
        If the user cancelled.
    """
    scene_id, folder = find_scene_id(product)
    layers = product_paths(scene_id, folder).layers
    report = progress or SilentProgress()
    with ExitStack() as stack:
        reference = stack.enter_context(open_raster(truth))
        order = truth_order(reference)
        values = [stack.enter_context(open_raster(layers[name])) for name in ("LST", "LSE")]
        for raster in values:
            check_grid(raster, reference)
        errors: list[RasterReader] = []
        if layers["LST_err"].exists() and layers["LSE_err"].exists():
            errors = [
                stack.enter_context(open_raster(layers[name])) for name in ("LST_err", "LSE_err")
            ]
            for raster in errors:
                check_grid(raster, reference)
        return _compare(scene_id, reference, order, values, errors, report)


def _compare(
    scene_id: str,
    reference: RasterReader,
    order: Sequence[int],
    values: list[RasterReader],
    errors: list[RasterReader],
    report: Progress,
) -> TruthReport:
    running = [RunningMetrics(50.0 if name == "LST" else 1.0) for name in TRUTH_BANDS]
    inside, judged = np.zeros((2, len(TRUTH_BANDS)))
    known = retrieved = 0
    windows = list(_windows(*reference.shape))
    for number, window in enumerate(windows):
        checkpoint(report, number / len(windows), "comparing")
        true = reference.read(*window, bands=order)
        found = np.concatenate([raster.read(*window) for raster in values])
        seen = np.isfinite(true[0])
        known += int(seen.sum())
        retrieved += int((seen & np.isfinite(found[0])).sum())
        expected = np.concatenate([e.read(*window) for e in errors]) if errors else None
        for band, metric in enumerate(running):
            metric.add(found[band], true[band])
            if expected is not None:
                difference = np.abs(found[band].astype(np.float64) - true[band])
                usable = np.isfinite(difference) & np.isfinite(expected[band])
                judged[band] += usable.sum()
                inside[band] += (difference[usable] <= expected[band][usable]).sum()
    within = {
        name: float(inside[i] / judged[i]) for i, name in enumerate(TRUTH_BANDS) if judged[i]
    }
    return TruthReport(
        scene_id,
        Path(reference.path).name,
        {name: metric.result() for name, metric in zip(TRUTH_BANDS, running, strict=True)},
        within,
        retrieved / known if known else 0.0,
    )


def _windows(rows: int, cols: int) -> Iterator[tuple[int, int, int, int]]:
    for row in range(0, rows, _WINDOW):
        for col in range(0, cols, _WINDOW):
            yield row, col, min(_WINDOW, rows - row), min(_WINDOW, cols - col)


def truth_order(truth: RasterReader) -> list[int]:
    """Bands of the truth, counted from 1, in the order of `TRUTH_BANDS`: by name.

    Raises
    ------
    InputError
        If one is missing.
    """
    missing = [name for name in TRUTH_BANDS if name not in truth.descriptions]
    if missing:
        raise InputError(
            f"{truth.path}: no truth raster, it lacks the band {missing[0]}. give one with bands "
            f"described as {', '.join(TRUTH_BANDS)}, as akkd simulate granule writes it"
        )
    return [truth.descriptions.index(name) + 1 for name in TRUTH_BANDS]


def check_grid(raster: RasterReader, truth: RasterReader) -> None:
    """Raise GridMismatchError where a layer and the truth don't share a grid."""
    first, second = raster.grid, truth.grid
    if first is None or second is None:
        where = raster.path if first is None else truth.path
        raise GridMismatchError(
            f"{where}: has no coordinate system, so it can't be compared. give a georeferenced one"
        )
    apart = max(
        abs(a - b)
        for a, b in zip(
            (*first.xy(0, 0), *first.xy(first.rows, first.cols)),
            (*second.xy(0, 0), *second.xy(second.rows, second.cols)),
            strict=True,
        )
    )
    if first.epsg != second.epsg or first.shape != second.shape or apart > _GRID_TOLERANCE_M:
        raise GridMismatchError(
            f"{raster.path}: its grid (EPSG:{first.epsg}, {first.rows} x {first.cols}) isn't that "
            f"of {truth.path} (EPSG:{second.epsg}, {second.rows} x {second.cols}; corners "
            f"{apart:.2f} apart). give the truth of this very granule"
        )
