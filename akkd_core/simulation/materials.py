"""Band emissivities of real materials, split by group, and the land covers that use them.

Figures: 577 band emissivities (ASTER bands 10-14) integrated from the ECOSTRESS spectral library
(Meerdink et al. 2019, doi 10.1016/j.rse.2019.05.015; Baldridge et al. 2009,
doi 10.1016/j.rse.2008.11.007), in ``data/emissivity.csv``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.simulation.ice import ice_emissivity

SPLITS = ("train", "validation", "judge")
_SPLIT_SEED = 20250329
_SHARES = {"judge": 0.30, "validation": 0.10}

# The five water spectra are five groups: each split that needs water or snow gets one by hand.
_WATER = {
    "water:distilledwater.none": ("train", "water"),
    "water:tapwater.none": ("judge", "water"),
    "water:snow.finegranular": ("train", "snow"),
    "water:ice.none": ("judge", "snow"),
    "water:frost.none": ("validation", "snow"),
}

LAND_COVERS: dict[str, dict[str, float]] = {
    "desert": {"soil": 0.55, "rock": 0.40, "nonphotosyntheticvegetation": 0.05},
    "crops": {"vegetation": 0.50, "soil": 0.30, "nonphotosyntheticvegetation": 0.20},
    "forest": {"vegetation": 0.75, "soil": 0.15, "nonphotosyntheticvegetation": 0.10},
    "urban": {"manmade": 0.65, "vegetation": 0.25, "soil": 0.10},
    "water": {"water": 0.60, "vegetation": 0.20, "soil": 0.20},
    "snow": {"snow": 0.60, "rock": 0.20, "vegetation": 0.20},
    "rock": {"rock": 0.75, "soil": 0.15, "vegetation": 0.10},
}
"""Land covers and the share of draws that each kind of material gets."""


@dataclass(frozen=True)
class MaterialTable:
    """Emissivity spectra with their kind and group.

    Parameters
    ----------
    name : tuple of str
        File of the spectrum in the library.
    kind : tuple of str
        vegetation, nonphotosyntheticvegetation, soil, rock, manmade, water or snow.
    group : tuple of str
        What a split keeps together.
    lse : ndarray of float32, (n, 5)
        Band emissivity, 0-1.
    """

    name: tuple[str, ...]
    kind: tuple[str, ...]
    group: tuple[str, ...]
    lse: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.name)
        if self.lse.shape != (count, 5) or len(self.kind) != count or len(self.group) != count:
            raise ParameterError("material table: columns differ in length")
        if not ((self.lse > 0) & (self.lse <= 1)).all():
            raise ParameterError("material table: emissivity outside 0-1")

    def __len__(self) -> int:
        return len(self.name)

    def groups_of(self, kind: str) -> dict[str, NDArray[np.intp]]:
        """Row indices by group, of one kind."""
        found: dict[str, list[int]] = {}
        for i, (this_kind, group) in enumerate(zip(self.kind, self.group, strict=True)):
            if this_kind == kind:
                found.setdefault(group, []).append(i)
        return {group: np.array(rows) for group, rows in sorted(found.items())}

    def take(self, keep: NDArray[np.bool_]) -> MaterialTable:
        """Rows where ``keep`` is true."""
        index = np.flatnonzero(keep)
        return MaterialTable(
            tuple(self.name[i] for i in index),
            tuple(self.kind[i] for i in index),
            tuple(self.group[i] for i in index),
            self.lse[index],
        )


@cache
def all_materials() -> MaterialTable:
    """Return the shipped table, 577 spectra."""
    text = (files(__package__) / "data" / "emissivity.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    rows = list(csv.DictReader(lines))
    return MaterialTable(
        tuple(row["file"] for row in rows),
        tuple(_WATER.get(row["group"], ("", row["type"]))[1] for row in rows),
        tuple(row["group"] for row in rows),
        np.array([[row[f"e{band}"] for band in range(10, 15)] for row in rows], dtype=np.float32),
    )


@cache
def group_splits() -> dict[str, str]:
    """Return the split of every group: by group within each kind, never by row."""
    table = all_materials()
    rng = np.random.default_rng(_SPLIT_SEED)
    splits: dict[str, str] = {group: split for group, (split, _) in _WATER.items()}
    for kind in sorted(set(table.kind) - {"water", "snow"}):
        groups = list(table.groups_of(kind))
        order = rng.permutation(len(groups))
        judge = round(_SHARES["judge"] * len(groups))
        validation = judge + max(1, round(_SHARES["validation"] * len(groups)))
        for rank, index in enumerate(order):
            split = "judge" if rank < judge else "validation" if rank < validation else "train"
            splits[groups[index]] = split
    return splits


def materials(split: str) -> MaterialTable:
    """Return the materials of one split.

    Parameters
    ----------
    split : {'train', 'validation', 'judge'}

    Raises
    ------
    ParameterError
        For an unknown split.
    """
    if split not in SPLITS:
        raise ParameterError(f"unknown split {split!r}, expected one of {', '.join(SPLITS)}")
    table, splits = all_materials(), group_splits()
    return table.take(np.array([splits[group] == split for group in table.group]))


def wide_materials() -> MaterialTable:
    """Return all that isn't judged on: training and validation materials, and bare ice by Fresnel.

    For the last training of a bundle, when no choice is left to be made on validation materials.
    """
    table, splits = all_materials(), group_splits()
    library = table.take(np.array([splits[group] != "judge" for group in table.group]))
    return MaterialTable(
        (*library.name, "ice.computed"),
        (*library.kind, "snow"),
        (*library.group, "water:ice.computed"),
        np.concatenate([library.lse, ice_emissivity()[None].astype(np.float32)]),
    )


def cavity_emissivity(lse: NDArray[np.floating], cavity: float) -> NDArray[np.float64]:
    """Emissivity of a rough surface or canopy made of a material.

    ``eps / (1 - (1 - eps) * c)``: a share c of what is reflected meets the material again.

    Parameters
    ----------
    lse : ndarray
        Material emissivity, 0-1.
    cavity : float
        c, 0 (flat) to 0.85 (dense canopy).
    """
    emissivity = np.asarray(lse, dtype=np.float64)
    result: NDArray[np.float64] = emissivity / (1.0 - (1.0 - emissivity) * cavity)
    return result
