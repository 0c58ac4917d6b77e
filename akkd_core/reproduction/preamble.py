"""What the report says before its items: where figures come from, and how they were made."""

from __future__ import annotations

from akkd_core.reproduction.published import SOURCE

MARK = "# The paper's tables"
"""What the report begins with, by which it is known."""

INTRODUCTION = f"""\
{MARK} and figures made anew

Made by `akkd reproduce`; what each section was made with stands in its first lines. Don't edit:
the page is rendered from the JSON files of the items.

The paper: {SOURCE}.
"""

TABLES = """\
Tables 1-3: the paper's section 4.1 tells the bands, the steps of temperature and that the samples
were simulated; it tells neither the air nor the materials nor the noise, neither batches nor
learning rates. So the figures of both sides are of like experiments, not of the same one.

The setting here: AFGL mid-latitude summer, its water vapour scaled to 5, 10, ... 40 kg m-2
(LOWTRAN7, nadir, rural aerosol of 23 km); surfaces of 270-320 K at a step of 4 or 1 K; 60 natural
materials of the shipped library; no noise; a random split of 80/20. Every test pixel has its air
and its material among the training pixels, so the tables tell how well a network interpolates,
not how well it retrieves: for that see the second table under Table 3, and `docs/accuracy.md` for
the network that AKKD ships.

Samples come from the full radiative transfer equation. The paper's eq. (1) puts one air
temperature in place of path and sky radiance, which leaves out part of what has to be solved; in
this setting its brightness temperatures differ by 0.4-1.5 K (rms by band). `--rte paper` takes it.
"""

DISTILLATION = """\
## Table 4 and Figures 3-13: the distillation behind them

In its sections 4.2 and 4.3 the paper trains a large model on the product labels of 27 ASTER
scenes, small models on those of two scenes of complex terrain, and distils. It doesn't tell which
scenes, and labels alone are no truth. So the figures here come from the simulated archive
(`docs/adr/0003-simulated-archive.md`), where both are known: product labels such as AST_08 and
AST_05 give, made by TES with a wrong atmosphere, one error all over a scene; and the truth behind
them. Figures of both sides are of like experiments, not of the same one.

One run serves all of these items:

- The large model, the teacher: one network for each target, trained on the labels of the
  archive's training scenes.
- Small models 1 and 2: one network for each target and scene, trained on the labels of the
  archive's first two complex scenes, which the teacher hasn't seen.
- Students: the small models trained on under the GOC, then on composite labels.

Every score is taken on blocks of 12 x 12 pixels, a third of each scene, that nothing was trained
on: against their original labels, never composite ones ("labels"), and against the true
temperature and emissivity ("truth"). Networks see labels alone; the truth chooses nothing.

The teacher's weight is called w. The paper's alpha of 0.3 is w = 0.3 as its section 2.3.1 and
Table 4 read it, and w = 0.7 as its eq. (9) does (`docs/method.md`).
"""

VALIDATION = """\
## Figures 14-16: against references of other physics

The paper's section 4.4 compares small models and students with MODIS and with ground data of the
scenes' places. Here both are made of the simulated scenes' truth by physics that isn't the
retrieval's, with errors of their own: what a product like MODIS's and stations like those of the
radiation networks would say. The truth stands beside them, so that a gain against the reference
can be told from one that is none. `akkd validate modis` and `akkd validate stations` do the same
with real products and measurements.

The scenes are the places of small models 1 and 2 drawn wide enough for cells of 1 km. Small model
and student are made on them anew, for temperature alone, from as many pixels as elsewhere in this
report and under the same large model; so their numbers are not those of Figures 4, 5, 10 and 11.
"""
