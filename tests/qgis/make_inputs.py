"""Small inputs for every algorithm, made once in the other environment.

QGIS's own Python has neither rasterio nor pyhdf, which the builders write with.

usage: python -m tests.qgis.make_inputs FOLDER GRANULE PRODUCT
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from akkd_core.bundle import Architecture, Network, save_bundle
from akkd_core.distillation import chain, weight_trials
from akkd_core.distillation.label_bundle import label_bundle
from akkd_core.distillation.samples import INPUTS, PixelSamples
from akkd_core.operations import preprocess, retrieve
from akkd_core.operations.distill_teacher import ROLE
from akkd_core.operations.simulate import run_scenes
from akkd_core.progress import SilentProgress
from akkd_core.quality import is_cloud, is_produced
from akkd_core.raster import open_raster
from akkd_core.raster.projection import to_lonlat
from akkd_core.reproduction import distillation_run
from akkd_core.reproduction.items import Request
from tests.builders import distillation, search, triples
from tests.builders.joint import belongs, offset_bundle, saved

WHEN = datetime(2019, 7, 4, 3, 15, tzinfo=timezone.utc)
"""When the simulated granule was taken."""


def _teacher(folder: Path) -> None:
    """A teacher on labels that nothing was spent on training."""
    network = offset_bundle("any", 1.0).pixel_network
    bundle = label_bundle(
        "tiny-teacher", network, None, description="band 13 and an offset", trained_on="nothing",
        archive_sha256="ab" * 32, command="none", seed=1, extra={ROLE: "teacher"},
    )  # fmt: skip
    save_bundle(bundle, folder)


def _station(path: Path, product: Path) -> None:
    """A station at 290 K under the clear sky of a product, measuring every minute."""
    with open_raster(product / "GRANULE_QC.tif") as raster:
        grid = raster.grid
        assert grid is not None
        qc = raster.read(0, 0, grid.rows, grid.cols)[0]
    clear = is_produced(qc) & ~is_cloud(qc)
    around = sliding_window_view(clear, (3, 3)).all(axis=(2, 3))
    row, col = (int(i[i.size // 2]) + 1 for i in np.nonzero(around))
    lon, lat = to_lonlat(grid.epsg, *grid.xy(row + 0.5, col + 0.5))
    lines = ["station,lat,lon,time,lst_k"]
    for minute in (-1, 0, 1):
        when = WHEN + timedelta(minutes=minute)
        lines.append(f"meadow,{float(lat):.7f},{float(lon):.7f},{when:%Y-%m-%dT%H:%M:%SZ},290.0")
    path.write_text("\n".join(lines) + "\n")


def _untrained(
    samples: PixelSamples, architecture: Architecture, epochs: int, plan: Any, seed: int, *_: Any
) -> Network:
    """In place of a trained network one of random weights, with the labels' mean and spread."""
    rng = np.random.default_rng(seed)
    sizes = (5, *(layer.units for layer in architecture.layers), len(samples.targets))
    shapes = list(zip(sizes[:-1], sizes[1:], strict=True))
    return Network(
        kernels=tuple(rng.normal(size=(a, b)) / np.sqrt(a) for a, b in shapes),
        biases=tuple(np.zeros(b) for _, b in shapes),
        activations=(*(layer.activation for layer in architecture.layers), "linear"),
        input_names=INPUTS,
        n_pixel_inputs=5,
        input_mean=samples.x.mean(axis=0),
        input_scale=samples.x.std(axis=0) + 1.0,
        output_names=samples.targets,
        output_mean=samples.labels.mean(axis=0),
        output_scale=samples.labels.std(axis=0) + 1e-3,
    )


def _a_little_else(
    start: Network, samples: Any, labels: Any, taught: Any, weight: float, epochs: int, plan: Any,
    seed: int, *_: Any,
) -> Network:  # fmt: skip
    """In place of a network that was trained on one that is off by its weight and some noise."""
    step = 0.1 * weight + np.random.default_rng(seed).normal(0.0, 0.01)
    return replace(start, output_mean=start.output_mean + step * start.output_scale)


def _distillation(folder: Path) -> None:
    """The distillation that Table 4 and figures share, kept from a run that trained nothing.

    `akkd reproduce` goes on from it and makes an item in seconds, of real scenes and networks.
    """
    name = "akkd_core.nn.goc_training"
    sys.modules[name] = ModuleType(name)
    chain.fit_labels = _untrained
    chain.go_on = weight_trials.go_on = _a_little_else
    distillation_run.shared_run(Request(folder=folder), SilentProgress())


def make(folder: Path, granule: Path, product: Path) -> None:
    """Write everything."""
    folder.mkdir()
    distillation.labelled_archive(folder / "archive")
    _teacher(folder / "teacher")
    search.training_set(folder / "search.npz")
    run_scenes(str(folder / "train.npz"), scenes=4, pixels=16, seed=1)
    run_scenes(str(folder / "check.npz"), scenes=4, pixels=16, seed=2, split="validation")
    scene = triples.write_scene(folder / "triple")
    triples.write_products(folder / "labels")
    silent = SilentProgress()
    retrieve.run(
        scenes=[str(scene)], output=str(folder / "triple_product"), model="compact", progress=silent
    )
    preprocess.run(scenes=[str(granule)], output=str(folder / "bt"), progress=silent)
    _station(folder / "stations.csv", product)
    _distillation(folder / "reproduced")
    saved(folder, offset_bundle("first", 1.0))
    saved(folder, offset_bundle("second", 2.0, belongs()))
    saved(folder / "models", offset_bundle("kept", 3.0))


if __name__ == "__main__":
    make(*map(Path, sys.argv[1:]))
