import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from akkd_core.distillation.goc import (
    composite_label,
    goc,
    goc_gradient,
    goc_offset,
    label_weight,
    mse,
)
from akkd_core.errors import ParameterError

KELVIN = st.floats(200.0, 360.0)
TRIPLES = st.integers(1, 12).flatmap(
    lambda n: st.tuples(*(arrays(np.float64, n, elements=KELVIN) for _ in range(3)))
)
WEIGHT = st.floats(0.0, 1.0)


def test_goc_by_hand():
    # labels 300 and 302, teacher 301 and 301, student 303 and 300
    y, teacher, student = [300.0, 302.0], [301.0, 301.0], [303.0, 300.0]
    assert mse(y, student) == pytest.approx((9 + 4) / 2)
    assert mse(teacher, student) == pytest.approx((4 + 1) / 2)
    assert goc(y, teacher, student, 0.3) == pytest.approx(0.7 * 6.5 + 0.3 * 2.5)
    assert goc(y, teacher, student, 0.0) == mse(y, student)
    assert goc(y, teacher, student, 1.0) == mse(teacher, student)
    np.testing.assert_allclose(composite_label(y, teacher, 0.3), [300.3, 301.7])
    np.testing.assert_allclose(
        goc_gradient(y, teacher, student, 0.3), [303.0 - 300.3, 300.0 - 301.7]
    )


@given(TRIPLES, WEIGHT)
def test_gradient_of_goc_is_that_of_training_on_composite_labels(triple, weight):
    y, teacher, student = triple
    composite = composite_label(y, teacher, weight)
    plain = 2.0 / student.size * (student - composite)
    np.testing.assert_allclose(goc_gradient(y, teacher, student, weight), plain, atol=1e-10)


@given(TRIPLES, WEIGHT)
def test_goc_is_mse_against_composite_labels_plus_a_constant(triple, weight):
    y, teacher, student = triple
    composite = composite_label(y, teacher, weight)
    offset = goc_offset(y, teacher, weight)
    for any_student in (student, student + 5.0, y, teacher):
        difference = goc(y, teacher, any_student, weight) - mse(composite, any_student)
        assert difference == pytest.approx(offset, abs=1e-7)
    assert offset == pytest.approx(weight * (1 - weight) * mse(y, teacher))


@given(TRIPLES, WEIGHT)
def test_gradient_is_that_of_the_loss(triple, weight):
    y, teacher, student = triple
    step = np.linspace(-1.0, 1.0, student.size)
    # the loss is quadratic: central differences are exact but for rounding
    slope = (
        goc(y, teacher, student + step, weight) - goc(y, teacher, student - step, weight)
    ) / 2.0
    assert slope == pytest.approx(
        float(goc_gradient(y, teacher, student, weight) @ step), abs=1e-7
    )


@given(TRIPLES, WEIGHT)
def test_distillation_on_composite_labels_squares_the_weight_of_labels(triple, weight):
    y, teacher, student = triple
    once = composite_label(y, teacher, weight)
    kept = label_weight(weight, 2)
    assert kept == pytest.approx((1 - weight) ** 2)
    # GOC against composite labels = GOC on the labels with the teacher's weight 1 - (1 - w)^2
    np.testing.assert_allclose(
        goc_gradient(once, teacher, student, weight),
        goc_gradient(y, teacher, student, 1.0 - kept),
        atol=1e-10,
    )
    np.testing.assert_allclose(
        composite_label(once, teacher, weight), kept * y + (1 - kept) * teacher, rtol=1e-12
    )


def test_both_readings_of_the_papers_weight():
    assert label_weight(0.3, 1) == pytest.approx(0.7)
    assert label_weight(0.3, 2) == pytest.approx(0.49)
    assert label_weight(0.7, 2) == pytest.approx(0.09)
    assert label_weight(0.7, 0) == 1.0


def test_invalid_pixels_stay_invalid_in_composite_labels():
    mixed = composite_label([300.0, np.nan, 300.0], [310.0, 310.0, np.nan], 0.5)
    np.testing.assert_array_equal(mixed, [305.0, np.nan, np.nan])
    assert mixed.dtype == np.float64


@pytest.mark.parametrize("weight", [-0.01, 1.01, np.nan, np.inf])
def test_weights_out_of_bounds_are_refused(weight):
    one = [300.0]
    for call in (
        lambda: goc(one, one, one, weight),
        lambda: goc_gradient(one, one, one, weight),
        lambda: composite_label(one, one, weight),
        lambda: goc_offset(one, one, weight),
        lambda: label_weight(weight, 1),
    ):
        with pytest.raises(ParameterError, match="from 0 to 1"):
            call()


def test_what_has_no_loss_is_refused():
    with pytest.raises(ParameterError, match="differ in shape"):
        goc([1.0, 2.0], [1.0, 2.0], [1.0], 0.5)
    with pytest.raises(ParameterError, match="Leave invalid pixels out"):
        goc([1.0, np.nan], [1.0, 2.0], [1.0, 2.0], 0.5)
    with pytest.raises(ParameterError, match="empty"):
        mse([], [])
    with pytest.raises(ParameterError, match="differ in shape"):
        composite_label([1.0, 2.0], [1.0], 0.5)
    with pytest.raises(ParameterError, match="stages"):
        label_weight(0.5, -1)
