"""What `akkd distill adapt` gains and loses, on scenes whose truth is known.

    python benchmarks/scene_adapted.py [--scenes 24] [--side 300] [--noise 0,1] [--split judge]
                                       [--pixels 50000] [--epochs 20] [--architecture 64,64,64]

For each simulated scene (air and materials of the split) a student is distilled as the command
does, once for each share of noise. Printed are mean absolute errors over scenes: of the student
against its teacher on held-out blocks; of teacher, compact bundle and students against the truth,
with paired differences to the teacher and their standard errors; and of the student away from home,
on the next scene, and on its own surface under other air (1.5 times the water vapour, or a 1.5th of
it where that is 30 kg m-2 or more).
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from datetime import datetime, timezone

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

from akkd_core.bundle import load_bundle, shipped_bundle_path  # noqa: E402
from akkd_core.calibration import Calibration  # noqa: E402
from akkd_core.distillation.scene_adapted import (  # noqa: E402
    TaughtPixels,
    adapt,
    fidelity,
    retrieved,
    taught_pixels,
)
from akkd_core.images import GranuleMetadata, Scene  # noqa: E402
from akkd_core.inference.retriever import Retriever  # noqa: E402
from akkd_core.joint.belonging import belongs_of  # noqa: E402
from akkd_core.operations.train import read_architecture  # noqa: E402
from akkd_core.sensors import aster_tir  # noqa: E402
from akkd_core.simulation.atmospheres import shipped_atmospheres  # noqa: E402
from akkd_core.simulation.granule_scene import SimulatedScene, simulate_scene  # noqa: E402
from akkd_core.simulation.materials import materials  # noqa: E402
from akkd_core.simulation.placement import utm_grid  # noqa: E402

MORE_VAPOUR = 1.5
WET_KG_M2 = 30.0


def scene_of(found: SimulatedScene) -> Scene:
    """The simulated scene as retrieval takes it."""
    metadata = GranuleMetadata(
        granule_id="simulated", product="AST_L1T", collection="003",
        acquired_at=datetime(2019, 7, 4, 3, 15, tzinfo=timezone.utc), daytime=found.daytime,
        cloud_cover_percent=0.0, view_zenith_deg=found.view_zenith_deg, radiometric_version="",
        ucc=aster_tir().ucc, source_files=(),
    )  # fmt: skip
    return Scene.from_array(found.dn, utm_grid(40.0, 117.0, *found.lst.shape), metadata)


def errors(values: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Mean absolute errors of LST, K, and of emissivity."""
    away = np.abs(values - truth)
    return float(away[:, 0].mean()), float(away[:, 1:].mean())


class World:
    """Simulated scenes, and what the shipped bundles retrieve from them."""

    def __init__(self, split: str, side: int) -> None:
        self.air = shipped_atmospheres("judge" if split == "judge" else "train").of_split(split)
        self.materials, self.side = materials(split), side
        self.bundles = {
            name: Retriever(load_bundle(shipped_bundle_path(name)))
            for name in ("default", "compact")
        }

    def scene(self, seed: int, tcwv_kg_m2: float | None = None) -> SimulatedScene:
        """A scene; the same seed has the same surface under any air."""
        return simulate_scene(
            self.air, self.materials, rows=self.side, cols=self.side, orientation_deg=0.0,
            tcwv_kg_m2=tcwv_kg_m2, seed=seed,
        )  # fmt: skip

    def taught(
        self, found: SimulatedScene, name: str = "default"
    ) -> tuple[TaughtPixels, TaughtPixels, np.ndarray]:
        """Pixels to learn from, held-out pixels, and the truth of the held-out ones."""
        scene = scene_of(found)
        calibration = Calibration.for_scene(scene.metadata)
        learn, held_out = taught_pixels(self.bundles[name], scene, calibration)
        truth = np.concatenate([found.lst[None], found.lse]).reshape(6, -1).T[held_out.place]
        return learn, held_out, truth


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--side", type=int, default=300)
    parser.add_argument("--noise", default="0,1")
    parser.add_argument("--split", default="judge")
    parser.add_argument("--pixels", type=int, default=50000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--architecture", default="64,64,64")
    parser.add_argument("--seed", type=int, default=100, help="of the first scene")
    options = parser.parse_args()
    world = World(options.split, options.side)
    architecture = read_architecture(options.architecture)
    shares = [float(text) for text in options.noise.split(",")]
    rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for number in range(options.scenes):
        found = world.scene(options.seed + number)
        learn, held_out, truth = world.taught(found)
        rows["teacher"].append(errors(held_out.values, truth))
        _, small, small_truth = world.taught(found, "compact")
        rows["compact bundle"].append(errors(small.values, small_truth))
        next_one = world.taught(world.scene(options.seed + number + 1))
        vapour = found.atmosphere.tcwv_kg_m2
        vapour *= MORE_VAPOUR if vapour < WET_KG_M2 else 1.0 / MORE_VAPOUR
        other_air = world.taught(world.scene(options.seed + number, vapour))
        for where, (_, pixels, true) in (("next scene", next_one), ("other air", other_air)):
            rows[f"teacher: {where}"].append(errors(pixels.values, true))
        belongs = belongs_of(learn.bt, share=0.999)
        for share in shares:
            student = adapt(
                learn, architecture, pixels=options.pixels, epochs=options.epochs, noise=share,
                seed=1,
            )  # fmt: skip
            name = f"student, noise {share:g}"
            away = fidelity(student, held_out)
            lse = np.mean([away[key].mae for key in away if key != "lst"])
            rows[f"{name}: from its teacher"].append((away["lst"].mae, float(lse)))
            rows[name].append(errors(retrieved(student, held_out.bt), truth))
            for where, (_, pixels, true) in (("next scene", next_one), ("other air", other_air)):
                inside = belongs.domain.distance(pixels.bt) <= 1.5 * belongs.domain.limit
                rows[f"{name}: {where}"].append(
                    (*errors(retrieved(student, pixels.bt), true), 1.0 - float(inside.mean()))
                )
        print(
            f"{number + 1:3} tcwv {found.atmosphere.tcwv_kg_m2:5.1f} materials "
            f"{found.n_materials:2} "
            + "  ".join(f"{n} {r[-1][0]:.3f}" for n, r in rows.items() if ":" not in n),
            flush=True,
        )
    report(rows)


def report(rows: dict[str, list[tuple[float, ...]]]) -> None:
    """Print the means over scenes."""
    teacher = np.array(rows["teacher"])
    print(f"mean absolute error over {len(teacher)} scenes: LST, K; LSE")
    for name, values in rows.items():
        table = np.array(values)
        mean = table.mean(axis=0)
        line = f"{name:34} {mean[0]:.4f} {mean[1]:.5f}"
        if ":" not in name and name != "teacher":
            change = table - teacher
            error = change.std(axis=0, ddof=1) / np.sqrt(len(change))
            better = int((change[:, 0] < 0).sum())
            line += (
                f"   less teacher {change[:, 0].mean():+.4f} +- {error[0]:.4f} K, "
                f"{change[:, 1].mean():+.5f} +- {error[1]:.5f}; LST better in {better}"
            )
        if table.shape[1] == 3:
            line += f"   outside its domain by temperatures alone {100 * mean[2]:.1f} %"
        print(line)


if __name__ == "__main__":
    main()
