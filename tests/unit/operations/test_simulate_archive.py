"""``akkd simulate archive``: what it prints is what it wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from akkd_core.errors import MissingDependencyError, ParameterError
from akkd_core.operations.simulate_archive import label_errors, run
from akkd_core.simulation.archive import load_archive
from akkd_core.simulation.archive_dates import require_further_air

from akkd_cli.main import cli  # isort: skip

SMALL = ["--training-scenes", "8", "--complex-scenes", "1", "--pixels-per-side", "16"]


def test_the_table_is_of_the_scenes_on_disk(tmp_path: Path) -> None:
    folder = tmp_path / "arch"
    words = ["simulate", "archive", str(folder), *SMALL, "--progress", "json"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout.splitlines()]
    fractions = [e["fraction"] for e in events if e["event"] == "progress"]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    data = events[-1]["data"]
    assert data["scenes"] == 9
    archive = load_archive(folder)
    bias, mae, lse_mae, samples = [], [], [], 0
    for scene in archive.scenes("training"):
        lst, lse = scene.truth()
        good = scene.label_valid
        bias.append((scene.label_lst - lst)[good].mean())
        mae.append(np.abs(scene.label_lst - lst)[good].mean())
        lse_mae.append(np.abs(scene.label_lse - lse)[:, good].mean())
        samples += int(good.sum())
    found = data["labels"]["training"]
    assert found["samples"] == samples and found["scenes"] == 8
    assert found["lst_bias_k"] == pytest.approx(np.mean(bias), abs=1e-4)
    assert found["lst_mae_k"] == pytest.approx(np.mean(mae), abs=1e-4)
    assert found["lse_mae"] == pytest.approx(np.mean(lse_mae), abs=1e-6)
    # eight scenes of seven land covers: the first has two
    assert data["labels"]["training: desert"]["scenes"] == 2
    assert data["labels"]["complex"]["scenes"] == 1


def test_lines_of_the_table(tmp_path: Path) -> None:
    outcome = run(str(tmp_path / "a"), training_scenes=2, complex_scenes=1, pixels_per_side=16)
    lines = outcome.lines
    assert lines[0].endswith("3 scenes of 16 x 16 pixels")
    first = [line.split()[0] for line in lines[3:]]
    assert first == ["training", "crops", "desert", "complex", "forest+urban+water"]
    assert lines[3].split()[1:3] == ["2", "512"]
    again = run(str(tmp_path / "a"), training_scenes=2, complex_scenes=1, pixels_per_side=16)
    assert again.lines == lines


def test_two_dates_by_the_command(tmp_path: Path) -> None:
    try:
        require_further_air()
    except MissingDependencyError as error:
        pytest.skip(str(error))
    words = ["simulate", "archive", str(tmp_path / "a"), "--training-scenes", "2"]
    words += ["--complex-scenes", "0", "--pixels-per-side", "16", "--dates", "2"]
    result = CliRunner().invoke(cli, [*words, "--progress", "json"])
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout.splitlines()]
    fractions = [e["fraction"] for e in events if e["event"] == "progress"]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert events[-1]["data"]["labels"]["training: desert"]["scenes"] == 2
    first, _, later, _ = load_archive(tmp_path / "a").entries
    assert later.name == f"{first.name}-d02" and later.air and first.air
    assert abs(later.air.tcwv_kg_m2 - first.air.tcwv_kg_m2) > 0.1
    assert 0.09 < abs(later.air.water_error) < 0.21


def test_full_is_a_size_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="leave out pixels_per_side"):
        run(str(tmp_path / "a"), full=True, pixels_per_side=128)
    assert not (tmp_path / "a").exists()


def test_another_seed_needs_overwrite(tmp_path: Path) -> None:
    words = ["simulate", "archive", str(tmp_path / "a"), "--training-scenes", "1"]
    words += ["--complex-scenes", "0", "--pixels-per-side", "16"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    refused = CliRunner().invoke(cli, [*words, "--seed", "1"])
    assert refused.exit_code == 2 and "--overwrite" in refused.stderr
    assert CliRunner().invoke(cli, [*words, "--seed", "1", "--overwrite"]).exit_code == 0


def test_a_scene_without_valid_labels_counts_nothing(tmp_path: Path) -> None:
    run(str(tmp_path / "a"), training_scenes=1, complex_scenes=0, pixels_per_side=16)
    scene = next(load_archive(tmp_path / "a").scenes())
    none = replace(scene, label_valid=np.zeros_like(scene.label_valid))
    errors = label_errors(none)
    assert errors.samples == 0 and np.isnan(errors.lst_mae_k)
