"""The claims' verdicts follow the numbers, in worlds made by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest
from studies import BASELINES, WORLD

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.intervals import Interval
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import BY_KEY
from npvae.report.claims import FAILS, HOLDS, MIXED, OPEN, Part, Verdict, judge, lead, winner_of

# key: (KL, WS, AE), such that every claim holds
CLAIMED = WORLD | {
    "sse_mu_mode": (30, 20, 20), "sse_z_mode": (31, 21, 21), "gap_bce_mu": (2, 1, 1),
    "path": (1.3, 1.1, 1), "fade_path": (1.5, 1.5, 1), "jumpy": (5, 3, 3), "fade_jumpy": (9, 9, 9),
    "off_data": (1.3, 1.1, 1), "confidence": (0.8, 0.9, 1), "tsne_knn": (98, 99, 99),
    "knn": (98, 99, 99), "bound_prior": (-103, -101, 0),
}  # fmt: skip


def compare(world, half=1e-4, seeds=3):
    """Trainings whose numbers are those of a world, but for a spread that makes this half width."""
    offsets = half / 4.303 * 3**0.5 * np.arange(-1.0, 2) if seeds == 3 else [0.0]
    models = ("kl", "ws", "ae")
    measured = {
        model: [
            Measurement(
                {k: float(v[n]) + (0 if n else off) for k, v in world.items() if v[n] is not None}
            )
            for off in offsets
        ]
        for n, model in enumerate(models)
        if any(len(v) > n for v in world.values())
    }
    return Comparison(measured, {})


def found(claim, world, **how):
    """The one verdict on a claim."""
    (verdict,) = [v for v in judge(compare(world, **how), BASELINES) if v.claim == claim]
    return verdict


def test_in_a_world_made_for_it_every_claim_holds():
    verdicts = judge(compare(CLAIMED), BASELINES)
    assert {v.claim: v.words for v in verdicts if v.verdict != HOLDS} == {}
    assert len({v.claim for v in verdicts}) == len({v.rule for v in verdicts}) == 22
    assert len(verdicts) == 22


def test_with_the_models_exchanged_no_comparison_holds():
    swapped = {key: (ws, kl, ae) for key, (kl, ws, ae) in CLAIMED.items() if None not in (kl, ws)}
    claims = {v.claim for v in judge(compare(swapped), BASELINES) if v.verdict != FAILS}
    assert claims == {
        "KL's reconstructions are blurred",
        "KL interpolates smoothly",
        "WS interpolates smoothly",
        "KL's digits form separate clusters",
        "KL keeps similar images close, which helps to classify them",
        "KL's strictness limits what it can express",
    }


def test_without_numbers_every_claim_is_open():
    verdicts = judge(compare({"mean_sigma": (1, 1)}), {})
    assert {v.verdict for v in verdicts} == {OPEN}
    assert all("–" in part.evidence for v in verdicts for part in v.parts)


def test_no_two_claims_ask_for_the_same_of_the_same_models():
    asked = [
        (part.name, *sorted(re.findall("KL|WS|AE|fade", part.evidence)))
        for v in judge(compare(WORLD), {})
        for part in v.parts
    ]
    assert len(asked) == len(set(asked)) > 30


def test_a_rule_names_each_number_and_its_side():
    rule = found("KL's codes are closer to a Gaussian, WS's more complex", WORLD).rule
    assert rule == (
        "KL: Mardia's skewness nearer to 0 than WS, Mardia's excess kurtosis nearer to 0 than WS,"
        " least variance of z nearer to 1 than WS, largest variance of z nearer to 1 than WS"
    )
    for v in judge(compare(WORLD), BASELINES):
        assert all(part.name in v.rule for part in v.parts)
    sides = {
        "KL's strictness limits what it can express": "AE: SSE (z = μ) lower than KL, BCE",
        "WS's codes are the richer representation": "WS: nearest neighbours higher than KL, linear",
        "WS's codes vary more than KL's": "WS: standard deviation of z higher than KL",
        "WS interpolates smoothly": "WS: path length lower than of a fade between its decoded ends",
    }
    assert all(found(claim, WORLD).rule.startswith(rule) for claim, rule in sides.items())
    assert found("KL's reconstructions are blurred", WORLD).rule == (
        "KL: blur of reconstructions above 0.25 (chosen by us)"
    )
    assert found("WS's reconstruction errors peak near 20", WORLD).rule == (
        "WS: mode of SSE (z = μ) from 15 to 25 (chosen by us),"
        " mode of SSE (z sampled) from 15 to 25 (chosen by us)"
    )


@pytest.mark.parametrize(
    ("claim", "key", "ws_is_lower"),
    [
        ("WS generalises better: smaller gap to training images", "gap_bce_mu", True),
        ("WS's codes vary more than KL's", "width", False),
    ],
)
def test_a_comparison_is_decided_by_the_side_of_0_on_which_its_interval_lies(
    claim, key, ws_is_lower
):
    above, below = {key: (1.25, 1)}, {key: (1, 1.25)}
    first, second = (HOLDS, FAILS) if ws_is_lower else (FAILS, HOLDS)
    assert (found(claim, above).verdict, found(claim, below).verdict) == (first, second)
    assert found(claim, above, half=0.249).verdict == first
    assert found(claim, above, half=0.251).verdict == OPEN
    assert found(claim, below, half=0.251).verdict == OPEN
    unit = " nats" if key == "gap_bce_mu" else ""
    evidence = found(claim, above, half=0.251).parts[0].evidence
    assert evidence == f"KL 1.25 ± 0.25{unit}, WS 1 ± 0{unit}, difference 0.25 ± 0.25"
    single = found(claim, above, seeds=1)
    assert single.verdict == OPEN and single.parts[0].evidence == f"KL 1.25{unit}, WS 1{unit}"


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
    ("mode", "verdict"), [(30, HOLDS), (25.2, HOLDS), (25.05, OPEN), (34.95, OPEN), (36, FAILS)]
)
def test_a_range_holds_if_the_whole_interval_lies_inside(mode, verdict):
    world = {"sse_mu_mode": (mode, 0), "sse_z_mode": (mode, 0)}
    claim = "KL's reconstruction errors peak near 30"
    assert found(claim, world, half=0.1).verdict == verdict
    assert found(claim, world, seeds=1).verdict == OPEN


@pytest.mark.parametrize(("knn", "verdict"), [(97.5, HOLDS), (97.31, OPEN), (97.1, FAILS)])
def test_a_threshold_is_what_the_pixels_score(knn, verdict):
    world = {"knn": (knn, 50), "tsne_knn": (knn, 50)}
    claim = "KL keeps similar images close, which helps to classify them"
    assert found(claim, world, half=0.1).verdict == verdict
    assert "nearest neighbours above that of pixels, 97.3" in found(claim, world).rule
    assert {v.verdict for v in judge(compare(world), {}) if v.claim == claim} == {OPEN}


def test_smooth_is_smoother_than_a_fade_between_the_decoded_ends():
    world = {"path": (1.2, 1), "fade_path": (1.1, 2), "jumpy": (5, 5), "fade_jumpy": (9, 9)}
    assert found("KL interpolates smoothly", world).words == (
        "**mixed** (holds: paths that jump; does not hold: path length)"
    )
    assert found("WS interpolates smoothly", world).verdict == HOLDS
    evidence = found("WS interpolates smoothly", world).parts[1].evidence
    assert evidence == "WS 5 ± 0 %, fade 9 ± 0 %"


def test_a_lead_is_positive_for_the_better_model_whatever_better_means():
    world = {
        "sse_mu": (3, 2), "knn": (80, 90), "eigen_least": (0.5, 0.9),
        "mardia_kurtosis": (0.3, -0.1),
    }  # fmt: skip
    c = compare(world)
    gains = {"sse_mu": 1, "knn": 10, "eigen_least": 0.4, "mardia_kurtosis": 0.2}
    for key, gain in gains.items():
        assert lead(c, key, "ws", "kl").mean == pytest.approx(gain), BY_KEY[key].goal
        assert lead(c, key, "kl", "ws").mean == pytest.approx(-gain)


def test_an_interval_that_is_not_a_number_decides_nothing():
    assert Part("", "", Interval(1, np.nan, np.nan)).verdict == OPEN
    images = {"width": np.full(100, np.nan)}
    runs = {m: [Measurement({"width": v}, images)] for m, v in (("kl", 1.0), ("ws", 2.0))}
    assert winner_of(Comparison(runs, {}), "width", "ws", "kl") is None


def test_a_lead_towards_a_value_keeps_the_images_of_both_models_together():
    draws = 0.3 * np.random.default_rng(0).standard_normal(100)
    both = [Measurement({"width": v}, {"width": v + draws}) for v in (3.0, 2.0)]
    c = Comparison({"kl": [both[0]], "ws": [both[1]]}, {})
    gap = lead(c, "width", "ws", "kl")
    assert gap.mean == pytest.approx(1) and gap.half == pytest.approx(0, abs=1e-9)
    apart = replace(
        c, measured=c.measured | {"ws": [Measurement({"width": 2.0}, {"width": 2.0 - draws})]}
    )
    assert lead(apart, "width", "ws", "kl").half > 0.5
