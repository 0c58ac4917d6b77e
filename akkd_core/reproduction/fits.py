"""Networks fitted to the paper's setting: the part that Tables 1-3 share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from akkd_core.bundle.architecture import AK_KD_TRIAL3, Architecture
from akkd_core.bundle.network import Network
from akkd_core.nn.fitting import Fit, FitOptions, Samples, fit_network
from akkd_core.progress import Progress
from akkd_core.reproduction.published import Bands
from akkd_core.simulation.paper_setting import PixelSamples, paper_samples, split_at_random
from akkd_core.validation.metrics import Metrics, metrics

_FIRST_BAND = 10

TRIAL3 = replace(AK_KD_TRIAL3, learning_rate=2e-3)
"""The paper's network; the learning rate, which the paper does not give, is ours."""


@dataclass(frozen=True)
class Training:
    """How long a network is fitted.

    Parameters
    ----------
    epochs, batch_size : int
        See `akkd_core.nn.fitting.FitOptions`.
    """

    epochs: int
    batch_size: int

    @classmethod
    def of_steps(cls, steps: int, batch_size: int, samples: int) -> Training:
        """As many epochs of a number of samples as make up a number of the optimizer's steps."""
        return cls(max(1, round(steps / -(-samples // batch_size))), batch_size)


def bands_label(bands: Bands) -> str:
    """Bands as the paper writes them, e.g. ``10-12-13-14``."""
    return "-".join(str(band) for band in bands)


def split_samples(step_k: float, seed: int, rte: str) -> tuple[PixelSamples, PixelSamples]:
    """Training and test samples of the setting.

    Parameters
    ----------
    step_k : float
        Of the temperatures, K.
    seed : int
    rte : {'full', 'paper'}
    """
    return split_at_random(paper_samples(step_k, rte=rte), seed)


def band_samples(samples: PixelSamples, bands: Bands) -> Samples:
    """Brightness temperatures of some bands as inputs, LST as target, float32, K.

    Parameters
    ----------
    samples : PixelSamples
    bands : tuple of int
        10-14.
    """
    columns = [band - _FIRST_BAND for band in bands]
    return Samples(np.ascontiguousarray(samples.bt[:, columns]), samples.lst[:, None])


def fit_lst(
    bands: Bands,
    train: PixelSamples,
    test: PixelSamples,
    training: Training,
    seed: int,
    *,
    architecture: Architecture = TRIAL3,
    progress: Progress | None = None,
) -> Fit:
    """Fit a network from some bands to LST and score it on the test samples.

    Parameters
    ----------
    bands : tuple of int
    train, test : PixelSamples
    training : Training
    seed : int
        Of weights and order.
    architecture : Architecture
    progress : Progress, optional

    Raises
    ------
    TrainingError, OperationCancelled
        As `akkd_core.nn.fitting.fit_network`.
    """
    return fit_network(
        architecture,
        band_samples(train, bands),
        band_samples(test, bands),
        input_names=tuple(f"bt_{band}" for band in bands),
        output_names=("lst",),
        options=FitOptions(training.epochs, training.batch_size, seed),
        progress=progress,
    )


def score_lst(network: Network, bands: Bands, samples: PixelSamples) -> Metrics:
    """Score a fitted network on other samples.

    Parameters
    ----------
    network : Network
        Of `fit_lst` with these bands.
    bands : tuple of int
    samples : PixelSamples
    """
    return metrics(network.forward(band_samples(samples, bands).x)[:, 0], samples.lst)


def by_band_count(values: Mapping[Bands, float]) -> dict[int, float]:
    """Mean over the subsets of each number of bands.

    Parameters
    ----------
    values : mapping of bands to float
    """
    counts = sorted({len(bands) for bands in values})
    return {n: float(np.mean([v for b, v in values.items() if len(b) == n])) for n in counts}
