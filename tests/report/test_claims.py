"""The claims' verdicts follow the numbers, in worlds made by hand, and so does their picture."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from picture_helpers import texts
from studies import BASELINES, WORLD, make_study

from npvae.evaluation.intervals import Interval, Measurement
from npvae.evaluation.results import Comparison
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
from npvae.report.study_charts import COLOURS, REACH, draw_claims, standardised

MODELS = ("kl", "ws", "sw", "ae")
CLAIMED = WORLD | {  # such that every claim holds
    "sse_z_mode": (30, 20, 20, 20), "gap_bce_mu": (2, 1, 1, 1), "path": (1.3, 1.1, 1, 1),
    "fade_path": (1.5, 1.5, 1, 1), "knn": (98, 99, 99, 99), "bound_prior": (-103, -101, 0, 0),
}  # fmt: skip
MARGINS = {HOLDS: Interval(2, 1, 3), FAILS: Interval(-2, -3, -1), OPEN: Interval(0, -1, 1)}


def compare(world, half=1e-4, seeds=3, baselines=BASELINES):
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
    return Comparison(measured, baselines)


def found(claim, world, **how):
    """The one verdict on a claim."""
    (verdict,) = [v for v in judge(compare(world, **how)) if v.claim == claim]
    return verdict


def test_in_a_world_made_for_it_every_claim_holds_and_in_the_opposite_one_no_comparison_does():
    verdicts = judge(compare(CLAIMED))
    assert {v.claim: v.words for v in verdicts if v.verdict != HOLDS} == {}
    assert len({v.claim for v in verdicts}) == len({v.rule for v in verdicts}) == len(CLAIMS)
    swapped = {key: (ws, kl, sw, ae) for key, (kl, ws, sw, ae) in CLAIMED.items()}
    held = {v.claim for v in judge(compare(swapped)) if v.verdict != FAILS}
    assert held == {
        "KL interpolates smoothly",
        "KL's codes help to classify images",
        "KL's strictness limits what it can express",
    }


@pytest.mark.parametrize(
    ("world", "baselines", "seeds"), [(CLAIMED, BASELINES, 1), ({"mean_sigma": (1, 1)}, {}, 3)]
)
def test_with_one_training_or_without_numbers_nothing_is_decided(world, baselines, seeds):
    for v in judge(compare(world, seeds=seeds, baselines=baselines)):
        assert v.verdict == OPEN
        assert all(UNKNOWN in part.evidence or "–" in part.evidence for part in v.parts)


def test_a_rule_names_each_number_and_its_side():
    for v in judge(compare(WORLD)):
        assert all(part.name in v.rule for part in v.parts)
    rules = {
        "KL's strictness limits what it can express":
            "AE: SSE (z = μ) lower than KL, BCE (z = μ) lower than KL",
        "WS's codes vary more than KL's": "WS: width of z higher than KL",
        "KL interpolates smoothly":
            "KL: path length lower than of a fade between its decoded ends",
        "WS's reconstruction errors peak near 20":
            "WS: mode of SSE (z sampled) from 15 to 25 (chosen by us)",
        "KL's codes help to classify images":
            "KL: nearest neighbours above that of pixels, 97.3",
    }  # fmt: skip
    assert {claim: found(claim, WORLD).rule for claim in rules} == rules


@pytest.mark.parametrize(
    ("claim", "world", "half", "verdict"),
    [
        ("WS's reconstructions are sharper", {"blur": (1.25, 1)}, 0.249, HOLDS),
        ("WS's reconstructions are sharper", {"blur": (1.25, 1)}, 0.251, OPEN),
        ("WS's reconstructions are sharper", {"blur": (1, 1.25)}, 0.249, FAILS),
        ("KL's reconstruction errors peak near 30", {"sse_z_mode": (25.2, 0)}, 0.1, HOLDS),
        ("KL's reconstruction errors peak near 30", {"sse_z_mode": (34.95, 0)}, 0.1, OPEN),
        ("KL's reconstruction errors peak near 30", {"sse_z_mode": (36, 0)}, 0.1, FAILS),
        ("KL's codes help to classify images", {"knn": (97.31, 50)}, 0.1, OPEN),
        ("KL interpolates smoothly", {"path": (1.2, 1), "fade_path": (1.1, 2)}, 0.1, FAILS),
    ],
)
def test_a_number_is_decided_by_the_side_on_which_its_whole_interval_lies(
    claim, world, half, verdict
):
    assert found(claim, world, half=half).verdict == verdict


@pytest.mark.parametrize(
    ("outcomes", "verdict", "words"),
    [
        ((HOLDS, HOLDS), HOLDS, "**holds**"),
        ((HOLDS, FAILS), MIXED, "**mixed** (holds: a; does not hold: b)"),
        ((HOLDS, OPEN), OPEN, "**not decided** (holds: a; not decided: b)"),
        ((FAILS, OPEN), FAILS, "**does not hold** (does not hold: a; not decided: b)"),
        ((OPEN, OPEN), OPEN, "**not decided**"),
    ],
)
def test_a_claim_about_two_numbers_says_where_they_disagree(outcomes, verdict, words):
    parts = [Part(name, "", MARGINS[o]) for name, o in zip("ab", outcomes, strict=True)]
    v = Verdict("", "", parts)
    assert (v.verdict, v.words) == (verdict, words)


@pytest.mark.parametrize(
    ("mean", "close"), [(1.29, True), (1.31, False), (-1.29, True), (0.9, False), (np.nan, False)]
)
def test_a_margin_below_1_3_half_widths_is_borderline_in_words_and_in_the_picture(
    mean, close, tmp_path, figures
):
    v = Verdict("claim", "", [Part("a", "", Interval(mean, mean - 1, mean + 1))])
    assert ("borderline: a" in v.words) == v.is_borderline == close
    draw_claims({"35 epochs": [v]}, tmp_path)
    (ax,) = figures["claims.png"].axes
    assert texts(ax) == [v.verdict + ("*" if close else "")]
    assert ax.get_xlabel().endswith("borderline") == close


def test_a_lead_towards_a_value_keeps_the_images_of_both_models_together():
    """Both codes are narrower than the prior's width of 1, so that the wider ones are better."""
    draws = 0.1 * np.random.default_rng(0).standard_normal(100)
    kl, ws = ([Measurement({"width": v}, {"width": v + draws})] * 2 for v in (0.2, 0.6))
    c = Comparison({"kl": kl, "ws": ws}, {})
    gap = lead(c, "width", "ws", "kl")
    assert gap.mean == pytest.approx(0.4) and gap.half == pytest.approx(0, abs=1e-9)
    other = [Measurement({"width": 0.6}, {"width": 0.6 - draws})] * 2
    assert lead(replace(c, measured=c.measured | {"ws": other}), "width", "ws", "kl").half > 0.2


