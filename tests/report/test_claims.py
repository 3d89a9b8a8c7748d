"""The claims' verdicts follow the numbers, in worlds made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from studies import BASELINES, WORLD

from npvae.evaluation.intervals import Interval, Measurement
from npvae.evaluation.results import Comparison
from npvae.report.claims import CLAIMS, FAILS, HOLDS, OPEN, UNKNOWN, Part, Verdict, judge, lead

CLAIMED = WORLD | {  # such that every claim holds
    "sse_z_mode": (30, 20, 20, 20), "gap_bce_mu": (2, 1, 1, 1), "path": (1.3, 1.1, 1, 1),
    "fade_path": (1.5, 1.5, 1, 1), "knn": (98, 99, 99, 99), "bound_prior": (-103, -101, 0, 0),
}  # fmt: skip


def compare(world, half=1e-4, seeds=3, baselines=BASELINES):
    """Trainings whose numbers are those of a world, but for a spread that makes this half width."""
    offsets = half / 4.303 * 3**0.5 * np.arange(-1.0, 2) if seeds == 3 else [0.0]
    measured = {}
    for n, model in enumerate(("kl", "ws", "sw", "ae")):
        known = {k: v[n] for k, v in world.items() if n < len(v) and v[n] is not None}
        of_seeds = [{k: x + (0 if n else off) for k, x in known.items()} for off in offsets]
        measured[model] = [Measurement(values) for values in of_seeds]
    return Comparison(measured, baselines)


def test_in_a_world_made_for_it_every_claim_holds_and_in_the_opposite_one_no_comparison_does():
    verdicts = judge(compare(CLAIMED))
    assert {v.claim: v.words for v in verdicts if v.verdict != HOLDS} == {}
    assert len({v.claim for v in verdicts}) == len({v.rule for v in verdicts}) == len(CLAIMS)
    assert [len(v.parts) for v in verdicts] == [1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 3]
    swapped = {key: (ws, kl, sw, ae) for key, (kl, ws, sw, ae) in CLAIMED.items()}
    held = [v.claim for v in judge(compare(swapped)) if v.verdict != FAILS]
    assert held == ["KL interpolates smoothly", "KL's codes help to classify images",
                    "KL's strictness limits what it can express"]  # fmt: skip


def test_with_one_training_or_without_numbers_nothing_is_decided():
    nothing = compare({"mean_sigma": (1, 1)}, baselines={})
    for v in judge(compare(CLAIMED, seeds=1)) + judge(nothing):
        assert v.verdict == OPEN
        assert all(UNKNOWN in part.evidence or "–" in part.evidence for part in v.parts)


def test_a_rule_names_each_number_and_its_side_and_the_evidence_its_values():
    found = {v.rule: v for v in judge(compare(WORLD, half=0.01))}
    assert found.keys() >= {
        "AE: SSE (z = μ) lower than KL, BCE (z = μ) lower than KL",
        "WS: width of z higher than KL",
        "KL: path length lower than of a fade between its decoded ends",
        "WS: mode of SSE (z sampled) from 15 to 25 (chosen by us)",
    }
    (part,) = found["KL: nearest neighbours above that of pixels, 97.3"].parts
    assert part.evidence == "KL 96.400 ± 0.010 %, margin −0.900 ± 0.010"


def test_a_number_is_decided_by_the_side_on_which_its_whole_interval_lies():
    for claim, world, half, verdict in (
        ("WS's reconstructions are sharper", {"blur": (1.25, 1)}, 0.249, HOLDS),
        ("WS's reconstructions are sharper", {"blur": (1.25, 1)}, 0.251, OPEN),
        ("WS's reconstructions are sharper", {"blur": (1, 1.25)}, 0.249, FAILS),
        ("KL's reconstruction errors peak near 30", {"sse_z_mode": (25.2, 0)}, 0.1, HOLDS),
        ("KL's reconstruction errors peak near 30", {"sse_z_mode": (34.95, 0)}, 0.1, OPEN),
        ("KL's reconstruction errors peak near 30", {"sse_z_mode": (36, 0)}, 0.1, FAILS),
        ("KL's codes help to classify images", {"knn": (97.31, 50)}, 0.1, OPEN),
        ("KL interpolates smoothly", {"path": (1.2, 1), "fade_path": (1.1, 2)}, 0.1, FAILS),
    ):
        found = {v.claim: v.verdict for v in judge(compare(world, half=half))}
        assert found[claim] == verdict, world


def test_a_claim_says_where_two_numbers_disagree_and_where_they_decide_only_just():
    for margins, verdict, words in (
        ((2, 2), HOLDS, "**holds**"),
        ((2, -2), "mixed", "**mixed** (holds: a; does not hold: b)"),
        ((2, 0), OPEN, "**not decided** (holds: a; not decided: b)"),
        ((-2, 0), FAILS, "**does not hold** (does not hold: a; not decided: b)"),
        ((0.9, np.nan), OPEN, "**not decided**"),
        ((1.29, 1.31), HOLDS, "**holds** (borderline: a)"),
        ((1.31, -1.29), "mixed", "**mixed** (holds: a; does not hold: b; borderline: b)"),
    ):
        pairs = zip("ab", margins, strict=True)
        v = Verdict("", "", [Part(name, "", Interval(m, m - 1, m + 1)) for name, m in pairs])
        assert (v.verdict, v.words) == (verdict, words)


def test_a_lead_towards_a_value_keeps_the_images_of_both_models_together():
    """Both codes are narrower than the prior's width of 1, so that the wider ones are better."""
    draws = 0.1 * np.random.default_rng(0).standard_normal(100)
    kl, ws = ([Measurement({"width": v}, {"width": v + draws})] * 2 for v in (0.2, 0.6))
    c = Comparison({"kl": kl, "ws": ws}, {})
    gap = lead(c, "width", "ws", "kl")
    assert gap.mean == pytest.approx(0.4) and gap.half == pytest.approx(0, abs=1e-9)
    other = [Measurement({"width": 0.6}, {"width": 0.6 - draws})] * 2
    assert lead(replace(c, measured=c.measured | {"ws": other}), "width", "ws", "kl").half > 0.2
