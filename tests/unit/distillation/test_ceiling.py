"""Labels of the true air."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from akkd_core.distillation.ceiling import with_known_air
from akkd_core.errors import InputError
from akkd_core.simulation.archive import Archive
from akkd_core.simulation.archive_recipe import ArchiveRecipe
from akkd_core.simulation.archive_writing import simulate_archive
from tests.builders.distillation import labelled_scene


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    recipe = ArchiveRecipe(training_scenes=1, complex_scenes=6, pixels_per_side=16)
    folder: Path = tmp_path_factory.mktemp("ceiling") / "arch"
    return simulate_archive(folder, recipe)


def test_labels_of_the_true_air_are_nearer_to_the_truth(archive: Archive) -> None:
    before, after = [], []
    for name in archive.names("complex"):
        scene = archive.scene(name)
        known = with_known_air(scene, archive.description)
        assert np.array_equal(known.radiance, scene.radiance) and scene.lst is not None
        assert not (known.label_valid & ~scene.label_valid).any()
        valid = known.label_valid
        before.append(abs(float((scene.label_lst - scene.lst)[valid].mean())))
        after.append(abs(float((known.label_lst - scene.lst)[valid].mean())))
    # three gorges: labels 2.1 K off with the believed air
    assert before[5] > 1.5 and after[5] < 0.6
    assert np.mean(after) < 0.8 * np.mean(before)


def test_only_of_simulated_scenes(archive: Archive) -> None:
    with pytest.raises(InputError, match="simulate archive"):
        with_known_air(labelled_scene(), archive.description)
    with pytest.raises(InputError, match="simulate archive"):
        with_known_air(archive.scene(archive.names("complex")[0]), {"made_for": asdict})
