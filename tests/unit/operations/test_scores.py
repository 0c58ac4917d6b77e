"""The operation that scores: methods side by side, report written once."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest

from akkd_core.bundle import save_bundle
from akkd_core.errors import ParameterError
from akkd_core.operations import scores
from akkd_core.operations.catalogue_validation import VALIDATION_OPERATIONS
from akkd_core.simulation import training_set
from akkd_core.validation import heldout
from tests.builders.retrieval import scene_aware_bundle


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes of 16 x 16 pixels and few of them; what is scored how stays as it is."""
    recipe = replace(training_set.JUDGE_RECIPE, shape=(16, 16), pixels=60)
    monkeypatch.setattr(heldout, "JUDGE_RECIPE", recipe)
    simulate = heldout.held_out_scenes

    def held_out(count: int, **options: object) -> training_set.TrainingSet:
        wanted = options.pop("recipe", recipe)
        return simulate(count, recipe=replace(wanted, shape=(16, 16), pixels=60), **options)

    monkeypatch.setattr(heldout, "held_out_scenes", held_out)
    monkeypatch.setattr(scores, "REGRESSION_SCENES", 60)


@pytest.mark.usefixtures("small")
def test_scores_side_by_side(tmp_path: Path) -> None:
    folder = save_bundle(scene_aware_bundle(), tmp_path / "bundle")
    report = tmp_path / "scores.json"
    outcome = scores.run(str(folder), str(folder), scenes=12, workers=1, json=str(report))
    data = json.loads(report.read_text())
    assert [entry["method"] for entry in data["methods"]] == [
        "arbitrary",
        "arbitrary, water vapour and air known",
        "arbitrary (no scene statistics)",
        "quadratic regression",
        "split window, emissivity unknown",
        "split window, emissivity by regression",
        "TES, true atmosphere",
        "TES as AST_08, true atmosphere",
        "TES, water vapour -10 %",
        "TES, water vapour +10 %",
        "TES, typical air of the true water",
        "TES, retrieved atmosphere",
    ]
    assert set(data["variants"]) == set(heldout.VARIANTS)
    assert all(len(entries) == 3 for entries in data["variants"].values())
    assert data["scenes"] == 12 and len(data["methods"][0]["by_class"]) >= 8
    assert len(data["atmosphere"]) == 15 and data["atmosphere"][3]["band"] == 13
    assert any("TES, true atmosphere" in line for line in outcome.lines)
    with pytest.raises(ParameterError, match="overwrite"):
        scores.run(str(folder), json=str(report))


def test_catalogue_entries_fit_their_runners() -> None:
    for operation in VALIDATION_OPERATIONS:
        accepted = inspect.signature(operation.load_runner()).parameters
        for parameter in operation.parameters:
            assert parameter.name in accepted, (operation.id, parameter.name)
            if not parameter.required:
                default = accepted[parameter.name].default
                assert default == (() if parameter.multiple else parameter.default)
        assert "progress" in accepted
