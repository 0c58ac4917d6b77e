"""The catalogue's second part: operations that simulate and train. Standard library only."""

from __future__ import annotations

from dataclasses import replace

from akkd_core.operations.spec import Operation, Parameter, ParamKind

_OVERWRITE = Parameter(
    "overwrite", ParamKind.FLAG, "Overwrite",
    "Replace an output that exists.",
    default=False,
)  # fmt: skip
_SEED = Parameter(
    "seed", ParamKind.INTEGER, "Seed",
    "Start of the random numbers; the same seed gives the same bytes.",
    default=0, minimum=0,
)  # fmt: skip
_RTE = Parameter(
    "rte", ParamKind.CHOICE, "Radiative transfer equation",
    "The full equation, or the AK-KD paper's eq. (1) with one effective air temperature; how far "
    "they are apart is printed.",
    default="full", choices=("full", "paper"), advanced=True,
)  # fmt: skip
_ATMOSPHERES = Parameter(
    "atmospheres", ParamKind.INPUT_PATH, "Atmosphere table",
    "Table (.npz or .csv) of transmittance, path and sky radiance per band, e.g. from MODTRAN or "
    "RTTOV; without it, the shipped table of the split.",
    advanced=True,
)  # fmt: skip


def _split(default: str) -> Parameter:
    return Parameter(
        "split", ParamKind.CHOICE, "Split",
        "Whose air and materials to use; the three share no profile and no group of materials.",
        default=default, choices=("train", "validation", "judge"),
    )  # fmt: skip