def test_a_margin_is_drawn_in_halves_of_its_interval_and_at_most_at_the_axis_end():
    for low, high, at in ((1, 3, 2), (-3, -1, -2), (-1, 1, 0), (99, 101, REACH), (-9, -8, -REACH)):
        assert standardised(Interval((low + high) / 2, low, high)) == at
    assert [standardised(Interval(x, x, x)) for x in (0.1, -0.1, 0)] == [REACH, -REACH, 0]


def test_a_claim_is_a_row_of_bars_coloured_by_what_they_say_the_later_ones_lighter(
    tmp_path, figures
):
    first = Verdict("first", "", [Part("a", "", MARGINS[HOLDS]), Part("b", "", MARGINS[FAILS])])
    late = Verdict("first", "", [Part("a", "", MARGINS[OPEN]), Part("b", "", None)])
    other = Verdict("second", "", [Part("a", "", MARGINS[FAILS])])
    draw_claims({"35 epochs": [first, other], "70 epochs": [late, other]}, tmp_path)
    (ax,) = figures["claims.png"].axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert texts(ax) == [f"{MIXED}\n→ {OPEN}", FAILS]
    assert [text.get_color() for text in ax.texts] == [COLOURS[OPEN], COLOURS[FAILS]]
    bars = [(to_hex(bar.get_color()[0]).upper(), bar.get_alpha()) for bar in ax.collections]
    assert bars == [
        (COLOURS[HOLDS], 1), (COLOURS[FAILS], 1), (COLOURS[OPEN], 0.45),
        (COLOURS[FAILS], 1), (COLOURS[FAILS], 0.45),
    ]  # fmt: skip
    ends = np.array([bar.get_segments()[0] for bar in ax.collections])
    np.testing.assert_allclose(ends[:, :, 0], [[1, 3], [-3, -1], [-1, 1], [-3, -1], [-3, -1]])
    rows = ends[:, 0, 1]
    assert list(np.round(rows)) == [0, 0, 0, 1, 1] and len(set(rows)) == 5


def test_texts_do_not_run_into_one_another(tmp_path, figures):
    study = make_study()
    draw_claims({str(e): judge(study.comparison(e)) for e in study.epochs}, tmp_path)
    figure = figures["claims.png"]
    figure.draw_without_rendering()
    (ax,) = figure.axes
    names = [label.get_window_extent() for label in ax.get_yticklabels()]
    words = [text.get_window_extent() for text in ax.texts]
    assert len(names) == len(words) == len(CLAIMS)
    inner = [box.padded(-2) for box in names + words]
    assert not [(a, b) for n, a in enumerate(inner) for b in inner[:n] if a.overlaps(b)]
    (left, _), (right, _) = ax.transData.transform([(-REACH - 1, 0), (REACH + 1, 0)])
    assert max(box.x1 for box in names) < left and right < min(box.x0 for box in words)
