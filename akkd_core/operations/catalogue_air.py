"""The catalogue's part on what is known of the air and the ground. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Parameter, ParamKind

TCWV = Parameter(
    "tcwv", ParamKind.TEXT, "Total column water vapour",
    "Water vapour if known: a number, or a file to average over the scene: a raster, MOD05_L2, "
    "MOD07_L2, or netCDF of ERA5 (tcwv) or MERRA-2 (TQV). 1 g cm-2 is 10 kg m-2.",
    unit="kg m-2",
)  # fmt: skip
T_AIR = Parameter(
    "t_air", ParamKind.TEXT, "Air temperature",
    "Air temperature near the ground if known: a number, or a file to average over the scene: a "
    "raster, MOD07_L2, or netCDF of ERA5 (t2m) or MERRA-2 (T2M).",
    unit="K",
)  # fmt: skip
PROFILE = Parameter(
    "profile", ParamKind.INPUT_PATH, "Profile",
    "Profile of the air for a full correction: netCDF of ERA5 or MERRA-2 on pressure levels, "
    "MOD07_L2, or a table (.csv). Needs akkd[simulate] and a bundle trained with profiles; akkd "
    "tes takes it without one.",
)  # fmt: skip
ELEVATION = Parameter(
    "elevation", ParamKind.TEXT, "Elevation",
    "Of the scene's ground, where the profile begins: a number, or a raster of elevation to "
    "average over the scene; noted in the product.",
    unit="m",
)  # fmt: skip
