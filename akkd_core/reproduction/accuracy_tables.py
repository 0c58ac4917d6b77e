"""Tables and charts of the item ``accuracy``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from akkd_core.figures.accuracy import (
    ReliabilityPanel,
    build_edge_response,
    build_reliability,
)
from akkd_core.figures.palette import palette_png
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.reproduction.accuracy_claims import NOT_TAKEN, interval, number
from akkd_core.reproduction.accuracy_run import (
    USUAL,
    AccuracyPlan,
    AccuracySums,
    known_name,
)
from akkd_core.reproduction.result import Cell, Column, ResultImage, ResultTable
from akkd_core.validation.edge_response import OFFSETS
from akkd_core.validation.error_summary import (
    ErrorSummary,
    cover_classes,
    mae_difference,
    reliability,
    tcwv_classes,
)
from akkd_core.validation.error_tally import ErrorTally
from akkd_core.validation.judged_methods import NOTHING, PROFILE, WATER_AND_AIR

Row = tuple[Cell, ...]

_LST = (Column("LST MAE, K"), Column("low"), Column("high"))
_LSE = (Column("LSE MAE", 4), Column("low", 4), Column("high", 4))
_UNITS = ("K", *("1",) * 5)


def output_title(place: int) -> str:
    """Name of an output for people: LST, LSE 10 to LSE 14."""
    return OUTPUT_NAMES[place].upper().replace("_", " ")


def methods_table(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """All methods side by side, in both airs."""
    rows: list[Row] = []
    for air, tallies in sums.tallies.items():
        rows += [_method_row(air, name, tally) for name, tally in tallies.items()]
        name = known_name(plan, PROFILE)
        if name not in tallies:
            place = len(rows) - len(tallies) + sum(n in tallies for n in _own_names(plan))
            rows.insert(place, (air, name, *(None,) * 10, NOT_TAKEN))
    columns = (
        Column("air"), Column("method"), *_LST, *_LSE, Column("LST bias, K"),
        Column("mean abs. scene bias, K"), Column("1 sigma holds, LST"),
        Column("90 % holds, LST"), Column("remark"),
    )  # fmt: skip
    return ResultTable(
        "methods",
        "All methods on the same scenes. MAE: mean over scenes of the scene's MAE, with its 95 % "
        "interval by profile.",
        columns,
        tuple(rows),
    )


def _own_names(plan: AccuracyPlan) -> tuple[str, ...]:
    return tuple(known_name(plan, known) for known in (NOTHING, WATER_AND_AIR, PROFILE))


def _method_row(air: str, name: str, tally: ErrorTally) -> Row:
    whole = ErrorSummary(tally)
    return (
        air, name, *interval(whole.lst_mae()), *interval(whole.lse_mae()),
        number(whole.bias().value), number(whole.mean_absolute_scene_bias()),
        number(whole.coverage(0).value), number(whole.coverage(0, "in_90").value), "",
    )  # fmt: skip


def _judged(plan: AccuracyPlan, sums: AccuracySums) -> Iterator[tuple[str, ErrorTally]]:
    """Bundles with whatever is known, the single pixel's last."""
    names = list(_own_names(plan))
    if plan.pixel_bundle is not None:
        names.append(plan.bundles()[1].name)
    for name in names:
        if name in sums.tallies[USUAL]:
            yield name, sums.tallies[USUAL][name]


