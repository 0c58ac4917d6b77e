"""Which network stands for a subset of bands: the paper's, or the best of a search of its own.

The paper searched anew for every subset. The small budget takes the network that its Table 1
chose (trial 3) for all of them; the paper's budget searches, on a part of the training samples,
so that the test samples choose nothing.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from akkd_core.errors import SearchAborted
from akkd_core.nn.fitting import Fit
from akkd_core.progress import Progress, SubProgress
from akkd_core.reproduction.fits import TRIAL3, Training, band_samples, fit_lst
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.published import Bands
from akkd_core.search.proposer import EditDistanceProposer
from akkd_core.search.space import SearchSpace
from akkd_core.search.trials import Trial
from akkd_core.simulation.paper_setting import PixelSamples, split_at_random


@dataclass(frozen=True)
class SearchPlan:
    """How much is searched.

    Parameters
    ----------
    trials, epochs, batch_size : int
        See `akkd_core.nn.autokeras_search.SearchOptions`.
    max_parameters : int, optional
        Larger networks are left out.
    """

    trials: int
    epochs: int
    batch_size: int
    max_parameters: int | None = None


PAPER_SEARCH = SearchPlan(trials=30, epochs=30, batch_size=64)
"""The paper's trials and epochs; the batch, which it does not give, is ours."""


def search_lst(
    bands: Bands,
    train: PixelSamples,
    held_out: PixelSamples,
    plan: SearchPlan,
    seed: int,
    progress: Progress,
) -> tuple[Trial, ...]:
    """Search the paper's space for a network from some bands to LST, with our own tuner.

    Parameters
    ----------
    bands : tuple of int
    train, held_out : PixelSamples
        Trials are fitted to the former and scored on the latter.
    plan : SearchPlan
    seed : int
    progress : Progress

    Returns
    -------
    tuple of Trial
        In the order in which they were run, failed ones among them.

    Raises
    ------
    SearchAborted, OperationCancelled
        As `akkd_core.nn.autokeras_search.run_search`.
    """
    # AutoKeras takes seconds to import; the small budget of Tables 2 and 3 does without
    from akkd_core.nn.quiet import quiet_import

    with quiet_import():
        from akkd_core.nn.autokeras_search import SearchData, SearchOptions, run_search

    space = SearchSpace(n_in=len(bands), max_parameters=plan.max_parameters)
    found: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="akkd-search-") as scratch:
        run_search(
            space,
            SearchData(band_samples(train, bands), band_samples(held_out, bands)),
            Path(scratch) / "trials",
            options=SearchOptions(
                trials=plan.trials, epochs=plan.epochs, batch_size=plan.batch_size, seed=seed
            ),
            proposer=EditDistanceProposer(space),
            finished=found.append,
            progress=progress,
        )
    return tuple(found)


def best_trial(trials: tuple[Trial, ...]) -> Trial:
    """Pick the trial of the lowest error.

    Raises
    ------
    SearchAborted
        If all failed.
    """
    done = [trial for trial in trials if trial.objective is not None]
    if not done:
        reason = trials[0].reason if trials else "none was run"
        raise SearchAborted(f"all trials failed ({reason}). Lower the learning rates of the space")
    return min(done, key=lambda trial: (trial.objective, trial.number))


def find_and_fit(
    bands: Bands,
    train: PixelSamples,
    test: PixelSamples,
    training: Training,
    request: Request,
    progress: Progress,
) -> Fit:
    """Fit the network that stands for a subset of bands: trial 3, or a search's best.

    Parameters
    ----------
    bands : tuple of int
    train, test : PixelSamples
        Of the former a fifth scores a search's trials; the latter choose nothing.
    training : Training
        Of the network, not of trials.
    request : Request
    progress : Progress

    Raises
    ------
    SearchAborted, TrainingError, OperationCancelled
        As `search_lst` and `akkd_core.reproduction.fits.fit_lst`.
    """
    architecture, begin = TRIAL3, 0.0
    if request.budget == "paper":
        begin = 0.8
        fitted, scored = split_at_random(train, request.seed)
        trials = search_lst(
            bands, fitted, scored, PAPER_SEARCH, request.seed, SubProgress(progress, 0.0, begin)
        )
        architecture = best_trial(trials).architecture
    return fit_lst(
        bands,
        train,
        test,
        training,
        request.seed,
        architecture=architecture,
        progress=SubProgress(progress, begin, 1.0),
    )


def architecture_note(request: Request) -> str:
    """Sentence for the report: whose networks these are."""
    if request.budget == "small":
        return (
            "All networks have the architecture of the paper's trial 3 (Table 1) with a learning "
            f"rate of {TRIAL3.learning_rate:g}; the paper searched for each subset, which "
            "`--budget paper` does."
        )
    return (
        f"Each subset has an architecture of its own, found in {PAPER_SEARCH.trials} trials of "
        f"{PAPER_SEARCH.epochs} epochs on a part of the training samples."
    )