SIMULATE_ATMOSPHERES = Operation(
    "simulate atmospheres",
    "Simulate atmospheres",
    "Training",
    "Simulate atmospheres with LOWTRAN7 (needs the simulation extra).\n\n"
    "AFGL and MIPAS profiles with random temperature, humidity, ozone, elevation 0-4500 m, "
    "visibility and view angle, to transmittance, path and sky radiance of bands 10-14.",
    (
        Parameter(
            "output", ParamKind.OUTPUT_FILE, "Table", "File to write, .npz or .csv.",
            required=True, positional=True,
        ),
        Parameter(
            "count", ParamKind.INTEGER, "Atmospheres", "Number of atmospheres.",
            default=1000, minimum=1,
        ),
        _SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.simulate:run_atmospheres",
)  # fmt: skip

SIMULATE_SCENES = Operation(
    "simulate scenes",
    "Simulate a training set",
    "Training",
    "Simulate a training set: many scenes, each with its statistics and pixels with truth.",
    (
        Parameter(
            "output", ParamKind.OUTPUT_FILE, "Training set", "File to write, .npz.",
            required=True, positional=True,
        ),
        Parameter(
            "scenes", ParamKind.INTEGER, "Scenes", "Number of scenes.", default=2000, minimum=1,
        ),
        Parameter(
            "pixels", ParamKind.INTEGER, "Pixels",
            "Pixels kept of each scene, at most all; its statistics use all.",
            default=64, minimum=1, maximum=65536, unit="pixels",
        ),
        _split("train"),
        Parameter(
            "air", ParamKind.CHOICE, "Air",
            "Of the split train: as often as the world may have it, or climates, which are equally "
            "often from 14 classes of water vapour (0.08-96 kg m-2), wide in temperature, and each "
            "also as a profile with errors of 1 K and 10 % humidity tells it (so are the splits "
            "validation and judge).",
            default="usual", choices=("usual", "climates"),
        ),
        Parameter(
            "materials", ParamKind.CHOICE, "Materials",
            "Of the split train: its own, or wide, that is all that is never judged on: those of "
            "training and of validation, and bare ice computed from its refractive index. For the "
            "last training of a bundle: validation then tells of unseen air only.",
            default="split", choices=("split", "wide"), advanced=True,
        ),
        Parameter(
            "side", ParamKind.INTEGER, "Side", "Rows and columns of a scene.",
            default=48, minimum=8, maximum=256, unit="pixels", advanced=True,
        ),
        Parameter(
            "cloud_share", ParamKind.FLOAT, "Cloudy scenes",
            "Share of scenes that are hidden in part, as by a cloud mask.",
            default=0.0, minimum=0.0, maximum=1.0, advanced=True,
        ),
        _ATMOSPHERES,
        Parameter(
            "nedt", ParamKind.FLOAT, "Noise",
            "NEdT at 300 K, the same in all scenes; without it, drawn from 0.2-0.34 K.",
            minimum=0.0, maximum=5.0, unit="K",
        ),
        _RTE,
        _SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.simulate:run_scenes",
)  # fmt: skip

SIMULATE_GRANULE = Operation(
    "simulate granule",
    "Simulate a granule with its truth",
    "Training",
    "Simulate an ASTER L1T granule (HDF4) and the truth behind it (GeoTIFF).\n\n"
    "One surface with 2-12 materials under one atmosphere, instrument noise, 12-bit counts, fill "
    "outside the rotated swath. By default air and materials that no network was trained on.",
    (
        Parameter(
            "output", ParamKind.OUTPUT_FILE, "Granule", "File to write, .hdf.",
            required=True, positional=True,
        ),
        Parameter(
            "truth", ParamKind.OUTPUT_FILE, "Truth",
            "GeoTIFF of LST (K) and emissivity of bands 10-14, with clouds their optical depth, "
            "too; without it, <granule>_truth.tif.",
        ),
        Parameter(
            "rows", ParamKind.INTEGER, "Rows", "Rows of the swath.",
            default=700, minimum=8, maximum=4000, unit="pixels",
        ),
        Parameter(
            "cols", ParamKind.INTEGER, "Columns", "Columns of the swath.",
            default=830, minimum=8, maximum=4000, unit="pixels",
        ),
        Parameter(
            "latitude", ParamKind.FLOAT, "Latitude", "Of the scene's centre.",
            default=40.0, minimum=-80.0, maximum=84.0, unit="degrees north",
        ),
        Parameter(
            "longitude", ParamKind.FLOAT, "Longitude", "Of the scene's centre.",
            default=117.0, minimum=-180.0, maximum=180.0, unit="degrees east",
        ),
        _split("judge"),
        _ATMOSPHERES,
        Parameter(
            "tcwv", ParamKind.FLOAT, "Water vapour",
            "Take the atmosphere nearest to this total column water vapour; without it, any.",
            minimum=0.0, maximum=120.0, unit="kg m-2",
        ),
        Parameter(
            "land_cover", ParamKind.CHOICE, "Land cover", "Without it, drawn.",
            choices=("desert", "crops", "forest", "urban", "water", "snow", "rock"),
        ),
        Parameter(
            "materials", ParamKind.INTEGER, "Materials",
            "Number of materials; without it, drawn from 2-12.",
            minimum=1, maximum=12,
        ),
        Parameter(
            "cloud_cover", ParamKind.FLOAT, "Cloud cover",
            "Share of the pixels under cloud of a visible optical depth of 0.3 or more, about. The "
            "ground is the same at any cover.",
            default=0.0, minimum=0.0, maximum=1.0,
        ),
        Parameter(
            "cloud_kind", ParamKind.CHOICE, "Kind of cloud",
            "Of one layer; without it, one or two kinds are drawn.",
            choices=("cumulus", "stratus", "middle", "cirrus", "deep"),
        ),
        Parameter(
            "nedt", ParamKind.FLOAT, "Noise", "NEdT at 300 K.",
            default=0.3, minimum=0.0, maximum=5.0, unit="K",
        ),
        _RTE,
        _SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.simulate:run_granule",
)  # fmt: skip

SIMULATE_EXPLAIN = Operation(
    "simulate explain",
    "Explain what the bands tell",
    "Training",
    "Explain what each subset of bands tells of temperature, emissivity and air.\n\n"
    "Degrees of freedom for signal from the Jacobian of the radiative transfer equation, and the "
    "error of LST that remains, of all 31 subsets; beside them the AK-KD paper's counting argument "
    "(four unknowns, four bands), and where it falls short.",
    (
        Parameter(
            "nedt", ParamKind.FLOAT, "Noise", "NEdT at 300 K.",
            default=0.3, minimum=0.001, maximum=5.0, unit="K",
        ),
        Parameter(
            "scenes", ParamKind.INTEGER, "Scenes",
            "Scenes simulated for what is known beforehand.",
            default=1000, minimum=100, maximum=100000,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FILE, "Table", "File for the table, .csv or .md.",
            short="o",
        ),
        _SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.explain:run",
    as_flag=True,
)  # fmt: skip

# These serve every operation that trains on simulated scenes.
TRAINING_SET = Parameter(
    "data", ParamKind.INPUT_PATH, "Training set",
    "Made by akkd simulate scenes, split train.", required=True,
)  # fmt: skip
TRAINING_SETS = replace(
    TRAINING_SET, multiple=True,
    help=f"{TRAINING_SET.help} Of several files the scenes are joined; give the option once for "
    "each.",
)  # fmt: skip
VALIDATION_SET = Parameter(
    "validation", ParamKind.INPUT_PATH, "Validation set",
    "Made by akkd simulate scenes, split validation.", required=True,
)  # fmt: skip
BATCH_SCENES = Parameter(
    "batch_scenes", ParamKind.INTEGER, "Batch", "Scenes in one step.",
    default=64, minimum=1, maximum=4096, advanced=True,
)  # fmt: skip
HELD_OUT_SCENES = Parameter(
    "held_out_scenes", ParamKind.INTEGER, "Held-out scenes",
    "Scenes of judging air and materials from which the error table and the scores come; "
    "0 for neither.",
    default=387, minimum=0, maximum=100000, advanced=True,
)  # fmt: skip
TRAINING_SEED = Parameter(
    "seed", ParamKind.INTEGER, "Seed", "Start of the random numbers.",
    default=1, minimum=0,
)  # fmt: skip
TRAIN = Operation(
    "train",
    "Train a teacher",
    "Training",
    "Train a teacher on a simulated training set and write it as a model bundle.\n\n"
    "An interrupted run goes on from its work folder. Needs the training extra (TensorFlow).",
    (
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Bundle", "Folder of the bundle to write.",
            required=True, positional=True,
        ),
        TRAINING_SETS,
        VALIDATION_SET,
        Parameter(
            "name", ParamKind.TEXT, "Name", "Name of the bundle.", default="akkd-teacher",
        ),
        Parameter(
            "inputs", ParamKind.CHOICE, "Inputs",
            "The scene's statistics and physics features; with surroundings, these and what each "
            "pixel's surroundings tell, the air found in two steps and errors told for each pixel; "
            "or the pixel's five BTs alone, as in the paper.",
            default="scene", choices=("scene", "surroundings", "pixel"),
        ),
        Parameter(
            "target", ParamKind.CHOICE, "Target",
            "Temperature and emissivities together, or one at a time, as the paper does.",
            default="joint",
            choices=("joint", "lst", "lse10", "lse11", "lse12", "lse13", "lse14"),
        ),
        Parameter(
            "architecture", ParamKind.TEXT, "Architecture",
            "Of the pixel network, with optimizer and learning rate: ak-kd-trial3, widths such as "
            "256,256,256, or a .json file (best.json of akkd search); without it, 256,256,256 with "
            "relu.",
        ),
        Parameter(
            "epochs", ParamKind.INTEGER, "Epochs", "Passes through the training set at most.",
            default=40, minimum=1, maximum=100000,
        ),
        Parameter(
            "patience", ParamKind.INTEGER, "Patience",
            "Epochs without improvement (validation MAE of LST lower by 0.005 K, or of an "
            "emissivity by 0.0001) after which training ends; 0: never. The best epoch's weights "
            "are kept either way.",
            default=10, minimum=0, maximum=100000,
        ),
        BATCH_SCENES,
        Parameter(
            "learning_rate", ParamKind.FLOAT, "Learning rate",
            "Highest learning rate; it rises to it and falls again. Without it, the "
            "architecture's: 0.002 of the default and of widths, 0.001 of ak-kd-trial3.",
            minimum=1e-6, maximum=1.0, advanced=True,
        ),
        HELD_OUT_SCENES,
        Parameter(
            "start", ParamKind.BUNDLE, "Start",
            "Bundle with whose weights and scaling a training with surroundings begins; without "
            "it, from random weights.",
            advanced=True,
        ),
        Parameter(
            "work_dir", ParamKind.OUTPUT_FOLDER, "Work folder",
            "Checkpoint, learning curve (CSV, PNG) and Keras model; without it, <bundle>_work.",
            advanced=True,
        ),
        TRAINING_SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.train:run",
)  # fmt: skip

MODEL_OPERATIONS: tuple[Operation, ...] = (
    SIMULATE_ATMOSPHERES,
    SIMULATE_SCENES,
    SIMULATE_GRANULE,
    SIMULATE_EXPLAIN,
    TRAIN,
)
"""Operations that simulate and train, in the order in which faces list them."""
