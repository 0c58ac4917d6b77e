"""The catalogue's part on students of single scenes. Standard library only."""

from __future__ import annotations

from akkd_core.operations.catalogue_air import T_AIR, TCWV
from akkd_core.operations.catalogue_models import TRAINING_SEED
from akkd_core.operations.spec import Operation, Parameter, ParamKind

ADAPT = Operation(
    "distill adapt",
    "Adapt a small network to a scene",
    "Training",
    "Distil a scene-aware bundle on a scene's own unlabelled pixels.\n\n"
    "The teacher reads the scene's air from its statistics; the student takes the five brightness "
    "temperatures alone and has learnt that air, so it belongs to this scene and overpass only: "
    "akkd join takes it nowhere else, and akkd retrieve flags all other pixels as outside its "
    "domain. Prints how far it departs from the teacher on held-out pixels, and what a pixel costs "
    "before and after. Needs the training extra (TensorFlow).",
    (
        Parameter(
            "scene", ParamKind.INPUT_PATH, "Scene",
            "ASTER L1T or L1B scene: .hdf file, or folder or band file of L1T V004.",
            required=True, positional=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Student",
            "Folder of the bundle to write; without it, <scene>_student beside the scene.",
            short="o",
        ),
        Parameter(
            "model", ParamKind.BUNDLE, "Teacher",
            "Folder, zip or name of a bundle that akkd train made with --inputs scene; "
            "without it, the default one.",
            short="m",
        ),
        TCWV,
        T_AIR,
        Parameter(
            "pixels", ParamKind.INTEGER, "Pixels",
            "Pixels to learn from at most: half of them at random, half so that rare temperatures "
            "and spectra are among them.",
            default=50000, minimum=500, maximum=1000000, unit="pixels",
        ),
        Parameter(
            "noise", ParamKind.FLOAT, "Noise",
            "Noise added to the student's inputs, as a share of the instrument's (0.3 K at 300 K); "
            "0 for none.",
            default=1.0, minimum=0.0, maximum=3.0,
        ),
        Parameter(
            "architecture", ParamKind.TEXT, "Architecture",
            "Of the student: widths, or a .json file such as a search's best.json.",
            default="64,64,64",
        ),
        Parameter(
            "epochs", ParamKind.INTEGER, "Epochs", "Passes through the pixels.",
            default=20, minimum=1, maximum=100000,
        ),
        Parameter(
            "name", ParamKind.TEXT, "Name",
            "Name of the student; without it, the granule's id with -student.",
        ),
        Parameter(
            "gain_offset", ParamKind.INPUT_PATH, "Recalibration table",
            "Table of gain and offset per band that recalibrates the radiance.",
            advanced=True,
        ),
        TRAINING_SEED,
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite", "Replace a bundle that exists.",
            default=False,
        ),
    ),
    "akkd_core.operations.distill_adapt:run",
)  # fmt: skip
