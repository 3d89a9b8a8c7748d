"""The claims' verdicts follow the numbers, in worlds made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from studies import BASELINES, WORLD

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.intervals import Interval
from npvae.evaluation.measurement import Measurement
from npvae.report.claims import (
    CLAIMS,
    FAILS,
    HOLDS,
    MIXED,
    OPEN,
    UNKNOWN,
    Part,
    Verdict,
    judge,
    lead,
)

MODELS = ("kl", "ws", "sw", "ae")
CLAIMED = WORLD | {  # such that every claim holds
    "sse_z_mode": (30, 20, 20, 20), "gap_bce_mu": (2, 1, 1, 1), "path": (1.3, 1.1, 1, 1),
    "fade_path": (1.5, 1.5, 1, 1), "knn": (98, 99, 99, 99), "bound_prior": (-103, -101, 0, 0),
}  # fmt: skip


def compare(world, half=1e-4, seeds=3):
    """Trainings whose numbers are those of a world, but for a spread that makes this half width."""
    offsets = half / 4.303 * 3**0.5 * np.arange(-1.0, 2) if seeds == 3 else [0.0]
    measured = {
        model: [
            Measurement(
                {k: float(v[n]) + (0 if n else off) for k, v in world.items() if v[n] is not None}
            )
            for off in offsets
        ]
        for n, model in enumerate(MODELS)
        if all(len(v) > n for v in world.values())
    }
    return Comparison(measured, {})


def found(claim, world, **how):
    """The one verdict on a claim."""
    (verdict,) = [v for v in judge(compare(world, **how), BASELINES) if v.claim == claim]
    return verdict


def test_in_a_world_made_for_it_every_claim_holds():
    verdicts = judge(compare(CLAIMED), BASELINES)
    assert {v.claim: v.words for v in verdicts if v.verdict != HOLDS} == {}
    assert len({v.claim for v in verdicts}) == len({v.rule for v in verdicts}) == len(CLAIMS)


def test_with_the_models_exchanged_no_comparison_holds():
    swapped = {key: (ws, kl, sw, ae) for key, (kl, ws, sw, ae) in CLAIMED.items()}
    held = {v.claim for v in judge(compare(swapped), BASELINES) if v.verdict != FAILS}
    assert held == {
        "KL's reconstructions are blurred",
        "KL interpolates smoothly",
        "WS interpolates smoothly",
        "KL's digits form separate clusters",
        "KL's codes help to classify images",
        "KL's strictness limits what it can express",
    }


def test_without_numbers_every_claim_is_open():
    verdicts = judge(compare({"mean_sigma": (1, 1)}), {})
    assert {v.verdict for v in verdicts} == {OPEN}
    assert all("–" in part.evidence for v in verdicts for part in v.parts)


def test_a_rule_names_each_number_and_its_side():
    for v in judge(compare(WORLD), BASELINES):
        assert all(part.name in v.rule for part in v.parts)
    rules = {
        "KL's strictness limits what it can express":
            "AE: SSE (z = μ) lower than KL, BCE (z = μ) lower than KL",
        "WS's codes are the richer representation": "WS: nearest neighbours higher than KL",
        "WS's codes vary more than KL's": "WS: width of z higher than KL",
        "WS interpolates smoothly":
            "WS: path length lower than of a fade between its decoded ends",
        "KL's reconstructions are blurred": "KL: blur of reconstructions above 0.25 (chosen by us)",
        "WS's reconstruction errors peak near 20":
            "WS: mode of SSE (z sampled) from 15 to 25 (chosen by us)",
        "KL's codes help to classify images":
            "KL: nearest neighbours above that of pixels, 97.3",
    }  # fmt: skip
    assert {claim: found(claim, WORLD).rule for claim in rules} == rules


@pytest.mark.parametrize(
    ("claim", "key", "kl_is_higher"),
    [
        ("WS's reconstructions are sharper", "blur", True),
        ("WS's codes vary more than KL's", "width", False),
    ],
)
def test_a_comparison_is_decided_by_the_side_of_0_on_which_its_interval_lies(
    claim, key, kl_is_higher
):
    above, below = {key: (1.25, 1)}, {key: (1, 1.25)}
    first, second = (HOLDS, FAILS) if kl_is_higher else (FAILS, HOLDS)
    assert (found(claim, above).verdict, found(claim, below).verdict) == (first, second)
    assert found(claim, above, half=0.249).verdict == first
    assert found(claim, above, half=0.251).verdict == OPEN
    assert found(claim, below, half=0.251).verdict == OPEN


def test_with_one_training_nothing_is_decided_and_the_evidence_says_why():
    for v in judge(compare(CLAIMED, seeds=1), BASELINES):
        assert v.verdict == OPEN
        assert all(UNKNOWN in part.evidence or "fade" in part.evidence for part in v.parts)


@pytest.mark.parametrize(
    ("outcomes", "verdict", "words"),
    [
        ((HOLDS, HOLDS), HOLDS, "**holds**"),
        ((HOLDS, FAILS), MIXED, "**mixed** (holds: a; does not hold: b)"),
        ((HOLDS, OPEN), OPEN, "**not decided** (holds: a; not decided: b)"),
        ((FAILS, OPEN), FAILS, "**does not hold** (does not hold: a; not decided: b)"),
        ((OPEN, OPEN), OPEN, "**not decided**"),
        ((FAILS, FAILS), FAILS, "**does not hold**"),
    ],
)
def test_a_claim_about_two_numbers_says_where_they_disagree(outcomes, verdict, words):
    margin = {HOLDS: Interval(2, 1, 3), FAILS: Interval(-2, -3, -1), OPEN: Interval(0, -1, 1)}
    parts = [Part(name, "", margin[o]) for name, o in zip("ab", outcomes, strict=True)]
    v = Verdict("", "", parts)
    assert (v.verdict, v.words) == (verdict, words)


@pytest.mark.parametrize(
    ("mean", "close"), [(1.29, True), (1.31, False), (-1.29, True), (0.9, False)]
)
def test_a_margin_below_1_3_half_widths_is_borderline(mean, close):
    part = Part("a", "", Interval(mean, mean - 1, mean + 1))
    assert part.is_borderline == close
    assert ("borderline: a" in Verdict("", "", [part]).words) == close


@pytest.mark.parametrize(
    ("mode", "verdict"), [(30, HOLDS), (25.2, HOLDS), (25.05, OPEN), (34.95, OPEN), (36, FAILS)]
)
def test_a_range_holds_if_the_whole_interval_lies_inside(mode, verdict):
    claim = "KL's reconstruction errors peak near 30"
    assert found(claim, {"sse_z_mode": (mode, 0)}, half=0.1).verdict == verdict


@pytest.mark.parametrize(("knn", "verdict"), [(97.5, HOLDS), (97.31, OPEN), (97.1, FAILS)])
def test_a_threshold_is_what_the_pixels_score(knn, verdict):
    claim, world = "KL's codes help to classify images", {"knn": (knn, 50)}
    assert found(claim, world, half=0.1).verdict == verdict
    assert {v.verdict for v in judge(compare(world), {}) if v.claim == claim} == {OPEN}


def test_smooth_is_smoother_than_a_fade_between_the_decoded_ends():
    world = {"path": (1.2, 1), "fade_path": (1.1, 2)}
    assert found("KL interpolates smoothly", world).verdict == FAILS
    assert found("WS interpolates smoothly", world).verdict == HOLDS
    assert found("WS interpolates smoothly", world).parts[0].evidence == "WS 1 ± 0, fade 2 ± 0"


def test_a_lead_is_positive_for_the_better_model_whatever_better_means():
    world = {"sse_mu": (3, 2), "knn": (80, 90), "width": (0.5, 0.9), "path": (1.3, 0.9)}
    c = compare(world)
    for key, gain in {"sse_mu": 1, "knn": 10, "width": 0.4, "path": 0.2}.items():
        assert lead(c, key, "ws", "kl").mean == pytest.approx(gain), key
        assert lead(c, key, "kl", "ws").mean == pytest.approx(-gain)


def test_an_interval_that_is_not_a_number_decides_nothing():
    assert Part("", "", Interval(1, np.nan, np.nan)).verdict == OPEN


def test_a_lead_towards_a_value_keeps_the_images_of_both_models_together():
    draws = 0.3 * np.random.default_rng(0).standard_normal(100)
    kl, ws = ([Measurement({"width": v}, {"width": v + draws})] * 2 for v in (3.0, 2.0))
    c = Comparison({"kl": kl, "ws": ws}, {})
    gap = lead(c, "width", "ws", "kl")
    assert gap.mean == pytest.approx(1) and gap.half == pytest.approx(0, abs=1e-9)
    other = [Measurement({"width": 2.0}, {"width": 2.0 - draws})] * 2
    assert lead(replace(c, measured=c.measured | {"ws": other}), "width", "ws", "kl").half > 0.5
