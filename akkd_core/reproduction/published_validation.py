"""What the AK-KD paper prints of its validation, section 4.4, typed in.

For the source see `akkd_core.reproduction.published`.
"""

from __future__ import annotations

from collections.abc import Mapping

from akkd_core.reproduction.published import PublishedScore

CROSS_VALIDATION: Mapping[str, PublishedScore] = {
    "SMI_1": PublishedScore(0.832, 2.416),
    "KSMI_1": PublishedScore(0.912, 1.730),
    "SMI_2": PublishedScore(0.777, 2.345),
    "KSMI_2": PublishedScore(0.893, 1.666),
}
"""Section 4.4.1, of Figs. 14 and 15: LST against MODIS, small models and students."""

GROUND_VALIDATION: Mapping[str, PublishedScore] = {
    "SMI_1": PublishedScore(0.963, 1.953),
    "KSMI_1": PublishedScore(0.986, 1.315),
    "SMI_2": PublishedScore(0.940, 1.988),
    "KSMI_2": PublishedScore(0.970, 1.414),
}
"""Section 4.4.2, of Fig. 16: LST against ground data, after the 3-sigma rule."""
