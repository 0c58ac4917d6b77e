"""What the AK-KD paper prints in its tables and tells of its figures, typed in with the source.

Source: Dai, Mao, Guo, Qin, Shi, Bateni, Xiao 2025: Joint optimization of AI large and small models
for surface temperature and emissivity retrieval using knowledge distillation. Artificial
Intelligence in Agriculture 15(3), 407-425, doi 10.1016/j.aiaa.2025.03.009: Tables 1-3 of section
4.1, the text on Figs. 3-13 of sections 4.2 and 4.3. Table 4 is `weights_table.PAPER_TABLE4`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from akkd_core.bundle.architecture import Architecture, Layer

SOURCE = (
    "Dai et al. 2025, Artificial Intelligence in Agriculture 15(3), 407-425, "
    "doi 10.1016/j.aiaa.2025.03.009"
)
"""Where the figures were printed."""

Bands = tuple[int, ...]

ALL_BANDS: Bands = (10, 11, 12, 13, 14)
FOUR_BANDS: Bands = (10, 12, 13, 14)
"""The two subsets that the paper chose for its Table 3."""


@dataclass(frozen=True)
class PublishedScore:
    """What the paper prints of a network.

    Parameters
    ----------
    pcc : float
        Pearson correlation coefficient of LST.
    mae_k : float
        Mean absolute error of LST, K.
    """

    pcc: float
    mae_k: float


@dataclass(frozen=True)
class PublishedTrial:
    """A column of Table 1.

    Parameters
    ----------
    number : int
        1-8.
    architecture : Architecture
        The paper gives no learning rate: here Keras's default, 0.001.
    score : PublishedScore
        On ASTER scenes (its large model's data set), not on simulated samples.
    """

    number: int
    architecture: Architecture
    score: PublishedScore


def _trial(
    number: int,
    units: Sequence[int],
    activations: Sequence[str],
    pcc: float,
    mae_k: float,
    *,
    dropout: float = 0.0,
    optimizer: str = "adam",
) -> PublishedTrial:
    layers = tuple(Layer(u, a, dropout) for u, a in zip(units, activations, strict=True))
    return PublishedTrial(number, Architecture(layers, optimizer), PublishedScore(pcc, mae_k))


# The activations of layers 2 and 4 are printed once for all trials: relu.
TABLE1: tuple[PublishedTrial, ...] = (
    _trial(1, (32, 1024, 32, 32, 32, 880, 32, 32),
           ("relu", "relu", "relu", "relu", "sigmoid", "relu", "relu", "sigmoid"),
           0.968, 0.679, dropout=0.25),
    _trial(2, (32, 32, 32, 32, 32, 32, 32),
           ("tanh", "relu", "relu", "relu", "sigmoid", "relu", "relu"),
           0.968, 0.668, optimizer="adamw"),
    _trial(3, (32, 32, 720, 32, 32, 752, 32),
           ("tanh", "relu", "relu", "relu", "relu", "relu", "relu"),
           0.978, 0.668),
    _trial(4, (880, 864, 32, 32, 32, 32), ("relu",) * 6, 0.969, 0.976),
    _trial(5, (784, 976, 32, 400, 32), ("relu",) * 5, 0.968, 0.693, dropout=0.25),
    _trial(6, (272, 464, 192, 32, 32, 32),
           ("relu", "relu", "tanh", "relu", "relu", "relu"),
           0.969, 0.687),
    _trial(7, (769, 576, 32, 704, 336, 32, 448, 848),
           ("relu", "relu", "relu", "relu", "relu", "relu", "tanh", "relu"),
           0.968, 0.676),
    _trial(8, (288, 464, 224, 32, 32),
           ("relu", "relu", "sigmoid", "relu", "relu"),
           0.969, 0.661, optimizer="adamw"),
)  # fmt: skip
"""Table 1: eight of the 30 networks that the paper's search tried."""

CHOSEN_TRIAL = 3
"""The trial whose network the paper went on with."""

TABLE2: dict[Bands, PublishedScore] = {
    bands: PublishedScore(pcc, mae)
    for bands, pcc, mae in (
        ((10,), 0.952, 3.520),
        ((11,), 0.952, 3.420),
        ((12,), 0.951, 3.386),
        ((13,), 0.965, 2.995),
        ((14,), 0.966, 2.943),
        ((10, 11), 0.965, 2.204),
        ((10, 12), 0.968, 2.686),
        ((10, 13), 0.978, 2.232),
        ((10, 14), 0.974, 2.489),
        ((11, 12), 0.961, 2.878),
        ((11, 13), 0.981, 2.201),
        ((11, 14), 0.981, 2.132),
        ((12, 13), 0.985, 1.901),
        ((12, 14), 0.984, 1.963),
        ((13, 14), 0.980, 2.032),
        ((10, 11, 12), 0.969, 1.451),
        ((10, 11, 13), 0.959, 1.113),
        ((10, 11, 14), 0.982, 1.236),
        ((10, 12, 13), 0.964, 1.244),
        ((10, 12, 14), 0.991, 1.349),
        ((10, 13, 14), 0.931, 1.598),
        ((11, 12, 13), 0.991, 1.307),
        ((11, 12, 14), 0.990, 1.395),
        ((11, 13, 14), 0.990, 1.410),
        ((12, 13, 14), 0.991, 1.342),
        ((10, 11, 12, 13), 0.865, 0.663),
        ((10, 11, 12, 14), 0.979, 0.827),
        ((10, 11, 13, 14), 0.968, 0.708),
        ((10, 12, 13, 14), 0.996, 0.774),
        ((11, 12, 13, 14), 0.96, 0.875),
        ((10, 11, 12, 13, 14), 0.968, 0.478),
    )
}
"""Table 2: every subset of the five bands, temperatures at a step of 4 K."""

TABLE3: dict[tuple[Bands, int], PublishedScore] = {
    (FOUR_BANDS, 4): PublishedScore(0.996, 0.774),
    (FOUR_BANDS, 1): PublishedScore(0.997, 0.609),
    (ALL_BANDS, 4): PublishedScore(0.968, 0.478),
    (ALL_BANDS, 1): PublishedScore(0.999, 0.348),
}
"""Table 3: two subsets at temperature steps of 4 and 1 K."""


@dataclass(frozen=True)
class PublishedModel:
    """What the paper's text tells of a model of sections 4.2 and 4.3, against product labels.

    Parameters
    ----------
    section : str
        Where it stands.
    lst : PublishedScore
    lse_pcc : mapping of int to float
        PCC of emissivity by band; empty where the text has none.
    mean_lse_pcc, mean_lse_mae : float, optional
        Means over the five bands.
    """

    section: str
    lst: PublishedScore
    lse_pcc: Mapping[int, float] = field(default_factory=dict)
    mean_lse_pcc: float | None = None
    mean_lse_mae: float | None = None


MODELS: Mapping[str, PublishedModel] = {
    "LMI": PublishedModel(
        "4.2.1",
        PublishedScore(0.967, 0.691),
        {10: 0.932, 11: 0.948, 12: 0.950, 13: 0.844, 14: 0.782},
    ),
    "SMI_1": PublishedModel("4.2.3, 4.3.2", PublishedScore(0.970, 1.099), {}, 0.859, 0.0064),
    "SMI_2": PublishedModel("4.2.3, 4.3.2", PublishedScore(0.948, 1.029), {}, 0.796, 0.0088),
    "LMIS_1": PublishedModel("4.2.3", PublishedScore(0.966, 1.529)),
    "LMIS_2": PublishedModel("4.2.3", PublishedScore(0.943, 1.091)),
    "KSMI_1": PublishedModel("4.3.2", PublishedScore(0.984, 0.731), {}, 0.917, 0.0044),
    "KSMI_2": PublishedModel("4.3.2", PublishedScore(0.973, 0.716), {}, 0.879, 0.0064),
}
"""By the names of Fig. 13: large model inversion; small models 1 and 2; the large model on their
data; the small models after distillation."""

LARGE_LSE_MAE = (0.001, 0.007)
"""Section 4.2.1: least and greatest MAE of the large model's emissivities; no band is named."""

BEST_WEIGHTS: Mapping[str, tuple[float, ...]] = {"mae": (0.2, 0.3), "pcc": (0.2, 0.3, 0.4)}
"""Section 4.3.1, of Fig. 8: where the best weights of both small models lie, by metric."""

WEIGHT_QUARTILES: Mapping[int, tuple[float, float, float]] = {
    1: (0.275, 0.35, 0.5),
    2: (0.2, 0.3, 0.425),
}
"""Section 4.3.1, of Fig. 9: lower quartile, median and upper quartile by small model."""

CHOSEN_WEIGHT = 0.3
"""Section 4.3.1: the weight that the paper distils with."""
