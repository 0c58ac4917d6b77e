"""docs/performance.md from the JSON of the benchmarks.

    python benchmarks/report.py

Takes what `benchmarks/results` holds; a benchmark that was not run is named as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import BENCHMARKS
from measuring import kept

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"

INTRODUCTION = """# Speed and memory

Made by `make bench` (all benchmarks, less than a quarter of an hour), which ends with
`python benchmarks/report.py`: this page, from the JSON in `benchmarks/results`. Peers are timed in
turns with AKKD, in the same run. CPU seconds are those of all threads and child processes; where
nothing else is said a figure is the best of a few rounds, since other work on a machine only ever
adds to a time.
"""

NOTES = {
    "scene": """\
`akkd-retrieve` is timed as a user waits for it: from a cold start of Python to the last file of
the product (five COGs with overviews, preview, STAC item), every file flushed to the disk. Keras'
row only evaluates the pixel network on as many pixels: it reads no file, finds no atmosphere or
cloud and writes nothing.""",
    "inference": """\
One thread for everybody. The peak is that of numpy's own float32 matrix product of 1024 x 1024,
in turns with the runtimes. A share of it can't reach 100 %: the first and the last layer are
narrow, and bias and activation cost passes over memory that the product has not.""",
    "training": """\
AKKD's loop draws anew in each epoch what is known of a scene, and the order, watches the loss,
validates with averaged weights and keeps a checkpoint that a killed run goes on from. The bare
fit gets the same compiled model and what one epoch was fed, ready in memory, validates, and does
nothing else. One thread.""",
    "simulation": """\
LOWTRAN7 runs in worker processes, since its Fortran ends the whole process on bad input; the cost
of that is in AKKD's rate. The start of the command, mostly the packages that hold the reference
profiles (joseki with xarray, pint and scipy), is told beside it: it counts in short runs alone.""",
    "growth": """\
