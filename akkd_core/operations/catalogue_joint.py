"""The catalogue's part of joint models. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Operation, Parameter, ParamKind

JOIN = Operation(
    "join",
    "Join a teacher and students",
    "Training",
    "Join a teacher and students to one joint model, which akkd retrieve --model takes.\n\n"
    "A student serves the pixels inside its footprint, in its months and like those it was trained "
    "on; the teacher serves the rest; across borders both are blended. G_MODEL.tif says which "
    "model served each pixel.",
    (
        Parameter(
            "teacher", ParamKind.BUNDLE, "Teacher",
            "Model bundle that serves what no student does.",
            required=True, positional=True,
        ),
        Parameter(
            "students", ParamKind.BUNDLE, "Students",
            "Model bundles that say where they belong, as akkd distill writes them; at most 15.",
            multiple=True, required=True, positional=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FILE, "Joint model",
            "File to write, .zip; a name without .zip makes a folder.",
            required=True, short="o",
        ),
        Parameter(
            "name", ParamKind.TEXT, "Name", "Name of the joint model.", default="akkd-joint",
        ),
        Parameter(
            "blend", ParamKind.FLOAT, "Blending width",
            "Width inside a student's footprint over which it takes over from the teacher.",
            default=1000.0, minimum=0.0, maximum=100_000.0, unit="m",
        ),
        Parameter(
            "domain_ramp", ParamKind.FLOAT, "Domain ramp",
            "How far beyond its training pixels a student's share falls to 0, in multiples of the "
            "distance that holds most of them.",
            default=1.5, minimum=1.0, maximum=10.0, advanced=True,
        ),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite", "Replace an output that exists.",
            default=False,
        ),
    ),
    "akkd_core.operations.join:run",
)  # fmt: skip

JOINT_OPERATIONS: tuple[Operation, ...] = (JOIN,)
"""Operations that make joint models."""
