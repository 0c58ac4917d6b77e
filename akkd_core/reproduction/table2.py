"""Table 2: every subset of the five bands as input, temperatures at a step of 4 K."""

from __future__ import annotations

from akkd_core.progress import Progress, SubProgress, checkpoint
from akkd_core.reproduction.architectures import architecture_note, find_and_fit
from akkd_core.reproduction.fits import (
    Training,
    bands_label,
    by_band_count,
    split_samples,
)
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.plausibility import (
    NORMAL_RMSE_PER_MAE,
    pcc_of_normal_errors,
    rmse_floor_k,
    temperature_sd_k,
)
from akkd_core.reproduction.published import ALL_BANDS, TABLE2, Bands
from akkd_core.reproduction.result import Column, Content, ResultTable

STEP_K = 4
TRAINING = Training(epochs=75, batch_size=128)

_SUSPICIOUS = 2.0


def make(request: Request, progress: Progress) -> Content:
    """Fit a network to each of the 31 subsets.

    Parameters
    ----------
    request : Request
    progress : Progress

    Raises
    ------
    TrainingError, OperationCancelled
        As `akkd_core.reproduction.fits.fit_lst`.
    """
    train, test = split_samples(STEP_K, request.seed, request.rte)
    ours: dict[Bands, tuple[float, float, float]] = {}
    for number, bands in enumerate(TABLE2):
        span = (number / len(TABLE2), (number + 1) / len(TABLE2))
        part = SubProgress(progress, *span, f"bands {bands_label(bands)}: ")
        checkpoint(part, 0.0, "fitting")
        fit = find_and_fit(bands, train, test, TRAINING, request, part)
        ours[bands] = (fit.mae[0], fit.pcc[0], fit.rmse[0])
    mae = {bands: values[0] for bands, values in ours.items()}
    means = by_band_count(mae)
    description = (
        f"LST from each subset of the bands, {len(train)} training and {len(test)} test samples "
        f"(step {STEP_K} K). {architecture_note(request)} Each network: {TRAINING.epochs} epochs, "
        f"batches of {TRAINING.batch_size}.",
    )
    return Content(
        description,
        (_subsets(ours), _means(ours)),
        _notes(mae),
        {
            **{f"mean_mae_{count}_bands_k": value for count, value in means.items()},
            "five_bands_mae_k": ours[ALL_BANDS][0],
            "five_bands_pcc": ours[ALL_BANDS][1],
        },
    )


def _subsets(ours: dict[Bands, tuple[float, float, float]]) -> ResultTable:
    sd = temperature_sd_k(STEP_K)
    columns = (
        Column("bands"),
        Column("paper: MAE, K"),
        Column("ours: MAE, K"),
        Column("paper: PCC"),
        Column("ours: PCC", 4),
        Column("least RMSE that the paper's PCC allows, K", 2),
        Column("ours: RMSE, K", 2),
    )
    rows = tuple(
        (
            bands_label(bands),
            paper.mae_k,
            ours[bands][0],
            paper.pcc,
            ours[bands][1],
            rmse_floor_k(paper.pcc, sd),
            ours[bands][2],
        )
        for bands, paper in TABLE2.items()
    )
    caption = "LST from every subset of the bands, the paper's figures beside ours:"
    return ResultTable("", caption, columns, rows)


def _means(ours: dict[Bands, tuple[float, float, float]]) -> ResultTable:
    columns = (
        Column("bands"),
        Column("subsets"),
        Column("paper: mean MAE, K"),
        Column("ours: mean MAE, K"),
        Column("paper: mean PCC", 4),
        Column("ours: mean PCC", 4),
    )
    series = [
        by_band_count({bands: value for bands, value in values})
        for values in (
            [(b, s.mae_k) for b, s in TABLE2.items()],
            [(b, v[0]) for b, v in ours.items()],
            [(b, s.pcc) for b, s in TABLE2.items()],
            [(b, v[1]) for b, v in ours.items()],
        )
    ]
    rows = tuple(
        (count, sum(len(bands) == count for bands in TABLE2), *(means[count] for means in series))
        for count in series[0]
    )
    return ResultTable("means", "Means by number of bands:", columns, rows)


def _notes(ours: dict[Bands, float]) -> tuple[str, ...]:
    sd = temperature_sd_k(STEP_K)
    means = by_band_count(ours)
    values = list(means.values())
    falls = all(a > b for a, b in zip(values, values[1:], strict=False))
    trend = (" > " if falls else ", ").join(f"{value:.2f}" for value in values)
    paper = by_band_count({bands: score.mae_k for bands, score in TABLE2.items()})
    paper_trend = " > ".join(f"{value:.2f}" for value in paper.values())
    lower = sum(ours[bands] < score.mae_k for bands, score in TABLE2.items())
    five = TABLE2[ALL_BANDS]
    floor = rmse_floor_k(five.pcc, sd)
    odd = [
        bands_label(bands)
        for bands, score in TABLE2.items()
        if rmse_floor_k(score.pcc, sd) > _SUSPICIOUS * NORMAL_RMSE_PER_MAE * score.mae_k
    ]
    return (
        f"Mean MAE by number of bands: ours {trend} K, the paper's {paper_trend} K. "
        + ("Each band more helps, as in the paper." if falls else "Ours does not fall throughout."),
        f"Ours is the lower MAE with {lower} of {len(TABLE2)} subsets. That says little: the air "
        "and the materials of the paper's samples are not known, and a narrower choice of either "
        "is an easier task.",
        f"The paper's five bands have PCC {five.pcc} with MAE {five.mae_k} K. Over 270-320 K "
        f"(standard deviation {sd:.2f} K) normal errors of that MAE mean a PCC of "
        f"{pcc_of_normal_errors(five.mae_k, sd):.4f}; a PCC of {five.pcc} means an RMSE of at "
        f"least {floor:.2f} K whatever the errors' distribution, {floor / five.mae_k:.1f} times "
        "the MAE (normal errors: 1.25 times). Either few errors are of tens of kelvins, or the "
        "two figures are not of the same predictions.",
        f"So it is with {len(odd)} of its {len(TABLE2)} subsets, where the PCC asks for more than "
        f"{_SUSPICIOUS:.0f} times the RMSE of normal errors of the printed MAE: "
        f"{', '.join(odd)}. We compare MAE.",
        'The paper heads the two-band columns with "3BC", like the three-band ones, and the '
        'one-band columns with "IBC".',
        "Its text chooses 10-12-13-14 for a PCC of 0.996; by MAE 10-11-12-13 is its best of four.",
    )
