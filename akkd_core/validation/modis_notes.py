"""What a reader of a comparison with MODIS should know of the reference."""

from __future__ import annotations

from akkd_core.readers.modis_lst import ModisLayer, ModisLst

MOD11_BIAS = (
    "MOD11 is known to be too cold over bare arid ground, by some 2-5 K: its emissivities follow "
    "land cover and are too high there (Hulley et al., MOD21 ATBD, JPL Publication 12-17; Lu et "
    "al. 2018, Remote Sensing 10, 1852). Compare with MOD21 there, which retrieves emissivity."
)
"""Known error of MOD11."""

MOD21_DAILY = (
    "MOD21A1 averages the clear overpasses of a day in a cell; its view time and angle are means, "
    "too. The swath (MOD21) holds the overpass itself."
)

_WHOLE = 0.99


def file_notes(reference: ModisLst) -> tuple[str, ...]:
    """Return notes that belong to a reference.

    Parameters
    ----------
    reference : ModisLst
    """
    notes = list(reference.notes)
    name = reference.terra_name
    if name.startswith("MOD11"):
        notes.append(MOD11_BIAS)
    if name.startswith("MOD21A1"):
        notes.append(MOD21_DAILY)
    if reference.composite_days > 1:
        notes.append(
            f"{reference.product} is a mean over up to {reference.composite_days} days, the scene "
            "is one moment: differences hold the weather of these days."
        )
    if name.startswith("MOD11B"):
        notes.append("Cells of 5.6 km: few under a scene, and each mixes much ground.")
    if name in ("MOD11_L2", "MOD21", "MOD21_L2"):
        notes.append(
            "Pixels of a swath are taken as the quadrilaterals halfway to their neighbours' "
            "centres; MODIS weighs twice that width along its scan, in a triangle."
        )
    if reference.aqua:
        notes.append("The reference is Aqua's, hours away from the scene.")
    return tuple(notes)


def part_note(scene_share: float) -> tuple[str, ...]:
    """Return a note where a good part of a scene lies outside of the reference.

    Parameters
    ----------
    scene_share : float
        Share of the scene's valid area that lies in it, 0-1.
    """
    if scene_share >= _WHOLE:
        return ()
    return (
        f"The reference holds {scene_share:.0%} of the scene's pixels. Tiles beside it may be "
        "given, too: --reference may be repeated.",
    )


def no_filter_note(layer: ModisLayer, reference: ModisLst) -> tuple[str, ...]:
    """Return notes on filters that a file gives no data for.

    Parameters
    ----------
    layer : ModisLayer
    reference : ModisLst
    """
    missing = [
        what
        for what, data in (
            ("quality", layer.quality),
            ("view time", layer.solar_hour),
            ("view zenith", layer.view_zenith_deg),
        )
        if data is None
    ]
    if reference.begins is None:
        missing.insert(0, "day")
    if not missing:
        return ()
    listed = " and ".join([", ".join(missing[:-1]), missing[-1]] if missing[1:] else missing)
    return (f"{reference.file_names} doesn't tell its {listed}: not filtered by it.",)
