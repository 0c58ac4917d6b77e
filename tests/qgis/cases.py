"""The table of cases: one for every algorithm."""

from __future__ import annotations

from tests.qgis import cases_comparison, cases_distillation, cases_retrieval, cases_training
from tests.qgis.case import Case

CASES: tuple[Case, ...] = (
    *cases_retrieval.CASES,
    *cases_comparison.CASES,
    *cases_training.CASES,
    *cases_distillation.CASES,
)
