import numpy as np
import pytest

from akkd_core.errors import TrainingError

keras = pytest.importorskip("keras", reason="needs the training extra")

from akkd_core.nn.checkpoints import (  # noqa: E402
    check_run,
    load_arrays,
    restore_checkpoint,
    save_arrays,
    save_checkpoint,
)


def _model(units=3):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1, use_ema=True), loss="mse")
    return model


def _fit(model, seed):
    rng = np.random.default_rng(seed)
    model.fit(rng.random((32, 2)), rng.random((32, 1)), verbose=0, shuffle=False)


def test_arrays_keep_their_order_and_epoch(tmp_path):
    arrays = [np.full(i % 3 + 1, i, dtype=np.float32) for i in range(12)]
    save_arrays(tmp_path / "a.npz", arrays, 7)
    found, epoch = load_arrays(tmp_path / "a.npz")
    assert epoch == 7
    assert [values.tolist() for values in found] == [values.tolist() for values in arrays]
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_a_restored_model_goes_on_as_the_saved_one(tmp_path):
    model, other = _model(), _model()
    _fit(model, 1)
    save_checkpoint(tmp_path / "c.npz", model, 4)
    assert restore_checkpoint(tmp_path / "c.npz", other) == 4
    for each in (model, other):
        _fit(each, 2)  # another result if the optimizer's moments were not restored
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    averages = [m.optimizer.variables[-1].numpy() for m in (model, other)]
    np.testing.assert_allclose(*averages, atol=1e-6)


def test_no_checkpoint_is_a_start(tmp_path):
    assert restore_checkpoint(tmp_path / "c.npz", _model()) == 0


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    model = _model()
    _fit(model, 1)
    save_checkpoint(tmp_path / "c.npz", model, 1)
    with pytest.raises(TrainingError, match="of another model"):
        restore_checkpoint(tmp_path / "c.npz", _model(units=4))


def test_a_damaged_checkpoint_is_a_clear_error(tmp_path):
    save_arrays(tmp_path / "a.npz", [np.zeros(1000)], 1)
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:500])
    with pytest.raises(TrainingError, match="empty its folder"):
        load_arrays(tmp_path / "a.npz")
    with pytest.raises(TrainingError, match="can't be read"):
        load_arrays(tmp_path / "none.npz")


def test_a_run_is_noted_and_compared(tmp_path):
    check_run(tmp_path, {"seed": 1})
    check_run(tmp_path, {"seed": 1})
    with pytest.raises(TrainingError, match="other options"):
        check_run(tmp_path, {"seed": 2})
