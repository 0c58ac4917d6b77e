"""The catalogue's part on distillation. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Operation, Parameter, ParamKind

_TARGETS = ("joint", "each", "lst", "lse10", "lse11", "lse12", "lse13", "lse14")

_ARCHIVE = Parameter(
    "archive", ParamKind.INPUT_PATH, "Archive",
    "Folder of labelled scenes, as akkd simulate archive or akkd archive makes it.",
    required=True, positional=True,
)  # fmt: skip
_TARGET = Parameter(
    "target", ParamKind.CHOICE, "Target",
    "One network for temperature and the five emissivities (joint), one for each of them as in "
    "the paper, or one alone.",
    default="joint", choices=_TARGETS,
)  # fmt: skip
_TEACHER = Parameter(
    "teacher", ParamKind.BUNDLE, "Teacher",
    "Bundle of akkd distill teacher; without it ARCHIVE_teacher, trained now on the labels of the "
    "training scenes and kept, unless it is there.",
)  # fmt: skip
_WEIGHT_FROM = Parameter(
    "weight_from", ParamKind.INPUT_PATH, "Weight from",
    "Take the teacher's weight that akkd distill select-weight recommends: its weights.json.",
)  # fmt: skip
_SEED = Parameter(
    "seed", ParamKind.INTEGER, "Seed",
    "Start of the random numbers, of the held-out blocks too; the same seed gives the same result.",
    default=1, minimum=0,
)  # fmt: skip
_OVERWRITE = Parameter(
    "overwrite", ParamKind.FLAG, "Overwrite",
    "Make anew what is there; otherwise whole results are kept and an interrupted run goes on.",
    default=False,
)  # fmt: skip


def _scenes(default: str) -> Parameter:
    return Parameter(
        "scenes", ParamKind.TEXT, "Scenes",
        f"Names with commas between, or a number: the first so many complex scenes; {default}.",
    )  # fmt: skip


def _output(what: str, suffix: str) -> Parameter:
    return Parameter(
        "output", ParamKind.OUTPUT_FOLDER, "Output folder",
        f"Folder for {what}; without it, ARCHIVE_{suffix}.",
        short="o",
    )  # fmt: skip


_TEACHER_PLAN = (
    Parameter(
        "teacher_architecture", ParamKind.TEXT, "Teacher's architecture",
        "Widths such as 128,128,128, or a .json file such as a search's best.json; {target} in its "
        "name stands for lst, lse10 ...",
        default="128,128,128", advanced=True,
    ),
    Parameter(
        "teacher_epochs", ParamKind.INTEGER, "Teacher's epochs",
        "Passes through the training scenes.",
        default=15, minimum=1, advanced=True,
    ),
    Parameter(
        "most_per_scene", ParamKind.INTEGER, "Pixels per scene",
        "Pixels of one training scene that the teacher learns from, at most.",
        default=9216, minimum=1, advanced=True,
    ),
    Parameter(
        "batch_size", ParamKind.INTEGER, "Batch size", "Pixels in one step of training.",
        default=256, minimum=1, advanced=True,
    ),
    Parameter(
        "teacher_members", ParamKind.INTEGER, "Teacher's members",
        "Networks that the teacher is the mean of, each with another seed and drawing of the "
        "training places. From several, students also learn how far they spread, and tell the "
        "error of each pixel.",
        default=1, minimum=1, maximum=16,
    ),
    Parameter(
        "teacher_inputs", ParamKind.CHOICE, "Teacher's inputs",
        "Whether the teacher sees the pixel's five brightness temperatures alone, or five "
        "statistics of the scene's, too; students see the pixel alone.",
        default="pixel", choices=("pixel", "scene"),
    ),
)  # fmt: skip
_SMALL_PLAN = (
    Parameter(
        "small_architecture", ParamKind.TEXT, "Small architecture",
        "Of small models and students: widths, or a .json file; {target} in its name stands for "
        "lst, lse10 ...",
        default="64,64,64", advanced=True,
    ),
    Parameter(
        "small_epochs", ParamKind.INTEGER, "Small model's epochs",
        "Passes through a scene's labels before distillation.",
        default=40, minimum=1, advanced=True,
    ),
    Parameter(
        "goc_epochs", ParamKind.INTEGER, "GOC epochs",
        "Passes under the global optimization criterion, from the small model on.",
        default=20, minimum=1, advanced=True,
    ),
)  # fmt: skip
_DATASET_EPOCHS = Parameter(
    "dataset_epochs", ParamKind.INTEGER, "Dataset distillation's epochs",
    "Passes on composite labels, from there on.",
    default=20, minimum=1, advanced=True,
)  # fmt: skip

DISTILL = Operation(
    "distill",
    "Distil students of single scenes",
    "Training",
    "Distil a teacher of many scenes into a student of each given scene.\n\n"
    "A small model learns a scene's labels; from it training goes on under the global optimization "
    "criterion (GOC), then on composite labels (dataset distillation): the student. Writes a "
    "bundle for each scene that says where it belongs, for akkd join, and prints scores on "
    "held-out blocks of the scene, against its original labels and, where it is known, the truth.",
    (
        Parameter(
            "archive", ParamKind.INPUT_PATH, "Archive",
            "Folder of labelled scenes, as akkd simulate archive or akkd archive makes it.",
            required=True,
        ),
        _output("the students", "students"),
        _scenes("without it, all complex scenes"),
        _TARGET,
        _TEACHER,
        Parameter(
            "teacher_weight", ParamKind.FLOAT, "Teacher's weight",
            "Weight w of the teacher in the GOC, (1 - w) MSE(labels) + w MSE(teacher); without it "
            "that of --weight-from, else 0.3. The paper's alpha is 0.3: section 2.3.1 and Table 4 "
            "read it as the teacher's weight, eq. (9) as that of the labels, which is 0.7 here.",
            minimum=0.0, maximum=1.0,
        ),
        _WEIGHT_FROM,
        Parameter(
            "keep_small", ParamKind.FLAG, "Keep small models",
            "Write a bundle of each scene's small model, too.",
            default=False,
        ),
        *_SMALL_PLAN,
        _DATASET_EPOCHS,
        *_TEACHER_PLAN,
        _SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.distill:run",
)  # fmt: skip

DISTILL_TEACHER = Operation(
    "distill teacher",
    "Train the teacher on labels",
    "Training",
    "Train the teacher on the labels of an archive's training scenes, and write its bundle.\n\n"
    "It sees labels alone, errors and all, never the truth. With one network for each target, a "
    "bundle for each: its folder ends in the target's name.",
    (
        _ARCHIVE,
        _output("the bundle", "teacher"),
        _TARGET,
        *_TEACHER_PLAN,
        _SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.distill_teacher:run",
)  # fmt: skip

SELECT_WEIGHT = Operation(
    "distill select-weight",
    "Select the teacher's weight",
    "Training",
    "Select the teacher's weight by repeated trainings, as section 2.3.1 of the paper.\n\n"
    "From each scene's small model training goes on under the GOC on original labels, with every "
    "weight and again and again; a one-sample t test compares the scores on held-out blocks, "
    "against labels, with those before. Writes Table 4's form (weights.txt, .md, .csv, .json), "
    "radar.png and boxes.png. The paper takes the weight of the lowest |t|, which changes the "
    "scores least; that of the least held-out error stands beside it and is recommended where it "
    "is better. The truth, where it is known, is shown and used for nothing.",
    (
        _ARCHIVE,
        _output("tables, charts and every score", "weight"),
        _scenes("without it, the first two"),
        _TARGET,
        _TEACHER,
        Parameter(
            "weights", ParamKind.TEXT, "Weights",
            "Weights of the teacher to try, 0-1, with commas between.",
            default="0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
        ),
        Parameter(
            "repetitions", ParamKind.INTEGER, "Repetitions", "Trainings with each weight.",
            default=30, minimum=2, maximum=1000,
        ),
        *_SMALL_PLAN,
        *_TEACHER_PLAN,
        Parameter(
            "rule", ParamKind.CHOICE, "Rule",
            "By repeated trainings on scenes, as the paper; or by labels of other dates, on "
            "training places that are seen on several (akkd simulate archive --dates): these err "
            "independently. This rule takes no --scenes and no --teacher, and --weights and "
            "--repetitions don't count.",
            default="repetitions", choices=("repetitions", "dates"),
        ),
        _SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.distill_weight:run",
)  # fmt: skip

ABLATION = Operation(
    "distill ablation",
    "Tell what each step of distillation gives",
    "Training",
    "Score teacher, small model and every step of distillation over scenes and seeds.\n\n"
    "On held-out blocks of each scene, against labels and against the truth: the labels "
    "themselves, the teacher, the small model, incremental learning without a teacher, the GOC, "
    "and dataset distillation on top. Means over scenes with bootstrap intervals, differences from "
    "the small model, and what mixing the small model's errors with the teacher's could gain at "
    "best. Writes ablation.txt, .md, .csv and .json.",
    (
        _ARCHIVE,
        _output("tables and every score", "ablation"),
        _scenes("without it, all"),
        _TARGET,
        _TEACHER,
        Parameter(
            "weights", ParamKind.TEXT, "Weights",
            "Weights of the teacher, 0-1, with commas between; by default both readings of the "
            "paper's 0.3.",
            default="0.3,0.7",
        ),
        _WEIGHT_FROM,
        Parameter(
            "seeds", ParamKind.INTEGER, "Seeds",
            "Repetitions with other held-out blocks and weights.",
            default=5, minimum=1, maximum=100,
        ),
        *_SMALL_PLAN,
        _DATASET_EPOCHS,
        *_TEACHER_PLAN,
        Parameter(
            "ceiling", ParamKind.FLAG, "Ceiling",
            "Score a small model trained on labels of the true air, too: about the most that "
            "any teacher could give. Simulated archives alone.",
            default=False,
        ),
        _SEED,
        _OVERWRITE,
    ),
    "akkd_core.operations.distill_ablation:run",
)  # fmt: skip

CHAIN = Operation(
    "distill chain",
    "Run the whole chain at small size",
    "Training",
    "Run all of it at small size: archive, teacher, weight, students, join, retrieval.\n\n"
    "Makes a small archive, trains the teacher, selects its weight on two small models, distils a "
    "student of each, joins them with the teacher, simulates a granule of the first scene's place "
    "and retrieves it with the joint model. What is there already is kept.",
    (
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Folder", "Folder to write.",
            required=True, positional=True,
        ),
        Parameter(
            "pixels_per_side", ParamKind.INTEGER, "Size", "Width and height of a scene.",
            default=64, minimum=32, maximum=596, unit="pixels",
        ),
        Parameter(
            "training_scenes", ParamKind.INTEGER, "Training scenes",
            "Scenes that the teacher learns from.",
            default=27, minimum=1, maximum=27,
        ),
        Parameter(
            "repetitions", ParamKind.INTEGER, "Repetitions", "Trainings with each weight.",
            default=5, minimum=2, maximum=1000,
        ),
        _SEED,
    ),
    "akkd_core.operations.distill_chain:run",
)  # fmt: skip

DISTILL_OPERATIONS: tuple[Operation, ...] = (
    DISTILL,
    DISTILL_TEACHER,
    SELECT_WEIGHT,
    ABLATION,
    CHAIN,
)
"""Operations of distillation, in the order in which faces list them."""
