"""Use-case: which models there are, shipped and installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.errors import BundleError
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, checkpoint

if TYPE_CHECKING:
    from akkd_core.bundle import ModelBundle
    from akkd_core.joint.bundle import JointBundle

_HASH_DIGITS = 12


def describe_model(name: str, path: Path, model: ModelBundle | JointBundle) -> dict[str, Any]:
    """Tell the essentials of a model, as plain JSON values.

    Parameters
    ----------
    name : str
        By which options take it.
    path : Path
    model : ModelBundle or JointBundle

    Returns
    -------
    dict
        ``name``, ``path``, ``kind``, ``own_name``, ``hash`` (12 digits of SHA-256), ``members``
        (names, of a joint model) and ``scores`` (of a joint model its teacher's).
    """
    from akkd_core.bundle import ModelBundle, bundle_hash

    plain = isinstance(model, ModelBundle)
    members = [model] if isinstance(model, ModelBundle) else list(model.members)
    return {
        "name": name,
        "path": str(path),
        "kind": "bundle" if plain else "joint",
        "own_name": model.name,
        "hash": (
            bundle_hash(model) if isinstance(model, ModelBundle) else model.sha256[:_HASH_DIGITS]
        ),
        "members": [] if plain else [member.name for member in members],
        "scores": [score.to_json() for score in members[0].manifest.scores],
    }


def model_names() -> list[str]:
    """List the names by which options take a model, shipped ones first; nothing is verified."""
    from akkd_core.bundle.installed import SHIPPED, installed_bundles

    return [*SHIPPED, *(name for name in installed_bundles() if name not in SHIPPED)]


def run(*, progress: Progress) -> Outcome:
    """Run the operation ``models`` of the catalogue.

    Raises
    ------
    OperationCancelled
    """
    from akkd_core.bundle import compact_bundle_path, default_bundle_path
    from akkd_core.bundle.installed import SHIPPED, installed_bundles, models_folder
    from akkd_core.joint.store import load_model

    shipped = dict(zip(SHIPPED, (default_bundle_path(), compact_bundle_path()), strict=True))
    places = {**shipped, **installed_bundles(), **shipped}
    found: list[dict[str, Any]] = []
    for number, (name, path) in enumerate(places.items()):
        checkpoint(progress, number / len(places), f"verifying {name}")
        try:
            entry = describe_model(name, path, load_model(path))
        except BundleError as error:
            entry = {"name": name, "path": str(path), "error": str(error)}
        found.append({**entry, "shipped": name in shipped})
    progress.update(1.0, "done")
    lines = [line for entry in found for line in _lines(entry)]
    lines.append(f"installed models lie in {models_folder()}")
    return Outcome(tuple(lines), {"folder": str(models_folder()), "models": found})


def _lines(entry: dict[str, Any]) -> list[str]:
    origin = "shipped" if entry["shipped"] else "installed"
    head = f"{entry['name']} ({origin})"
    if "error" in entry:
        return [f"{head}: can't be used", f"  {entry['error']}"]
    if entry["kind"] == "joint":
        what = f"joint model {entry['own_name']} of {', '.join(entry['members'])}"
    else:
        what = f"model bundle {entry['own_name']}"
    scores = ", ".join(_score(score) for score in entry["scores"]) or "none given"
    whose = "teacher's scores" if entry["kind"] == "joint" else "scores"
    return [f"{head}: {what}, {entry['hash']}", f"  {whose}: {scores}", f"  {entry['path']}"]


def _score(score: dict[str, Any]) -> str:
    unit = "" if score["unit"] == "1" else f" {score['unit']}"
    return f"{score['name']} {score['value']:.4g}{unit}"
