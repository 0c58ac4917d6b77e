"""The registry of what can be made anew: one entry an item. Standard library only.

To add an item, write a module with a function ``make(request, progress) -> Content`` (see
`akkd_core.reproduction.result`) and add an `Item` here: the command, the order of the report and
the help follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from akkd_core.errors import ParameterError

BUDGETS = ("small", "paper")

ALL = "all"
"""Word for every item."""


@dataclass(frozen=True)
class Item:
    """A table or figure of the paper.

    Parameters
    ----------
    id : str
        What the user calls it, e.g. ``table2``.
    title : str
        Heading in the report.
    maker : str
        ``module:function`` that makes it.
    distilled : bool
        Made of the one distillation that such items share; the equation of its scenes is the full
        one.
    validation : bool
        Compared with references of other physics; of that distillation it takes the large model.
    accuracy : bool
        Not of the paper: what AKKD's own bundle reaches. Its tables are printed, too.
    """

    id: str
    title: str
    maker: str
    distilled: bool = False
    validation: bool = False
    accuracy: bool = False


_ROOM = "akkd_core.reproduction"
_WEIGHT = f"{_ROOM}.weight_items"
_SCATTER = f"{_ROOM}.scatter_figures"
_COMPARISON = f"{_ROOM}.comparison_items"


def _of_distillation(name: str, title: str, module: str) -> Item:
    kind, number = ("Table", name[5:]) if name.startswith("table") else ("Figure", name[3:])
    return Item(name, f"{kind} {number}: {title}", f"{module}:{name}", distilled=True)


ITEMS: tuple[Item, ...] = (
    Item("table1", "Table 1: search for an architecture", "akkd_core.reproduction.table1:make"),
    Item("table2", "Table 2: input bands and accuracy", "akkd_core.reproduction.table2:make"),
    Item("table3", "Table 3: number of samples and accuracy", "akkd_core.reproduction.table3:make"),
    _of_distillation("table4", "teacher weights by t and p", _WEIGHT),
    _of_distillation("fig3", "the large model", _SCATTER),
    _of_distillation("fig4", "small model 1", _SCATTER),
    _of_distillation("fig5", "small model 2", _SCATTER),
    _of_distillation("fig6", "the large model on the data of small model 1", _SCATTER),
    _of_distillation("fig7", "the large model on the data of small model 2", _SCATTER),
    _of_distillation("fig8", "relative utility of teacher weights", _WEIGHT),
    _of_distillation("fig9", "optimal teacher weights", _WEIGHT),
    _of_distillation("fig10", "student 1", _SCATTER),
    _of_distillation("fig11", "student 2", _SCATTER),
    _of_distillation("fig12", "before and after distillation", _COMPARISON),
    _of_distillation("fig13", "all models in Taylor diagrams", _COMPARISON),
    Item(
        "fig14",
        "Figure 14: small model 1 and student 1 against a product like MODIS's",
        "akkd_core.reproduction.cross_validation:fig14",
        validation=True,
    ),
    Item(
        "fig15",
        "Figure 15: small model 2 and student 2 against a product like MODIS's",
        "akkd_core.reproduction.cross_validation:fig15",
        validation=True,
    ),
    Item(
        "fig16",
        "Figure 16: small models and students at stations",
        "akkd_core.reproduction.ground_validation:fig16",
        validation=True,
    ),
)
"""All items of the paper, in the order of the report."""

ACCURACY = Item(
    "accuracy", "Accuracy on air and materials never trained on", f"{_ROOM}.accuracy:make",
    accuracy=True,
)  # fmt: skip
"""What is asked of AKKD's own accuracy; in no report of the paper, and not among ``all``."""

ACCURACY_SCENES = 1032
"""Eight for each of the 129 judging profiles."""


@dataclass(frozen=True)
class Request:
    """How an item is to be made.

    Parameters
    ----------
    budget : {'small', 'paper'}
        Minutes on one core, or as many trials and epochs as in the paper.
    seed : int
        Of split, weights and noise.
    rte : {'full', 'paper'}
        Radiative transfer equation, see `akkd_core.physics.rte`.
    folder : Path, optional
        That items are written to; in it is kept what several items share.
    scenes : int
        Judging scenes of `ACCURACY`.
    model, pixel_model : str, optional
        Bundles of `ACCURACY`: the judged one (default: the shipped one) and one of single pixels.

    Raises
    ------
    ParameterError
        For an unknown budget.
    """

    budget: str = "small"
    seed: int = 1
    rte: str = "full"
    folder: Path | None = field(default=None, compare=False)
    scenes: int = ACCURACY_SCENES
    model: str | None = None
    pixel_model: str | None = None

    def __post_init__(self) -> None:
        if self.budget not in BUDGETS:
            raise ParameterError(f"budget {self.budget!r}: give one of {', '.join(BUDGETS)}")


def find_items(names: Sequence[str]) -> tuple[Item, ...]:
    """Items of the names that the user gave, each once, in the order of the report.

    Raises
    ------
    ParameterError
        For an unknown name, or none at all.
    """
    known = [item.id for item in (*ITEMS, ACCURACY)]
    for name in names:
        if name not in (*known, ALL):
            raise ParameterError(f"{name!r} can't be reproduced: give {', '.join(known)} or {ALL}")
    if not names:
        raise ParameterError(f"nothing to reproduce: give {', '.join(known)} or {ALL}")
    chosen = [item for item in ITEMS if item.id in names or ALL in names]
    return (*chosen, ACCURACY) if ACCURACY.id in names else tuple(chosen)
