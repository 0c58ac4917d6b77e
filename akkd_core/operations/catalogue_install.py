"""The catalogue's part on models of the user's own. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Operation, Parameter, ParamKind

INSTALL = Operation(
    "install",
    "Install a bundle",
    "Models",
    "Verify a model bundle or joint model wholly and copy it to where it can be named.\n\n"
    "After that every option that takes a bundle takes its name. The folder is akkd/models where "
    "the platform keeps a user's data, or what AKKD_MODELS names. Nothing of a bundle is executed, "
    "and only what was verified is copied.",
    (
        Parameter(
            "bundle", ParamKind.BUNDLE, "Bundle",
            "Folder or zip of a model bundle or joint model.",
            required=True, positional=True,
        ),
        Parameter(
            "name", ParamKind.TEXT, "Name",
            "What to call it; without it, its own name. default and compact are taken.",
        ),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite",
            "Replace an installed bundle of that name.",
            default=False,
        ),
    ),
    "akkd_core.operations.install:run",
)  # fmt: skip

MODELS = Operation(
    "models",
    "List the models",
    "Models",
    "List shipped and installed models: name, hash, scores and where they lie.\n\n"
    "Each is verified; one that is damaged is listed with what is wrong.",
    (),
    "akkd_core.operations.models:run",
)

INSTALL_OPERATIONS: tuple[Operation, ...] = (INSTALL, MODELS)
"""Operations on the user's models, in the order in which faces list them."""