Whole commands, CPU seconds. The line is the best straight one; departures are relative. A raster
wider than 100 km blends the atmospheres of up to four windows in each pixel, so mosaics have a
line of their own, up to four times as steep as that of a single scene. Larger sizes: `python
benchmarks/growth.py --megapixels 4,36,100,400 --folder DIR` (400 take most of an hour and 24 GB
of disk).""",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def number(value: float, digits: int = 3) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def machine_words(found: dict[str, Any]) -> str:
    facts = found["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in facts["versions"].items())
    load = facts["load_average_before"][0] if facts["load_average_before"] else float("nan")
    return (
        f"{found['made'][:10]}; {facts['cores']} cores, {facts['cpu']}, {facts['memory_gb']} GB, "
        f"{facts['system']}; load average before {load:g}; {versions}."
    )


def goal_table(results: dict[str, dict[str, Any]]) -> str:
    rows = []
    for found in results.values():
        for goal in found["goals"]:
            value, limit = (f"{number(goal[key])} {goal['unit']}".strip()
                            for key in ("value", "limit"))  # fmt: skip
            said = "yes" if goal["reached"] else "**no**"
            rows.append([goal["name"], value, f"{goal['sense']} {limit}", said])
    return table(("what", "measured", "goal", "reached"), rows)


def scene(results: dict[str, Any]) -> str:
    rows = [
        [f"`{name}`" if name.startswith("akkd") else name, f"{row['wall_s']:.2f}",
         f"{row['cpu_s']:.2f}", f"{row['peak_mb']:.0f}"]
        for name, row in results["best"].items()
    ]  # fmt: skip
    first, second = (results["stages"][which] for which in ("first", "second"))
    zero = {"wall_s": 0.0, "cpu_s": 0.0}
    order = sorted(first, key=lambda stage: -first[stage]["wall_s"])
    cells = [[stage, *(f"{found.get(stage, zero)[key]:.3f}" for found in (first, second)
                       for key in ("wall_s", "cpu_s"))] for stage in order]  # fmt: skip
    sums = [f"{sum(row[key] for row in found.values()):.3f}" for found in (first, second)
            for key in ("wall_s", "cpu_s")]  # fmt: skip
    return (
        table(("whole process", "wall, s", "CPU, s", "peak, MB"), rows)
        + "\nWhere the time goes (`python benchmarks/stages.py SCENE.hdf`): seconds of a cold "
        "start's scene and of a second one in the same process, each stage without those inside "
        "it.\n\n"
        + table(("stage", "first, wall", "first, CPU", "second, wall", "second, CPU"),
                [*cells, ["all", *sums]])
    )  # fmt: skip


def inference(results: dict[str, Any]) -> str:
    parts = []
    for title, found in results.items():
        rows = [
            [f"**{row['name']}**" if row["name"].startswith("akkd") else row["name"],
             number(row["pixels_per_second"]), f"{100 * row['share_of_peak']:.0f} %",
             f"{row['largest_difference']:.1e}"]
            for row in sorted(found["rows"], key=lambda row: row["seconds"])
        ]  # fmt: skip
        peak = found["sgemm_gflop_s"]["max"]
        parts.append(
            f"**{title}**: {found['multiply_adds']:,} multiply-adds a pixel; matrix product "
            f"{peak:.0f} GFLOP/s.\n\n"
            + table(("runtime", "pixels/s", "of the peak", "differs by"), rows)
        )
    return "\n".join(parts)


def training(results: dict[str, Any]) -> str:
    rows = [
        [kind, way, number(row["samples_per_cpu_s"]), f"{row['epoch_cpu_s']:.2f}"]
        for kind, found in results.items() for way, row in found["rows"].items()
    ]  # fmt: skip
    return table(("`akkd train --inputs`", "loop", "pixels a CPU second", "an epoch, CPU s"), rows)


def simulation(results: dict[str, Any]) -> str:
    rates = [[who, number(rate), "atmospheres a CPU second"]
             for who, rate in results["atmospheres_per_cpu_s"].items()]  # fmt: skip
    return table(("what", "rate", "unit"), [
        *rates,
        ["start of `akkd simulate atmospheres`", number(results["start_cpu_s"]), "CPU s"],
        ["`akkd simulate scenes`", number(results["scenes_per_cpu_s"]),
         "scenes of 48 x 48 a CPU second"],
        ["`akkd simulate granule`, 700 x 830", number(results["granule_cpu_s"]), "CPU s"],
    ])  # fmt: skip


def growth(results: dict[str, Any]) -> str:
    def rows(found: list[dict[str, Any]]) -> list[list[str]]:
        return [[number(row["size"]), f"{row['wall_s']:.1f}", f"{row['cpu_s']:.1f}",
                 f"{row['cpu_s'] / row['size']:.2f}", f"{row['peak_mb']:.0f}"]
                for row in found]  # fmt: skip

    head = ("wall, s", "CPU, s", "CPU s each", "peak, MB")
    side = results["scene_side"]
    return (
        f"`akkd retrieve` of so many granules of {side} x {side} pixels in one process:\n\n"
        + table(("scenes", *head), rows(results["scenes"]))
        + f"\n`akkd retrieve-raster`, {100 * results['valid_share']:.0f} % of the pixels valid:\n\n"
        + table(("megapixels", *head), rows(results["rasters"]))
    )


SECTIONS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "scene": ("A scene, from file to files", scene),
    "inference": ("The networks, pixel by pixel", inference),
    "training": ("Training", training),
    "simulation": ("Simulation", simulation),
    "growth": ("Growth", growth),
}


def page() -> str:
    """Text of docs/performance.md."""
    results = {name: found for name in BENCHMARKS if (found := kept(name)) is not None}
    parts = [INTRODUCTION, "## What should be reached\n"]
    parts.append(goal_table(results) if results else "Nothing was measured yet: `make bench`.\n")
    for name, (title, write) in SECTIONS.items():
        parts.append(f"## {title}\n")
        if name not in results:
            parts.append(f"Not measured yet: `python benchmarks/{name}.py`.\n")
            continue
        parts += [NOTES[name] + "\n", write(results[name]["results"])]
        parts.append(f"`benchmarks/results/{name}.json`: {machine_words(results[name])}\n")
    return "\n".join(parts)


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
