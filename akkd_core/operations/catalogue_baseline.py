"""The catalogue's part of the baseline, TES. Standard library only."""

from __future__ import annotations

from dataclasses import replace

from akkd_core.operations.catalogue_air import T_AIR, TCWV
from akkd_core.operations.spec import Operation, Parameter, ParamKind

_VARIANT = Parameter(
    "variant", ParamKind.CHOICE, "Variant",
    "standard iterates the removal of the reflected sky and has no classifier; product does as "
    "AST_05 and AST_08 since 2007, removing the sky once; paper is standard with the classifier "
    "of 1998, which takes low contrast for grey bodies.",
    default="standard", choices=("standard", "product", "paper"),
)  # fmt: skip

TES = Operation(
    "tes",
    "Separate temperature and emissivity by TES",
    "Retrieval",
    "Separate temperature and emissivity of ASTER scenes by the standard TES algorithm.\n\n"
    "The baseline: NEM, RATIO and MMD (Gillespie et al. 1998) with an atmosphere that is given or "
    "predicted. For a scene G writes G_LST.tif (K), G_LSE.tif (emissivity of bands 10-14), "
    "G_QC.tif (bit flags), G_preview.png and G.json (STAC item), as akkd retrieve does, without "
    "error layers.",
    (
        Parameter(
            "scenes", ParamKind.INPUT_PATH, "Scenes",
            "ASTER L1T or L1B scenes: .hdf files, or folders or band files of L1T V004.",
            multiple=True, required=True, positional=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Output folder",
            "Folder for the products; without it, <scene>_tes beside each scene.",
            short="o",
        ),
        Parameter(
            "atmosphere", ParamKind.TEXT, "Atmosphere",
            "retrieved: what the bundle's scene network predicts; tcwv=NUMBER: typical air of that "
            "water vapour (kg m-2); a reference profile such as midlatitude-summer; a table (.npz, "
            ".csv); or an AST_09T granule.",
            default="retrieved",
        ),
        Parameter(
            "profile", ParamKind.INPUT_PATH, "Profile",
            "Profile of the air through LOWTRAN7 in place of an atmosphere: netCDF of ERA5 or "
            "MERRA-2 on pressure levels, MOD07_L2, or a table (.csv). Needs akkd[simulate].",
        ),
        replace(
            TCWV, help="For retrieved, and to choose the row of a table. " + TCWV.help
        ),
        replace(T_AIR, help="For retrieved and tcwv=. " + T_AIR.help),
        Parameter(
            "elevation", ParamKind.TEXT, "Elevation",
            "Of the scene's ground, for a profile or reference profile: a number, or a raster of "
            "elevation to average over the scene. Without it a reference profile begins at sea "
            "level, a profile at its surface.",
            unit="m",
        ),
        Parameter(
            "model", ParamKind.BUNDLE, "Model bundle",
            "Folder, zip or installed name of the bundle for retrieved; without it, default.",
            short="m",
        ),
        _VARIANT,
        Parameter(
            "nedt", ParamKind.FLOAT, "Noise",
            "NEdT at 300 K that the contrast is corrected for.",
            default=0.3, minimum=0.0, maximum=5.0, unit="K",
        ),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite",
            "Make products anew where complete ones are there; otherwise these are kept.",
            default=False,
        ),
        Parameter(
            "tile_size", ParamKind.INTEGER, "Tile size",
            "Side of the tiles that are worked on at a time; less takes less memory.",
            default=512, minimum=64, maximum=8192, unit="pixels", advanced=True,
        ),
        Parameter(
            "gain_offset", ParamKind.INPUT_PATH, "Recalibration table",
            "Table of gain and offset per band that recalibrates the radiance.",
            advanced=True,
        ),
    ),
    "akkd_core.operations.tes:run",
)  # fmt: skip

VALIDATE_TES = Operation(
    "validate tes",
    "Verify TES on spectra of real materials",
    "Validation",
    "Verify TES on spectra of real materials under a perfect atmosphere.\n\n"
    "Every material of the shipped library under dry, moist and humid judging air, 0-20 K warmer "
    "than the air, without noise unless asked: errors by kind of material, beside the published "
    "performance (1.5 K, 0.015).",
    (
        Parameter(
            "nedt", ParamKind.FLOAT, "Noise", "NEdT at 300 K.",
            default=0.0, minimum=0.0, maximum=5.0, unit="K",
        ),
        _VARIANT,
        Parameter(
            "seed", ParamKind.INTEGER, "Seed", "Start of the noise's random numbers.",
            default=0, minimum=0,
        ),
        Parameter("json", ParamKind.OUTPUT_FILE, "JSON report", "File for the report as JSON."),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite", "Replace a report that exists.",
            default=False,
        ),
    ),
    "akkd_core.operations.validate_tes:run",
)  # fmt: skip

BASELINE_OPERATIONS: tuple[Operation, ...] = (TES, VALIDATE_TES)
"""Operations of the baseline, in the order in which faces list them."""
