from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.bundle import AK_KD_TRIAL3, Architecture, Layer
from akkd_core.bundle.architecture import ACTIVATIONS, OPTIMIZERS
from akkd_core.errors import ParameterError

layers = st.builds(
    Layer,
    st.integers(1, 1024),
    st.sampled_from(ACTIVATIONS),
    st.floats(0, 0.5, allow_nan=False),
)
architectures = st.builds(
    Architecture,
    st.lists(layers, min_size=1, max_size=9).map(tuple),
    st.sampled_from(OPTIMIZERS),
    st.floats(1e-6, 1.0),
)


@given(architectures)
def test_json_round_trip_keeps_value_and_hash(architecture: Architecture) -> None:
    again = Architecture.from_json(json.loads(json.dumps(architecture.to_json())))
    assert again == architecture
    assert hash(again) == hash(architecture)


def test_trial3_costs_what_the_paper_net_costs() -> None:
    # 5*32 + 32*32 + 32*720 + 720*32 + 32*32 + 32*752 + 752*32 + 32*1
    assert AK_KD_TRIAL3.multiply_adds(5, 1) == 96_448
    assert AK_KD_TRIAL3.parameters(5, 1) == 96_448 + 32 + 32 + 720 + 32 + 32 + 752 + 32 + 1
    assert [layer.activation for layer in AK_KD_TRIAL3.layers] == ["tanh"] + ["relu"] * 6
    assert AK_KD_TRIAL3.optimizer == "adam"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Layer(0),
        lambda: Layer(1025),
        lambda: Layer(True),
        lambda: Layer(8, "gelu"),
        lambda: Layer(8, "relu", 0.6),
        lambda: Layer(8, "relu", float("nan")),
        lambda: Architecture(()),
        lambda: Architecture((Layer(1),) * 33),
        lambda: Architecture((Layer(1),), "sgd"),
        lambda: Architecture((Layer(1),), "adam", 0.0),
        lambda: Architecture.of((8, 8), ("relu",)),
        lambda: AK_KD_TRIAL3.multiply_adds(0, 1),
    ],
)
def test_values_out_of_bounds_are_refused(make: Any) -> None:
    with pytest.raises(ParameterError):
        make()


@pytest.mark.parametrize(
    "change",
    [{"layers": []}, {"layers": 3}, {"seed": 1}, {"learning_rate": "1"}, {"optimizer": None}],
)
def test_json_with_other_members_or_types_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Architecture.from_json(AK_KD_TRIAL3.to_json() | change)
