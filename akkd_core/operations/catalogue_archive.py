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
            "dates", ParamKind.INTEGER, "Dates",
            "Dates on which each training place is seen, each with air, sun, temperatures and "
            "errors of its own over the same ground. More than 1 needs LOWTRAN7 (extra simulate).",
            default=1, minimum=1, maximum=99,
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

ARCHIVE = Operation(
    "archive",
    "Make an archive of scenes and products",
    "Training",
    "Make an archive of scenes with the labels of their products, for akkd distill.\n\n"
    "Each ASTER scene is paired with its AST_08 (temperature) and AST_05 (emissivity) by time and "
    "place, the labels are put on its grid, and samples are selected in steps: QA planes, "
    "agreement with MODIS, with reanalysis and with stations where given, balance over land cover, "
    "and an evaluation of each scene by a small model, which tells training scenes from complex "
    "ones. Writes archive.json, one .npz a scene, and selection.txt and selection.json with the "
    "pixels before and after each step.",
    (
        Parameter(
            "scenes", ParamKind.INPUT_PATH, "Scenes",
            "ASTER L1T or L1B scenes: .hdf files, or folders or band files of L1T V004.",
            multiple=True, required=True, positional=True,
        ),
        Parameter(
            "labels", ParamKind.INPUT_PATH, "Labels",
            "Folder, searched with those in it, or file of AST_08 and AST_05, V003 or V004; may be "
            "given several times.",
            multiple=True, required=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Archive", "Folder to write.",
            required=True, short="o",
        ),
        Parameter(
            "qa", ParamKind.CHOICE, "QA planes",
            "Which labels are good: strict asks that the whole first QA plane is 0, cloud that its "
            "bits of cloud and adjacency are, none asks nothing.",
            default="strict", choices=("strict", "cloud", "none"),
        ),
        Parameter(
            "resampling", ParamKind.CHOICE, "Resampling",
            "How labels are taken from the products' rotated grids.",
            default="bilinear", choices=("bilinear", "nearest"), advanced=True,
        ),
        Parameter(
            "modis", ParamKind.INPUT_PATH, "MODIS LST",
            "MOD11A1 or MOD21A1D tile (HDF4), of which good cells seen within 30 minutes of the "
            "scene count, or GeoTIFF in K of its overpass; may be given several times, the one "
            "with most values in a scene counts.",
            multiple=True,
        ),
        Parameter(
            "modis_limit", ParamKind.FLOAT, "Limit to MODIS",
            "Largest difference of labels, averaged over a cell, and MODIS.",
            default=2.0, minimum=0.0, maximum=50.0, unit="K",
        ),
        Parameter(
            "reanalysis", ParamKind.INPUT_PATH, "Reanalysis",
            "GeoTIFF of skin temperature in K of an assimilation at the scene's time; may be given "
            "several times.",
            multiple=True,
        ),
        Parameter(
            "reanalysis_limit", ParamKind.FLOAT, "Limit to reanalysis",
            "Largest difference of labels, averaged over a cell, and reanalysis.",
            default=6.0, minimum=0.0, maximum=50.0, unit="K",
        ),
        Parameter(
            "ground", ParamKind.INPUT_PATH, "Stations",
            "CSV with station, latitude, longitude, time (UTC) and lst_k of stations.",
        ),
        Parameter(
            "ground_limit", ParamKind.FLOAT, "Limit to stations",
            "Largest mean absolute difference of a scene's labels and the stations in it.",
            default=3.0, minimum=0.0, maximum=50.0, unit="K",
        ),
        Parameter(
            "land_cover", ParamKind.INPUT_PATH, "Land cover",
            "GeoTIFF of land-cover classes; without it, clusters of emissivity and brightness "
            "temperature take their place.",
        ),
        Parameter(
            "most_per_class", ParamKind.INTEGER, "Most of a class",
            "Most pixels of one class of one scene.",
            default=20000, minimum=1, unit="pixels",
        ),
        Parameter(
            "least_pixels", ParamKind.INTEGER, "Least of a scene",
            "Scenes with fewer selected pixels are left out.",
            default=500, minimum=1, unit="pixels",
        ),
        Parameter(
            "evaluation_epochs", ParamKind.INTEGER, "Epochs of the evaluation",
            "Epochs of the small model that each scene is evaluated with; 0 leaves it out, and all "
            "scenes are training ones.",
            default=10, minimum=0, maximum=1000,
        ),
        Parameter(
            "complex_lst_mae", ParamKind.FLOAT, "Complex: temperature",
            "Scenes with a larger held-out MAE of temperature are complex.",
            default=1.0, minimum=0.0, maximum=50.0, unit="K",
        ),
        Parameter(
            "complex_lse_mae", ParamKind.FLOAT, "Complex: emissivity",
            "Scenes with a larger held-out MAE of emissivity are complex.",
            default=0.0075, minimum=0.0, maximum=1.0,
        ),
        Parameter(
            "complex_pcc", ParamKind.FLOAT, "Complex: correlation",
            "Scenes with a smaller held-out correlation, mean over temperature and emissivities, "
            "are complex.",
            default=0.83, minimum=-1.0, maximum=1.0,
        ),
        Parameter(
            "seed", ParamKind.INTEGER, "Seed", "Start of the random numbers.",
            default=1, minimum=0,
        ),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite",
            "Make all scenes anew, and replace an archive made otherwise.",
            default=False,
        ),
    ),
    "akkd_core.operations.archive_products:run",
)  # fmt: skip

ARCHIVE_OPERATIONS: tuple[Operation, ...] = (SIMULATE_ARCHIVE, ARCHIVE)
"""Operations on archives, in the order in which faces list them."""
