"""Use-case: a teacher and students to one joint model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from akkd_core.operations.catalogue_joint import JOIN
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress


def run(
    *,
    progress: Progress,
    teacher: str,
    students: Sequence[str],
    output: str,
    name: str,
    blend: float,
    domain_ramp: float,
    overwrite: bool,
) -> Outcome:
    """Run the operation ``join`` of the catalogue; parameters as declared there.

    Raises
    ------
    BundleError
        If a bundle can't be used or joined.
    ParameterError
        If the output exists or a value is out of range.
    ProductWriteError
        If it can't be written.
    """
    from akkd_core.bundle import bundle_path
    from akkd_core.joint.selection import Rule
    from akkd_core.joint.store import save_joint
    from akkd_core.operations.info_joint import describe_joint
    from akkd_core.operations.outputs import refuse_existing

    JOIN.check(blend=blend, domain_ramp=domain_ramp)
    refuse_existing(output, overwrite)
    members = [bundle_path(student) for student in students]
    joint = save_joint(
        output, bundle_path(teacher), members, name=name, rule=Rule(blend, domain_ramp),
        overwrite=overwrite,
    )  # fmt: skip
    progress.update(1.0, "joined")
    described = describe_joint(joint)
    data: dict[str, Any] = {**described.data, "output": output}
    return Outcome((*described.lines, f"written to {output}"), data)
