"""Published counts and brightness temperatures of ASTER L1B, every 64th count.

Source: JPL's VICAR program ``asterbtemp`` (NASA-AMMOS/VICAR, vos/p3/prog/asterbtemp/asterbtemp.f,
its DATA tables): digital number to brightness temperature of bands 10-14, centi-degrees Celsius.
The whole table is compared where the real files lie beside the repository.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.calibration import Calibration
from akkd_core.sensors import aster_tir

TABLE = np.array([
    (64, -7715, -8091, -8550, -9985, -10518),
    (128, -6029, -6398, -6851, -8271, -8809),
    (192, -4908, -5269, -5713, -7108, -7644),
    (256, -4040, -4393, -4827, -6195, -6727),
    (320, -3320, -3665, -4090, -5430, -5956),
    (384, -2698, -3035, -3451, -4763, -5283),
    (448, -2147, -2477, -2883, -4167, -4680),
    (512, -1650, -1972, -2369, -3625, -4132),
    (576, -1195, -1509, -1898, -3126, -3626),
    (640, -774, -1081, -1461, -2661, -3154),
    (704, -381, -682, -1053, -2226, -2711),
    (768, -13, -306, -670, -1815, -2293),
    (832, 335, 49, -307, -1425, -1896),
    (896, 665, 385, 38, -1054, -1517),
    (960, 979, 706, 367, -698, -1154),
    (1024, 1280, 1013, 682, -357, -805),
    (1088, 1567, 1308, 984, -29, -469),
    (1152, 1844, 1591, 1275, 288, -145),
    (1216, 2111, 1864, 1556, 594, 169),
    (1280, 2368, 2127, 1827, 891, 474),
    (1344, 2618, 2383, 2090, 1179, 769),
    (1408, 2859, 2630, 2345, 1459, 1057),
    (1472, 3093, 2871, 2593, 1732, 1338),
    (1536, 3321, 3104, 2834, 1998, 1611),
    (1600, 3542, 3332, 3069, 2257, 1878),
    (1664, 3758, 3554, 3298, 2511, 2139),
    (1728, 3969, 3770, 3521, 2759, 2395),
    (1792, 4175, 3981, 3740, 3002, 2646),
    (1856, 4376, 4188, 3954, 3239, 2891),
    (1920, 4572, 4390, 4163, 3473, 3132),
    (1984, 4764, 4588, 4368, 3702, 3369),
    (2048, 4953, 4783, 4569, 3927, 3601),
    (2112, 5138, 4973, 4766, 4148, 3830),
    (2176, 5319, 5160, 4960, 4365, 4055),
    (2240, 5497, 5343, 5150, 4579, 4276),
    (2304, 5672, 5523, 5337, 4789, 4494),
    (2368, 5843, 5701, 5521, 4997, 4709),
    (2432, 6012, 5875, 5702, 5201, 4921),
    (2496, 6178, 6046, 5881, 5402, 5130),
    (2560, 6342, 6215, 6056, 5601, 5336),
    (2624, 6503, 6381, 6229, 5797, 5540),
    (2688, 6661, 6545, 6399, 5990, 5741),
    (2752, 6817, 6707, 6567, 6181, 5939),
    (2816, 6971, 6866, 6733, 6370, 6136),
    (2880, 7123, 7023, 6897, 6556, 6330),
    (2944, 7273, 7178, 7058, 6741, 6521),
    (3008, 7421, 7331, 7218, 6923, 6711),
    (3072, 7567, 7482, 7375, 7103, 6899),
    (3136, 7711, 7631, 7531, 7281, 7084),
    (3200, 7853, 7779, 7685, 7457, 7268),
    (3264, 7994, 7925, 7837, 7632, 7450),
    (3328, 8133, 8069, 7987, 7805, 7630),
    (3392, 8270, 8211, 8136, 7976, 7809),
    (3456, 8406, 8352, 8283, 8145, 7986),
    (3520, 8540, 8491, 8429, 8313, 8161),
    (3584, 8673, 8629, 8573, 8479, 8335),
    (3648, 8804, 8765, 8716, 8644, 8507),
    (3712, 8934, 8900, 8857, 8807, 8678),
    (3776, 9063, 9034, 8997, 8969, 8847),
    (3840, 9191, 9166, 9135, 9130, 9015),
    (3904, 9317, 9298, 9273, 9289, 9182),
    (3968, 9442, 9427, 9409, 9447, 9348),
    (4032, 9565, 9556, 9543, 9603, 9512),
])  # fmt: skip
LIMIT_K = 0.01
RANGE_K = (200.0, 370.0)


def _difference_k(table: NDArray[np.int_]) -> NDArray[np.float64]:
    """Ours minus JPL's, K, (count, band); NaN outside 200-370 K."""
    counts = table[:, 0].astype(np.uint16)
    ours = Calibration.from_ucc(aster_tir().ucc).brightness_temperature(
        np.broadcast_to(counts, (5, counts.size))
    )
    theirs = table[:, 1:] / 100.0 + 273.15
    usable = (theirs >= RANGE_K[0]) & (theirs <= RANGE_K[1])
    return np.where(usable, ours.T - theirs, np.nan)


def test_every_64th_count() -> None:
    difference = _difference_k(TABLE)
    assert TABLE.shape == (63, 6) and np.isfinite(difference).sum() > 300
    assert np.nanmax(np.abs(difference), axis=0) == pytest.approx(np.zeros(5), abs=LIMIT_K)


@pytest.mark.shared_data
def test_every_count(shared_data: Path) -> None:
    file = shared_data / "aster_oracle" / "aster_l1b_dn_to_bt_centidegC_jpl_vicar.csv"
    table = np.loadtxt(file, delimiter=",", skiprows=1, dtype=int)
    # The last count is saturated: it has no temperature with us.
    difference = _difference_k(table[:-1])
    assert np.isfinite(difference).sum() > 19_000
    assert np.nanmax(np.abs(difference)) < LIMIT_K


def test_the_mistyped_coefficient_would_be_seen() -> None:
    # 0.006822 for band 10, as in much public code, is off by up to 0.6 K.
    wrong = Calibration.from_ucc((0.006822, *aster_tir().ucc[1:]))
    counts = np.broadcast_to(TABLE[:, 0].astype(np.uint16), (5, len(TABLE)))
    right = Calibration.from_ucc(aster_tir().ucc).brightness_temperature(counts)[0]
    assert 0.3 < np.nanmax(right - wrong.brightness_temperature(counts)[0]) < 0.7
