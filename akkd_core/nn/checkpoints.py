"""A training's state on disk: checkpoint, best weights, the Keras model, the run's options.

Plain arrays in .npz, each file whole or not at all: a run killed at any moment goes on from the
last epoch whose checkpoint was finished.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import TrainingError
from akkd_core.raster.temporary import whole_file

RUN_NAME = "run.json"
"""Options of the run in a work folder."""

Arrays = list[NDArray[Any]]


def check_run(folder: Path, run: Mapping[str, Any]) -> None:
    """Note what a run is, or compare with what an earlier one in the folder was.

    Parameters
    ----------
    folder : path
    run : mapping
        Options and architectures, as JSON takes them.

    Raises
    ------
    TrainingError
        If the folder holds another run.
    """
    text = json.dumps(run, indent=1, sort_keys=True)
    path = folder / RUN_NAME
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise TrainingError(
            f"{folder}: holds a run with other options. choose another --work-dir or empty it"
        )
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_arrays(path: Path, arrays: Sequence[NDArray[Any]], epoch: int) -> None:
    """Write arrays (any shape and dtype) in order, and the epoch they are of, as .npz."""
    named: dict[str, Any] = {f"array_{i:04d}": values for i, values in enumerate(arrays)}
    with whole_file(path) as temporary, open(temporary, "wb") as handle:
        np.savez(handle, epoch=np.int64(epoch), **named)


def load_arrays(path: Path) -> tuple[Arrays, int]:
    """Read what `save_arrays` wrote.

    Raises
    ------
    TrainingError
        If the file is damaged or missing.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = sorted(name for name in stored.files if name != "epoch")
            return [stored[name] for name in names], int(stored["epoch"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"{path}: can't be read ({error}). empty its folder to start anew"
        ) from error


def save_checkpoint(path: Path, model: Any, epoch: int) -> None:
    """Write weights and optimizer state (averaged weights among it) after ``epoch`` epochs."""
    state = [variable.numpy() for variable in model.optimizer.variables]
    save_arrays(path, [*model.get_weights(), *state], epoch)


def restore_checkpoint(path: Path, model: Any) -> int:
    """Restore what `save_checkpoint` wrote into a compiled model.

    Returns
    -------
    int
        Epochs done; 0 if there is no checkpoint.

    Raises
    ------
    TrainingError
        If the file is damaged or of another model.
    """
    if not path.exists():
        return 0
    model.optimizer.build(model.trainable_variables)
    arrays, epoch = load_arrays(path)
    count, variables = len(model.weights), model.optimizer.variables
    shapes = [tuple(v.shape) for v in (*model.weights, *variables)]
    if [values.shape for values in arrays] != shapes:
        raise TrainingError(f"{path}: of another model. empty its folder to start anew")
    model.set_weights(arrays[:count])
    for variable, values in zip(variables, arrays[count:], strict=True):
        variable.assign(values)
    return epoch


def save_keras_model(path: Path, model: Any) -> None:
    """Write a model without its training state as a .keras file.

    ``keras.saving.load_model`` reads it once `akkd_core.nn.teacher` is imported, which registers
    the layer of the physics features.
    """
    bare = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    with whole_file(path) as temporary:
        # Keras insists on the ending
        staged = temporary.with_name(f"{temporary.name}.keras")
        try:
            bare.save(staged)
            staged.replace(temporary)
        finally:
            staged.unlink(missing_ok=True)
