import pytest

from akkd_core.errors import TrainingError
from akkd_core.nn.learning_curve import LearningCurve


def _curve(path, epochs=3):
    curve = LearningCurve(path)
    for epoch in range(1, epochs + 1):
        curve.append(epoch, {"val_loss": 1.0 / epoch, "loss": 0.5 / epoch})
    return curve


def test_rows_come_back_as_columns(tmp_path):
    curve = _curve(tmp_path / "c.csv")
    assert curve.columns() == {
        "epoch": [1, 2, 3],
        "loss": [0.5, 0.25, 0.166667],
        "val_loss": [1.0, 0.5, 0.333333],
    }
    head = (tmp_path / "c.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head == "epoch,loss,val_loss"


def test_no_file_no_columns(tmp_path):
    assert LearningCurve(tmp_path / "c.csv").columns() == {}


def test_rows_after_the_checkpoint_are_dropped(tmp_path):
    curve = _curve(tmp_path / "c.csv", epochs=2)
    two = (tmp_path / "c.csv").read_bytes()
    curve.append(3, {"val_loss": 0.3, "loss": 0.1})
    with open(tmp_path / "c.csv", "ab") as handle:
        handle.write(b"4,0.0")  # killed while writing
    curve.cut(2)
    assert (tmp_path / "c.csv").read_bytes() == two
    curve.cut(2)
    assert (tmp_path / "c.csv").read_bytes() == two
    curve.cut(0)
    assert not (tmp_path / "c.csv").exists()
    curve.cut(0)


def test_a_checkpoint_without_its_rows_is_refused(tmp_path):
    curve = _curve(tmp_path / "c.csv", epochs=2)
    with pytest.raises(TrainingError, match="2 epochs, but the checkpoint beside it has 3"):
        curve.cut(3)
    with pytest.raises(TrainingError, match="0 epochs"):
        LearningCurve(tmp_path / "none.csv").cut(1)


@pytest.mark.parametrize(
    "text", ["epoch,loss\n1,abc\n", "epoch,loss\n1\n", "", "epoch,loss\n1,2\n2\n"]
)
def test_a_damaged_file_is_a_clear_error(tmp_path, text):
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match="damaged"):
        LearningCurve(tmp_path / "c.csv").columns()
