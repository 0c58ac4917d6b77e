"""Use-case: a bundle or joint model, verified, into the user's folder of models."""

from __future__ import annotations

from akkd_core.operations.outputs import refuse_existing
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, checkpoint


def run(*, progress: Progress, bundle: str, name: str | None, overwrite: bool) -> Outcome:
    """Run the operation ``install`` of the catalogue; parameters as declared there.

    Raises
    ------
    BundleError
        If it is none, damaged, hostile, of another version, or made for another sensor.
    ParameterError
        If the name can't be one, or is taken.
    ProductWriteError
        If it can't be written; then what was installed before stays as it was.
    OperationCancelled
    """
    from akkd_core.bundle import ModelBundle, bundle_path
    from akkd_core.bundle.content import JOINT, MANIFEST
    from akkd_core.bundle.installed import check_model_name, models_folder
    from akkd_core.bundle.store import write_folder
    from akkd_core.joint.store import read_model
    from akkd_core.operations.models import describe_model
    from akkd_core.sensors import aster_tir

    if name is not None:
        check_model_name(name)
        refuse_existing(models_folder() / name, overwrite)
    checkpoint(progress, 0.0, f"verifying {bundle}")
    model, files = read_model(bundle_path(bundle), sensor=aster_tir().name)
    chosen = name or model.name
    check_model_name(chosen)
    target = models_folder() / chosen
    refuse_existing(target, overwrite)
    checkpoint(progress, 0.5, f"installing {chosen}")
    # what lies there may be of the other kind
    index = JOINT if (target / JOINT).is_file() else MANIFEST
    write_folder(target, files, index, overwrite=overwrite)
    progress.update(1.0, "installed")
    data = describe_model(chosen, target, model)
    kind = "model bundle" if isinstance(model, ModelBundle) else "joint model"
    lines = (
        f"{kind} {model.name} ({data['hash']}) installed as {chosen}",
        f"  in {target}",
        f"  use it: akkd retrieve SCENE --model {chosen}",
    )
    return Outcome(lines, data)
