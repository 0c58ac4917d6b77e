from __future__ import annotations

import ctypes
import threading

import numpy as np
import pytest

from akkd_core.inference import threads
from akkd_core.inference.numpy_predictor import NumpyPredictor
from tests.builders import bundles


@pytest.mark.parametrize(
    ("wish", "expected"), [("1", 1), ("0", 1), ("2", 2), ("999", 4), ("", 4), ("many", 4)]
)
def test_omp_num_threads_is_heeded(
    wish: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "available_cores", lambda: 4)
    monkeypatch.setenv("OMP_NUM_THREADS", wish)
    assert threads.default_threads() == expected


def test_blas_is_held_to_one_thread_and_let_go() -> None:
    library = threads._openblas()
    if library is None:
        pytest.skip("numpy uses another BLAS")
    get, limit = library
    before = get()
    limit(2)
    try:
        with threads.single_blas_thread() as outer:
            with threads.single_blas_thread() as inner:
                assert outer
                assert inner
                assert get() == 1
            assert get() == 1
        assert get() == 2
        with pytest.raises(ZeroDivisionError), threads.single_blas_thread():
            raise ZeroDivisionError
        assert get() == 2
    finally:
        limit(before)


def test_another_blas_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_openblas", lambda: None)
    with threads.single_blas_thread() as held:
        assert not held
    features = np.full((700, 3), 290, dtype=np.float32)
    result = NumpyPredictor(bundles.network(scene=False), threads=4).predict(features)
    assert np.isfinite(result).all()


def test_a_library_that_does_not_load_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: str) -> None:
        raise OSError(path)

    monkeypatch.setattr(ctypes, "CDLL", broken)
    threads._openblas.cache_clear()
    try:
        assert threads._openblas() is None
    finally:
        threads._openblas.cache_clear()


@pytest.mark.parametrize("n", [1, 64, 65, 1000])
def test_threads_do_not_change_a_bit(n: int) -> None:
    network = bundles.network(scene=False)
    features = np.random.default_rng(0).normal(290, 10, (n, 3)).astype(np.float32)
    one = NumpyPredictor(network, threads=1, block=64).predict(features)
    three = NumpyPredictor(network, threads=3, block=64).predict(features)
    np.testing.assert_array_equal(one, three)


def test_predictions_from_several_threads_at_once() -> None:
    predictor = NumpyPredictor(bundles.network(scene=False), threads=2, block=64)
    features = np.random.default_rng(0).normal(290, 10, (2000, 3)).astype(np.float32)
    expected = predictor.predict(features)
    results: list[np.ndarray] = []
    workers = [
        threading.Thread(target=lambda: results.append(predictor.predict(features)))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, expected)