def classes_table(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """Errors and bias by water vapour."""
    return _split_table(plan, sums, "classes", "By water vapour.", "water vapour, kg m-2",
                        tcwv_classes)  # fmt: skip


def covers_table(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """Errors and bias by land cover, and of all scenes without snow."""

    def split(tally: ErrorTally) -> tuple[tuple[str, ErrorSummary], ...]:
        apart = ErrorSummary(tally, tally.facts.land_cover != "snow")
        return (*cover_classes(tally), ("all but snow", apart))

    return _split_table(
        plan, sums, "covers",
        "By land cover. A network trained on wide materials knows bare ice by its refractive "
        "index, which gives the spectrum judged on to 0.001; so all scenes without snow, too.",
        "land cover", split,
    )  # fmt: skip


def _split_table(
    plan: AccuracyPlan,
    sums: AccuracySums,
    name: str,
    title: str,
    by: str,
    split: Callable[[ErrorTally], tuple[tuple[str, ErrorSummary], ...]],
) -> ResultTable:
    rows: list[Row] = []
    for method, tally in _judged(plan, sums):
        for label, part in split(tally):
            if part.scenes:
                bias = part.bias()
                rows.append((
                    method, label, part.scenes, *interval(part.lst_mae()),
                    *interval(part.lse_mae()), number(bias.value), number(bias.standard_error),
                ))  # fmt: skip
    columns = (
        Column("method"), Column(by), Column("scenes"), *_LST, *_LSE,
        Column("LST bias, K"), Column("its standard error"),
    )  # fmt: skip
    return ResultTable(name, title, columns, tuple(rows))


def coverage_table(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """Coverage of both intervals of every output, overall and by water vapour."""
    rows: list[Row] = []
    for name, tally in _judged(plan, sums):
        if not tally.tells_errors:
            continue
        for label, part in (("all", ErrorSummary(tally)), *tcwv_classes(tally)):
            if part.scenes:
                shares = [
                    number(part.coverage(place, kind).value)
                    for kind in ("in_sigma", "in_90")
                    for place in range(len(OUTPUT_NAMES))
                ]
                rows.append((name, label, part.scenes, *shares))
    titles = [
        f"{word}, {output_title(place)}"
        for word in ("1 sigma", "90 %")
        for place in range(len(OUTPUT_NAMES))
    ]
    return ResultTable(
        "coverage",
        "Share of pixels whose error lies within the predicted one-sigma error (0.683 if normal) "
        "and within the 90 % interval.",
        (
            Column("method"), Column("water vapour, kg m-2"), Column("scenes"),
            *(Column(title) for title in titles),
        ),  # fmt: skip
        tuple(rows),
    )


def likelihood_table(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """Negative log likelihood beside that of a constant sigma."""
    rows: list[Row] = []
    for name, tally in _judged(plan, sums):
        if not tally.tells_errors:
            continue
        summary = ErrorSummary(tally)
        for place in range(len(OUTPUT_NAMES)):
            found = summary.likelihood(place)
            rows.append((
                name, output_title(place), number(found.told.value), number(found.constant),
                number(found.constant_sigma), *interval(found.gain),
            ))  # fmt: skip
    return ResultTable(
        "likelihood",
        "Mean negative log likelihood of a pixel's error under a normal distribution of the "
        "predicted sigma, nats, and of the best constant sigma: the RMS of these same errors, "
        "which no constant from elsewhere can beat.",
        (
            Column("method"), Column("output"), Column("predicted sigma"),
            Column("constant sigma"), Column("the constant, K or 1", 4), Column("gain"),
            Column("low"), Column("high"),
        ),  # fmt: skip
        tuple(rows),
    )


def reliability_table(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """Tell true errors by predicted sigma, of the file alone."""
    tally = sums.tallies[USUAL][plan.bundle.name]
    rows = [
        (output_title(place), part.sigma, part.rms, part.quantile_68, part.share)
        for place in range(len(OUTPUT_NAMES))
        for part in reliability(tally, place)
    ]
    columns = (
        Column("output"), Column("predicted sigma", 4), Column("RMS error", 4),
        Column("68.3 % of errors within", 4), Column("share of pixels"),
    )  # fmt: skip
    return ResultTable(
        "reliability",
        "Pixels of the judged bundle, from the file alone, by predicted one-sigma error.",
        columns,
        tuple(rows),
    )


def poor_table(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """Poor scenes beside the single pixel's network."""
    rows: list[Row] = []
    for kind, tallies in sums.poor.items():
        for name, tally in tallies.items():
            whole = ErrorSummary(tally)
            apart: tuple[Cell, ...] = (None, None, None)
            if name != plan.bundle.name:
                apart = interval(mae_difference(tallies[plan.bundle.name], tally))
            rows.append((
                kind, name, whole.scenes, *interval(whole.lst_mae()),
                *interval(whole.lse_mae()), *apart,
            ))  # fmt: skip
    columns = (
        Column("scenes of"), Column("method"), Column("scenes"), *_LST, *_LSE,
        Column("judged bundle less this, K"), Column("low"), Column("high"),
    )  # fmt: skip
    return ResultTable(
        "poor",
        "Scenes that tell little of their air, through the whole retrieval with its cloud mask; "
        "pixels without any cloud count.",
        columns,
        tuple(rows),
    )


def edges_table(sums: AccuracySums) -> ResultTable:
    """Responses at sharp borders."""
    rows: list[Row] = [
        (
            name, output_title(place), response.borders, number(response.amplitude),
            number(response.beside), number(response.distance_10_90),
            number(response.error_beside), number(response.error_inside),
        )
        for name, tally in sums.edges.items()
        for place, response in enumerate(tally.responses())
    ]  # fmt: skip
    return ResultTable(
        "edges",
        "Sharp borders of fields. Whole step: retrieved over true, far from the border. Beside: "
        "part of the retrieved step that is there between the two columns at the border, 1 if "
        "nothing is blurred; 10-90 % distance, 0.8 pixels if nothing is. MAE: in the two columns "
        "at the border, and 6-8 pixels from it.",
        (
            Column("method"), Column("output"), Column("borders"), Column("whole step"),
            Column("beside"), Column("10-90 %, pixels"), Column("MAE at the border", 4),
            Column("MAE inside", 4),
        ),  # fmt: skip
        tuple(rows),
    )


def granules_table(plan: AccuracyPlan, sums: AccuracySums) -> ResultTable:
    """Granules through files and in memory."""
    rows = tuple(
        (
            score.tcwv_kg_m2, score.land_cover, score.file_lst_mae, score.image_lst_mae,
            score.memory_lst_mae, score.file_lse_mae, score.image_lse_mae,
            score.memory_lse_mae, number(score.file_in_sigma),
        )
        for score in sums.granules
    )  # fmt: skip
    high, wide = plan.granule_shape
    return ResultTable(
        "granules",
        f"Simulated granules ({high} x {wide} pixels): written as ASTER L1T files, retrieved as "
        "`akkd retrieve` does, products read back; the same counts retrieved in memory by the same "
        "code; and 4096 of the pixels judged as the scenes above, whose statistics don't leave out "
        "what the mask takes for cloud.",
        (
            Column("water vapour, kg m-2", 1), Column("land cover"), Column("LST MAE, files, K"),
            Column("LST MAE, memory, K"), Column("LST MAE, as scenes, K"),
            Column("LSE MAE, files", 4), Column("LSE MAE, memory", 4),
            Column("LSE MAE, as scenes", 4), Column("1 sigma holds, LST, files"),
        ),  # fmt: skip
        rows,
    )


def images(plan: AccuracyPlan, sums: AccuracySums) -> tuple[ResultImage, ...]:
    """Reliability curve and edge response."""
    drawn = []
    tally = sums.tallies[USUAL][plan.bundle.name]
    if tally.tells_errors:
        panels = []
        for place, unit in enumerate(_UNITS):
            parts = reliability(tally, place)
            sigma = [part.sigma for part in parts]
            curves = {
                "RMS error": (sigma, [part.rms for part in parts]),
                "68.3 % of errors within": (sigma, [part.quantile_68 for part in parts]),
            }
            panels.append(ReliabilityPanel(output_title(place), unit, curves))
        drawn.append(
            ResultImage(
                "",
                f"True error by predicted one-sigma error of {plan.bundle.name}, from the file "
                "alone; on the grey line both are equal.",
                palette_png(build_reliability(panels)),
            )
        )
    responses = {name: edges.responses() for name, edges in sums.edges.items()}
    curves_of = {
        output_title(place): {
            name: of[place].response.tolist() for name, of in responses.items()
        }
        for place in range(len(OUTPUT_NAMES))
    }
    drawn.append(
        ResultImage(
            "edges",
            "Response to sharp borders of fields, columns averaged over all borders.",
            palette_png(build_edge_response(OFFSETS.tolist(), curves_of)),
        )
    )
    return tuple(drawn)
