"""The AK-KD paper's Tables 1-3 as typed in: what they must agree with among themselves.

Source: Dai et al. 2025, Artificial Intelligence in Agriculture 15(3), 407-425,
doi 10.1016/j.aiaa.2025.03.009, section 4.1.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from akkd_core.bundle.architecture import AK_KD_TRIAL3
from akkd_core.reproduction.published import (
    ALL_BANDS,
    CHOSEN_TRIAL,
    FOUR_BANDS,
    TABLE1,
    TABLE2,
    TABLE3,
)


def test_table_2_has_every_subset_once_in_the_papers_order() -> None:
    subsets = [c for size in range(1, 6) for c in combinations(ALL_BANDS, size)]
    assert list(TABLE2) == subsets and len(subsets) == 31


def test_table_2_means_by_number_of_bands() -> None:
    # summed by hand from the printed table
    expected = {
        1: ((3.520 + 3.420 + 3.386 + 2.995 + 2.943) / 5, 0.9572),
        2: (22.718 / 10, 0.9757),
        3: (13.445 / 10, 0.9758),
        4: (3.847 / 5, 0.9536),
        5: (0.478, 0.968),
    }
    for size, (mae, pcc) in expected.items():
        scores = [score for bands, score in TABLE2.items() if len(bands) == size]
        assert np.mean([s.mae_k for s in scores]) == pytest.approx(mae, abs=1e-9)
        assert np.mean([s.pcc for s in scores]) == pytest.approx(pcc, abs=1e-9)


def test_what_the_text_says_of_table_2() -> None:
    def best(size: int) -> tuple[int, ...]:
        return max((b for b in TABLE2 if len(b) == size), key=lambda b: TABLE2[b].pcc)

    assert best(1) == (14,) and TABLE2[14,].pcc == 0.966
    assert TABLE2[11, 13].pcc == 0.981
    assert TABLE2[12, 13, 14].pcc == 0.991 == TABLE2[best(3)].pcc
    assert best(4) == FOUR_BANDS


def test_table_3_repeats_table_2_at_four_kelvins() -> None:
    for bands in (FOUR_BANDS, ALL_BANDS):
        assert TABLE3[bands, 4] == TABLE2[bands]
        assert TABLE3[bands, 1].mae_k < TABLE3[bands, 4].mae_k
    # abstract: PCC 0.999 and MAE 0.348 K
    assert (TABLE3[ALL_BANDS, 1].pcc, TABLE3[ALL_BANDS, 1].mae_k) == (0.999, 0.348)


def test_table_1() -> None:
    assert [trial.number for trial in TABLE1] == list(range(1, 9))
    chosen = TABLE1[CHOSEN_TRIAL - 1]
    # section 4.1.1: "seven hidden layers (32, 32, 720, 32, 32, 752, 32)"
    assert chosen.architecture == AK_KD_TRIAL3
    assert [len(t.architecture.layers) for t in TABLE1] == [8, 7, 7, 6, 5, 6, 8, 5]
    assert [t.score.mae_k for t in TABLE1] == [
        0.679, 0.668, 0.668, 0.976, 0.693, 0.687, 0.676, 0.661,
    ]  # fmt: skip
    assert [t.score.pcc for t in TABLE1] == [
        0.968, 0.968, 0.978, 0.969, 0.968, 0.969, 0.968, 0.969,
    ]  # fmt: skip
    assert [t.number for t in TABLE1 if t.architecture.optimizer == "adamw"] == [2, 8]
    dropout = {t.number: t.architecture.layers[0].dropout for t in TABLE1}
    assert {number for number, share in dropout.items() if share} == {1, 5}
