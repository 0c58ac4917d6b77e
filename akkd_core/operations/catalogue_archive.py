"""The catalogue's part on archives of labelled scenes. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Operation, Parameter, ParamKind

SIMULATE_ARCHIVE = Operation(
    "simulate archive",
    "Simulate an archive of labelled scenes",
    "Training",
    "Simulate scenes with product labels and with the truth behind them.\n\n"
    "Training scenes of gentle relief, each of one land cover, and complex scenes of steep relief, "
    "mixed pixels, many materials and thin cloud. The labels are those of TES with an atmosphere "
    "that is wrong by 10-20 % of water vapour and 1-2 K, rounded as products are. Writes "
    "archive.json and one .npz a scene; a run that was interrupted goes on where it stopped. "
    "Prints how far the labels are from the truth.",
    (
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Archive", "Folder to write.",
            required=True, positional=True,
        ),
        Parameter(
            "training_scenes", ParamKind.INTEGER, "Training scenes",
            "Number of training scenes.",
            default=27, minimum=0, maximum=27,
        ),
        Parameter(
            "complex_scenes", ParamKind.INTEGER, "Complex scenes",
            "Number of scenes of complex terrain.",
            default=20, minimum=0, maximum=20,
        ),
        Parameter(
            "pixels_per_side", ParamKind.INTEGER, "Size",
            "Width and height of a scene.",
            default=96, minimum=16, maximum=2048, unit="pixels",
        ),
        Parameter(
            "full", ParamKind.FLAG, "Full size",
            "Scenes of 596 x 596 pixels: 9.6 million training samples, as many as the paper's.",
            default=False,
        ),
        Parameter(
            "seed", ParamKind.INTEGER, "Seed",
            "Start of the random numbers; the same seed gives the same bytes.",
            default=0, minimum=0,
        ),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite",
            "Make all scenes anew, and replace an archive made otherwise.",
            default=False,
        ),
    ),
    "akkd_core.operations.simulate_archive:run",
)  # fmt: skip

ARCHIVE_OPERATIONS: tuple[Operation, ...] = (SIMULATE_ARCHIVE,)
"""Operations on archives, in the order in which faces list them."""
