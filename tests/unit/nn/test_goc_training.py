"""Training under the global optimization criterion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the training extra")

from akkd_core.bundle.architecture import Architecture  # noqa: E402
from akkd_core.bundle.network import Network  # noqa: E402
from akkd_core.distillation.goc import composite_label  # noqa: E402
from akkd_core.errors import OperationCancelled, TrainingError  # noqa: E402
from akkd_core.nn.fitting import FitOptions, Samples  # noqa: E402
from akkd_core.nn.goc_training import fit_plain, goc_loss, restore_model, train_goc  # noqa: E402

SMALL = Architecture.of((8,), learning_rate=3e-3)
OPTIONS = FitOptions(epochs=3, batch_size=32, seed=5)
NAMES = tuple(f"bt_{band}" for band in range(10, 15))


def pixels(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Brightness temperatures, and two targets of them: one of about 300 K, one of 0-1."""
    rng = np.random.default_rng(3)
    x = rng.normal(295.0, 6.0, (n, 5)).astype(np.float32)
    lst = x[:, 3] + 2.0 + 0.3 * (x[:, 3] - x[:, 0])
    lse = 0.95 + 0.004 * (x[:, 1] - x[:, 4])
    return x, np.stack([lst, lse], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def start() -> Network:
    x, y = pixels()
    base = np.stack([x[:, 3], np.zeros(len(x), np.float32)], axis=1)
    return fit_plain(
        SMALL, Samples(x, y, base), input_names=NAMES, output_names=("lst", "lse_10"),
        output_add=("bt_13", None), options=OPTIONS,
    )  # fmt: skip


def arrays(network: Network) -> list[np.ndarray]:
    return [*network.kernels, *network.biases]


def same(a: Network, b: Network) -> bool:
    return all(np.array_equal(p, q) for p, q in zip(arrays(a), arrays(b), strict=True))


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.7, 1.0])
def test_gradients_of_goc_are_those_of_composite_labels(start: Network, weight: float) -> None:
    import tensorflow as tf

    model = restore_model(start, SMALL)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(64, 5)).astype(np.float32)
    labels, taught = (rng.normal(size=(64, 2)).astype(np.float32) for _ in range(2))
    composite = composite_label(labels, taught, weight).astype(np.float32)

    def gradients(loss: object, goals: np.ndarray) -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            value = loss(goals, model(x))  # type: ignore[operator]
        return [g.numpy() for g in tape.gradient(value, model.trainable_variables)]

    goc = gradients(goc_loss(weight, 2), np.concatenate([labels, taught], axis=1))
    plain = gradients(lambda y, p: tf.reduce_mean(tf.square(y - p)), composite)
    assert max(float(np.abs(g).max()) for g in goc) > 0.01
    for one, other in zip(goc, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_goc_trains_as_composite_labels_do(start: Network) -> None:
    x, labels = pixels()
    taught = labels + np.array([3.0, 0.02], np.float32)
    composite = composite_label(labels, taught, 0.4).astype(np.float32)
    goc = train_goc(start, SMALL, x, labels, taught, 0.4, options=OPTIONS)
    plain = train_goc(start, SMALL, x, composite, composite, 0.0, options=OPTIONS)
    for one, other in zip(arrays(goc), arrays(plain), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)
    assert not same(goc, start)


def test_no_weight_no_teacher(start: Network) -> None:
    x, labels = pixels()
    alone = train_goc(start, SMALL, x, labels, labels, 0.0, options=OPTIONS)
    ignored = train_goc(start, SMALL, x, labels, labels + 50.0, 0.0, options=OPTIONS)
    assert same(alone, ignored)
    heard = train_goc(start, SMALL, x, labels, labels + 5.0, 0.5, options=OPTIONS)
    assert not same(alone, heard)


def test_the_same_seed_gives_the_same_whatever_came_before(start: Network) -> None:
    x, labels = pixels()
    before = [array.copy() for array in arrays(start)]
    first = train_goc(start, SMALL, x, labels, labels, 0.0, options=OPTIONS)
    train_goc(start, SMALL, x[:90], labels[:90], labels[:90] + 9.0, 0.9, options=OPTIONS)
    assert same(first, train_goc(start, SMALL, x, labels, labels, 0.0, options=OPTIONS))
    other = replace(OPTIONS, seed=6)
    assert not same(first, train_goc(start, SMALL, x, labels, labels, 0.0, options=other))
    for array, kept in zip(arrays(start), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_dropout_starts_anew_as_well(start: Network) -> None:
    from akkd_core.bundle.architecture import Layer

    dropped = replace(SMALL, layers=(Layer(8, "relu", 0.3),))
    x, labels = pixels()
    first = train_goc(start, dropped, x, labels, labels, 0.0, options=OPTIONS)
    assert same(first, train_goc(start, dropped, x, labels, labels, 0.0, options=OPTIONS))
    assert not same(first, train_goc(start, SMALL, x, labels, labels, 0.0, options=OPTIONS))


def test_training_lowers_the_error(start: Network) -> None:
    from akkd_core.distillation.chain import predict

    x, labels = pixels()
    further = train_goc(
        start, SMALL, x, labels, labels, 0.0, options=FitOptions(40, 32, 1)
    )
    error = [float(np.abs(predict(net, x) - labels)[:, 0].mean()) for net in (start, further)]
    assert error[1] < 0.5 * error[0]


def test_what_does_not_fit_is_refused(start: Network) -> None:
    x, labels = pixels()
    with pytest.raises(TrainingError, match="teacher"):
        train_goc(start, SMALL, x, labels, labels[:5], 0.5, options=OPTIONS)
    wider = Architecture.of((9,), learning_rate=1e-3)
    with pytest.raises(TrainingError, match="other layers"):
        train_goc(start, wider, x, labels, labels, 0.5, options=OPTIONS)
    with pytest.raises(TrainingError, match="not finite"):
        train_goc(start, SMALL, x, labels * np.float32(np.inf), labels, 0.5, options=OPTIONS)


def test_cancelling_stops_within_an_epoch(start: Network) -> None:
    class Stop:
        seen = 0

        def update(self, fraction: float, message: str = "") -> None:
            self.seen += 1

        def cancelled(self) -> bool:
            return self.seen >= 2

    x, labels = pixels()
    stop = Stop()
    with pytest.raises(OperationCancelled):
        train_goc(
            start, SMALL, x, labels, labels, 0.0, options=FitOptions(50, 32, 1), progress=stop
        )
    assert stop.seen == 2
