"""The catalogue's part on compression of bundles. Standard library only."""

from __future__ import annotations

from akkd_core.operations.catalogue_models import (
    BATCH_SCENES,
    HELD_OUT_SCENES,
    TRAINING_SEED,
    TRAINING_SETS,
    VALIDATION_SET,
)
from akkd_core.operations.spec import Operation, Parameter, ParamKind

COMPRESS = Operation(
    "distill compress",
    "Compress a bundle",
    "Training",
    "Distil a bundle's pixel network into a small one: a bundle that retrieves with less work.\n\n"
    "The pixel network's outputs are learned by a small one, from any simulated pixels; the scene "
    "network, which runs once a scene, stays as it is. Of a bundle that sees pixels' surroundings "
    "all four networks are learned by small ones, and the student tells its own errors. Prints "
    "what a pixel costs before and after, in multiply-adds. An interrupted run goes on from its "
    "work folder. Needs the training extra (TensorFlow).",
    (
        Parameter(
            "bundle", ParamKind.BUNDLE, "Bundle",
            "Folder or zip of the bundle to compress, one that akkd train made with --inputs "
            "scene or surroundings; or default, the one shipped with AKKD.",
            required=True, positional=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Student", "Folder of the bundle to write.",
            required=True, positional=True,
        ),
        TRAINING_SETS,
        VALIDATION_SET,
        Parameter(
            "name", ParamKind.TEXT, "Name", "Name of the student.", default="akkd-compact",
        ),
        Parameter(
            "architecture", ParamKind.TEXT, "Architecture",
            "Of the student's pixel network: widths, or a .json file such as a search's best.json.",
            default="64,56,48",
        ),
        Parameter(
            "teacher_weight", ParamKind.FLOAT, "Teacher's weight",
            "Weight w of the teacher: (1 - w) error(truth) + w error(teacher).",
            default=1.0, minimum=0.0, maximum=1.0,
        ),
        Parameter(
            "epochs", ParamKind.INTEGER, "Epochs", "Passes through the training set at most.",
            default=8, minimum=1, maximum=100000,
        ),
        Parameter(
            "patience", ParamKind.INTEGER, "Patience",
            "Epochs without improvement on the validation set (departure from teacher and truth, "
            "by their weights) after which training ends, as in akkd train; 0: never.",
            default=10, minimum=0, maximum=100000,
        ),
        BATCH_SCENES,
        Parameter(
            "learning_rate", ParamKind.FLOAT, "Learning rate",
            "Highest learning rate; it rises to it and falls again. Without it, the "
            "architecture's: 0.002 of widths.",
            minimum=1e-6, maximum=1.0, advanced=True,
        ),
        HELD_OUT_SCENES,
        Parameter(
            "work_dir", ParamKind.OUTPUT_FOLDER, "Work folder",
            "Checkpoint and learning curve; without it, <student>_work.",
            advanced=True,
        ),
        TRAINING_SEED,
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite", "Replace a bundle that exists.",
            default=False,
        ),
    ),
    "akkd_core.operations.distill_compress:run",
)  # fmt: skip
