"""The catalogue's part on architecture search. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Operation, Parameter, ParamKind

SEARCH = Operation(
    "search",
    "Search for an architecture",
    "Training",
    "Search for the network that retrieves best from five brightness temperatures, with "
    "AutoKeras.\n\n"
    "Writes trials.json, the table of trials as trials.txt, .csv and .md, convergence.png, and "
    "best.json, which akkd train takes by --architecture. An interrupted search goes on with "
    "--resume: no finished trial is lost or run again; a failed one is marked and the search goes "
    "on. The same seed gives the same trials. Needs the training extra (TensorFlow, AutoKeras).",
    (
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Folder",
            "Folder to write to; without it, <data>_search beside the training set.",
            positional=True,
        ),
        Parameter(
            "data", ParamKind.INPUT_PATH, "Training set",
            "Made by akkd simulate scenes; or an archive's folder, whose training scenes are "
            "searched by their labels.", required=True,
        ),
        Parameter(
            "validation", ParamKind.INPUT_PATH, "Validation set",
            "On which networks are scored; without it, a fifth of the training set's scenes, or of "
            "the archive's places, held out.",
        ),
        Parameter(
            "target", ParamKind.CHOICE, "Target",
            "Temperature, a band's emissivity, or all together.",
            default="lst",
            choices=("lst", "lse10", "lse11", "lse12", "lse13", "lse14", "joint"),
        ),
        Parameter(
            "trials", ParamKind.INTEGER, "Trials",
            "Networks to try, those of an interrupted search included.",
            default=30, minimum=1, maximum=10000,
        ),
        Parameter(
            "epochs", ParamKind.INTEGER, "Epochs",
            "Passes through the samples in each trial; the paper's search took 30.",
            default=10, minimum=1, maximum=10000,
        ),
        Parameter(
            "tuner", ParamKind.CHOICE, "Tuner",
            "Who proposes networks: a Gaussian process over their edit distances (the paper's), "
            "keras-tuner's Bayesian or random search, or AutoKeras's greedy search.",
            default="edit-distance",
            choices=("edit-distance", "bayesian", "random", "greedy"),
        ),
        Parameter(
            "max_parameters", ParamKind.INTEGER, "Most parameters",
            "Larger networks are left out of the space.",
            minimum=1, maximum=100_000_000,
        ),
        Parameter(
            "time_limit", ParamKind.FLOAT, "Time limit",
            "No new trial begins after it, the trials of an interrupted search included.",
            minimum=0.0, unit="s",
        ),
        Parameter(
            "layers", ParamKind.TEXT, "Layers",
            "Numbers of hidden layers: a range or a list such as 3,5,7.",
            default="3-9", advanced=True,
        ),
        Parameter(
            "units", ParamKind.TEXT, "Units",
            "Units of a layer: a range by 16, or by another step as in 32-256:32, or a list.",
            default="32-1024", advanced=True,
        ),
        Parameter(
            "activations", ParamKind.TEXT, "Activations",
            "Of relu, tanh, sigmoid, silu, linear.",
            default="relu,tanh,sigmoid", advanced=True,
        ),
        Parameter(
            "dropout", ParamKind.TEXT, "Dropout",
            "Shares of a layer's units dropped while training: a range by 0.1, or a list.",
            default="0-0.5", advanced=True,
        ),
        Parameter(
            "optimizers", ParamKind.TEXT, "Optimizers", "Of adam, adamw.",
            default="adam,adamw", advanced=True,
        ),
        Parameter(
            "learning_rates", ParamKind.TEXT, "Learning rates",
            "A list; each falls to a hundredth within a trial.",
            default="1e-4,3e-4,1e-3,3e-3,1e-2", advanced=True,
        ),
        Parameter(
            "samples", ParamKind.INTEGER, "Samples",
            "Pixels to train on at most, drawn from the set; a quarter as many to score.",
            default=100000, minimum=64, maximum=100_000_000, unit="pixels", advanced=True,
        ),
        Parameter(
            "batch_size", ParamKind.INTEGER, "Batch", "Pixels in one step.",
            default=512, minimum=1, maximum=65536, unit="pixels", advanced=True,
        ),
        Parameter(
            "embedding", ParamKind.CHOICE, "Embedding",
            "How the edit-distance tuner makes a kernel of distances: by weighting their parts, of "
            "the distance as one, or by Bourgain's embedding.",
            default="weighted", choices=("weighted", "projection", "bourgain"), advanced=True,
        ),
        Parameter(
            "seed", ParamKind.INTEGER, "Seed", "Start of the random numbers.",
            default=0, minimum=0,
        ),
        Parameter(
            "resume", ParamKind.FLAG, "Resume", "Go on with the search in the folder, if any.",
            default=False,
        ),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite", "Drop the search in the folder.",
            default=False,
        ),
    ),
    "akkd_core.operations.search:run",
)  # fmt: skip

SEARCH_OPERATIONS: tuple[Operation, ...] = (SEARCH,)
"""Operations that search, in the order in which faces list them."""
