"""Words that every item of the shared distillation says of it."""

from __future__ import annotations

from akkd_core.reproduction.distillation_run import DistillationRun


def run_note(run: DistillationRun) -> str:
    """Say what the shared run was, and how long it took.

    Parameters
    ----------
    run : DistillationRun
    """
    side, plan = run.size.pixels_per_side, run.size.plans[0]
    widths = "-".join(str(layer.units) for layer in plan.teacher_architecture.layers)
    small = "-".join(str(layer.units) for layer in plan.small_architecture.layers)
    return (
        f"Scenes of {side} x {side} pixels; layers {widths} (large model, {plan.teacher_epochs} "
        f"epochs) and {small} (small models, {plan.small_epochs} epochs; students "
        f"{plan.whole_epochs} more). The run that these items share took {run.cpu_seconds:.0f} s "
        "of processor time."
    )
