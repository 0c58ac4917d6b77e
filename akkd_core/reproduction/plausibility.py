"""What a correlation and a mean error of the same predictions say of each other.

If predictions p of a truth t correlate with r, the best straight line from p to t leaves a root
mean square error of ``sd(t) * sqrt(1 - r**2)``; p itself can't do better. That holds whatever the
errors' distribution. For normal errors the RMSE is ``sqrt(pi / 2)``, 1.25 times, the MAE.
"""

from __future__ import annotations

import math

import numpy as np

from akkd_core.simulation.paper_setting import paper_temperatures

NORMAL_RMSE_PER_MAE = math.sqrt(math.pi / 2.0)


def temperature_sd_k(step_k: float) -> float:
    """Compute the standard deviation of the setting's temperatures at a step, K."""
    return float(np.std(paper_temperatures(step_k)))


def rmse_floor_k(pcc: float, sd_k: float) -> float:
    """Smallest RMSE that predictions of a given correlation can have, K.

    Parameters
    ----------
    pcc : float
        -1 to 1; a negative one leaves at least the whole spread.
    sd_k : float
        Standard deviation of the truth, K.
    """
    return sd_k * math.sqrt(1.0 - max(pcc, 0.0) ** 2)


def pcc_of_normal_errors(mae_k: float, sd_k: float) -> float:
    """Correlation of predictions with normal errors of a given MAE that owe nothing to the truth.

    ``1 / sqrt(1 + (rmse / sd)**2)``

    Parameters
    ----------
    mae_k : float
        K.
    sd_k : float
        Standard deviation of the truth, K.
    """
    return 1.0 / math.hypot(1.0, NORMAL_RMSE_PER_MAE * mae_k / sd_k)
