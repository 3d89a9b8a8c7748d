"""The claims' verdicts and the report's sentences follow the numbers, in worlds made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from npvae.data.dataset import Dataset
from npvae.evaluation.comparison import Comparison
from npvae.evaluation.measure import Instruments, Measurement
from npvae.evaluation.metrics import BY_KEY, METRICS
from npvae.report.claims import FAILS, HOLDS, OPEN, judge
from npvae.report.markdown import number, plain
from npvae.report.text import write_report
from npvae.training.checkpoint import new_run
from npvae.training.options import Options
from npvae.training.runs import RUNS

# key: (KL, WS), such that every claim holds
WORLD = {
    "sse_mu": (30, 20), "sse_z": (33, 21), "bce_mu": (90, 80), "gap_bce_mu": (2, 1),
    "sse_mu_mode": (29, 19), "sse_z_mode": (31, 21),
    "sse_mu_spread": (8, 5), "sse_z_spread": (9, 6),
    "centre": (0.05, 0.3), "width": (1, 1.4), "skewness": (0.1, 0.4), "kurtosis": (0.2, 0.9),
    "correlation": (0.05, 0.2), "w1_exact": (1, 2), "w1_sliced": (0.1, 0.5), "mmd": (0.01, 0.1),
    "sharpness_mu": (0.8, 0.99), "silhouette": (0.3, 0.4), "knn": (96, 98), "probe": (80, 90),
    "path": (1.3, 1.1), "jump": (1.9, 1.5),
    "confidence": (0.8, 0.9), "confidence_least": (0.5, 0.6),
}  # fmt: skip


def compare(world, spread=1e-3, seeds=3):
    """A comparison of three seeds, whose numbers are those of a world, or that much off."""
    offsets = spread * np.arange(-1.0, 2)[:seeds] if seeds > 1 else [0.0]
    kl, ws = ([{k: float(v[i]) for k, v in world.items()} for _ in offsets] for i in (0, 1))
    for values, offset in zip(kl, offsets, strict=True):
        values.update({k: v + offset for k, v in values.items()})
    shapes = {"std of z": np.arange(20) / 8}, {"std of z": np.arange(20) / 4}
    made = [
        [Measurement(values=v, per_dimension=shape) for v in run]
        for run, shape in zip((kl, ws), shapes, strict=True)
    ]
    return Comparison(dict(zip(("kl", "ws"), made, strict=True)), perfect_match={"knn": 7.5})


def verdict(claim, world, **how):
    """The one verdict, and the evidence for it, that all claims of these words have."""
    found = {(v.verdict, v.evidence) for v in judge(compare(world, **how)) if v.claim == claim}
    assert len(found) == 1
    return found.pop()


def test_in_a_world_made_for_it_every_claim_holds():
    assert {v.claim for v in judge(compare(WORLD)) if v.verdict != HOLDS} == set()


def test_with_the_models_exchanged_only_four_ranges_hold():
    swapped = {key: pair[::-1] for key, pair in WORLD.items()}
    verdicts = judge(compare(swapped))
    assert {v.verdict for v in verdicts} == {HOLDS, FAILS}
    assert {v.claim for v in verdicts if v.verdict == HOLDS} == {
        "KL interpolates smoothly: no jump of twice the mean step",
        "WS interpolates smoothly: no jump of twice the mean step",
        "KL's digits form separate clusters",
        "KL keeps similar images close, which helps to classify them",
    }


def test_without_numbers_every_claim_is_open_and_says_so():
    verdicts = judge(compare({}))
    assert {v.verdict for v in verdicts} == {OPEN}
    assert all("not measured" in v.evidence for v in verdicts)


def test_claims_ask_for_known_numbers_only_and_name_each_in_the_rule():
    asked = set()

    class Listening(Comparison):
        def value(self, run, key):
            asked.add(key)
            return super().value(run, key)

    world = compare(WORLD)
    verdicts = judge(Listening(world.measured, {}))
    assert asked == WORLD.keys() <= BY_KEY.keys()
    rules = " ".join(v.rule for v in verdicts)
    assert all(BY_KEY[key].name in rules for key in asked)


@pytest.mark.parametrize(
    ("claim", "key", "lower"),
    [
        ("WS generalises better to unseen images", "gap_bce_mu", "WS"),
        ("WS's codes vary more than KL's", "width", "KL"),
    ],
)
def test_a_comparison_is_decided_by_the_side_of_0_on_which_its_interval_lies(claim, key, lower):
    above, below = {key: (1.25, 1)}, {key: (1, 1.25)}  # KL - WS
    outcomes = (HOLDS, FAILS) if lower == "WS" else (FAILS, HOLDS)
    assert (verdict(claim, above)[0], verdict(claim, below)[0]) == outcomes
    # Student's interval of three seeds 0.1 apart is 2.5 × 0.1 wide on either side: below 0.25.
    assert verdict(claim, above, spread=0.1)[0] == outcomes[0]
    assert verdict(claim, above, spread=0.105) == (
        OPEN,
        f"{BY_KEY[key].name}: KL 1.25, WS 1, KL − WS from -0.0108 to 0.511",
    )
    assert verdict(claim, below, spread=0.105)[0] == OPEN
    single, evidence = verdict(claim, above, seeds=1)
    assert single == OPEN and evidence.endswith("KL 1.25, WS 1 (one run each: no interval)")


@pytest.mark.parametrize(
    ("sse_mu", "sse_z", "outcome"),
    [
        ((30, 20), (30, 20), HOLDS),
        ((30, 20), (20, 20), OPEN),
        ((30, 20), (20, 30), FAILS),
        ((20, 20), (20, 30), FAILS),
    ],
)
def test_a_claim_about_two_numbers_fails_if_it_fails_for_one(sse_mu, sse_z, outcome):
    world = {"sse_mu": sse_mu, "sse_z": sse_z}
    assert verdict("WS reconstructs better", world)[0] == outcome


def test_a_number_that_is_missing_leaves_a_claim_open_unless_another_fails():
    assert verdict("WS reconstructs better", {"sse_mu": (30, 20)})[0] == OPEN
    assert verdict("WS reconstructs better", {"sse_mu": (20, 30)})[0] == FAILS
    assert verdict("KL's reconstruction errors peak near 30", {"sse_z_mode": (30, 0)})[0] == OPEN
    assert verdict("KL's reconstruction errors peak near 30", {"sse_z_mode": (40, 0)})[0] == FAILS


@pytest.mark.parametrize(
    ("knn", "outcome"), [(94.9, FAILS), (95, HOLDS), (100, HOLDS), (101, FAILS)]
)
def test_a_range_holds_from_end_to_end_and_is_about_its_own_model(knn, outcome):
    claim = "KL keeps similar images close, which helps to classify them"
    assert verdict(claim, {"knn": (knn, 50)}, seeds=1) == (outcome, f"nearest neighbours: {knn:g}")


def report(c, epoch=7, fade=None):
    """The report on a world, of two runs on blank images."""
    blank = np.zeros((5, 6), np.uint8)
    data = Dataset(blank, None, blank, None, (2, 3), "blank <images>", is_sample=False)
    runs = {kind: new_run(Options(kind, hidden_dim=9), (2, 3)) for kind in ("kl", "ws")}
    runs["ws"].epoch = epoch
    instruments = Instruments(data, entropy=45.5, perfect_match={}, fade=fade)
    return write_report(runs, instruments, c, [])


def full_world():
    """WORLD, and some other number for every other metric."""
    return {m.key: (100 + i, 200 + i) for i, m in enumerate(METRICS)} | WORLD


def test_the_report_counts_the_verdicts_and_shows_each():
    text = report(compare(WORLD | {"sse_mu": (1, 1.0), "mean_sigma": (1, 1), "iwae_256": (1, 1),
                                   "wide_256": (1, 1)}))  # fmt: skip
    n = len(judge(compare({})))
    assert text.count("**holds**") == n - 4 and text.count(f"**{OPEN}**") == 4
    assert f"Of {n} claims {n - 4} hold,\n0 do not, and 4\nare not decided" in text
    assert plain("blank <images>") in text and "0 (KL) and 7 (WS) epochs" in text


def test_every_metric_has_its_row_in_the_report():
    world = full_world()
    lines = report(compare(world, seeds=1)).splitlines()
    for m in METRICS:
        kl, ws = (number(x) for x in world[m.key])
        unit = f" ({m.unit})" if m.unit else ""
        perfect = "7.5" if m.key == "knn" else ""
        row = [m.name + unit, kl, ws, "", perfect, m.better, m.meaning]
        assert f"| {' | '.join(row)} |" in lines


def test_the_first_16_latent_dimensions_are_tabulated():
    text = report(compare(full_world()))
    assert "By the first 16 of 20 dimensions" in text
    assert "| z16 |\n" in text and "z17" not in text
    assert "| std of z, KL | 0 | 0.125 | 0.25 |" in text and "| 1.75 | 1.88 |\n" in text
    assert "| std of z, WS | 0 | 0.25 | 0.5 |" in text


def test_the_sentences_of_the_report_follow_the_numbers():
    better = "reconstructs better (SSE, z sampled: KL {}, WS {})."
    for pair, sentence in (
        ((33, 21), "WS " + better.format(33, 21)),
        ((21, 33), "KL " + better.format(21, 33)),
        ((33, 33), "Neither model demonstrably " + better.format(33, 33)),
    ):
        assert sentence in report(compare(full_world() | {"sse_z": pair}))
    higher = compare(full_world() | {"wide_256": (-103, -105)})
    assert "KL explains unseen images better" in report(higher)
    single = report(compare(full_world(), seeds=1))
    assert "SSE, z sampled: KL 33, WS 21; one run of each, so how surely is not known" in single
    # 33 - 30 of noise in a difference of 33 - 21
    assert "That difference of 3 is the price of the\nnoise, 25 % of the 12 between" in single
    assert "between the models" not in report(compare(full_world() | {"sse_z": (33, 34)}))


def test_the_report_shows_pictures_of_the_runs_compared_though_the_table_has_more(monkeypatch):
    monkeypatch.setitem(RUNS, "third", replace(RUNS["ws"], key="third", label="Third"))
    text = report(compare(full_world()))
    assert "plots/error_kl.png" in text and "plots/error_ws.png" in text and "Third" not in text


def test_the_report_compares_interpolations_with_fades():
    text = report(compare(full_world()), fade={"path": 1.25, "jump": 1.5, "confidence": 0.75})
    assert "path length 1.25, largest jump 1.5, confidence 0.75." in text
    assert "fading" not in report(compare(full_world()))


def test_the_report_says_whether_the_posterior_collapsed():
    for sigmas, words in (((0.2, 0.001), "has collapsed"), ((0.2, 0.1), "has not collapsed here")):
        assert f"posterior {words}" in report(compare(full_world() | {"mean_sigma": sigmas}))
