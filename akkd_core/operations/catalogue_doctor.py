"""The catalogue's part on the installation itself. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Operation, Parameter, ParamKind

DOCTOR = Operation(
    "doctor",
    "Look after the installation",
    "Models",
    "Tell versions, drivers, runtimes, memory, disk and models, and what is missing with the "
    "remedy.\n\n"
    "The text can be pasted into a bug report: folders are told from the home folder on, names of "
    "users and machines are left out. Nothing is fetched. Fails only where something is missing "
    "that retrieval needs.",
    (
        Parameter(
            "json", ParamKind.FLAG, "JSON",
            "The same for programs, as one JSON object.",
            default=False,
        ),
    ),
    "akkd_core.operations.doctor:run",
)  # fmt: skip
