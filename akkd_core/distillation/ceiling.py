"""What a teacher could give at best: the product's own labels, had its maker known the air.

A teacher learns what labels are at given inputs. However many scenes it has seen and whatever it
knows of the air, it comes to what labels of the true air say, whose own error (that of the method
which makes them) it can't know. So a small model trained on such labels tells about the most that
distillation may gain. It needs the truth of a simulated archive and serves for nothing but this
bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from akkd_core.errors import InputError
from akkd_core.simulation.archive_air import place_air
from akkd_core.simulation.archive_labels import product_labels
from akkd_core.simulation.archive_places import archive_places
from akkd_core.simulation.archive_scene import ArchiveScene


def with_known_air(scene: ArchiveScene, description: Mapping[str, Any]) -> ArchiveScene:
    """Return a simulated scene with the labels that the true air would have given.

    Parameters
    ----------
    scene : ArchiveScene
        Of the archive's first date.
    description : mapping
        The archive's: its recipe names noise and TES.

    Raises
    ------
    InputError
        If the scene isn't one of the simulated archive.
    """
    places = {f"{scene.kind}-{place.name}": place for place in archive_places(scene.kind)}
    recipe = description.get("recipe")
    if scene.name not in places or not isinstance(recipe, Mapping) or scene.lst is None:
        raise InputError(
            f"scene {scene.name}: its air isn't known. the ceiling needs an archive of akkd "
            "simulate archive"
        )
    labels = product_labels(
        scene.radiance,
        scene.elevation_m,
        place_air(places[scene.name]).true,
        float(recipe["nedt_k"]),
        str(recipe["tes"]),
    )
    return replace(
        scene,
        label_lst=labels.lst,
        label_lse=labels.lse,
        label_valid=scene.label_valid & labels.valid,
    )
