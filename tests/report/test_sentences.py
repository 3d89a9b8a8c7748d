"""The sentences follow the numbers: who is best, what is certain, and what is not known."""

from dataclasses import replace

from studies import make_instruments, make_study

from npvae.evaluation.intervals import Interval
from npvae.report import sentences
from npvae.report.claims import HOLDS, OPEN, UNKNOWN, Part, Verdict
from npvae.report.sentences import comparisons

ONE = {"seeds": 1, "epochs": (35,), "weights": False}


def first(**how):
    return next(iter(comparisons(make_study(**how)).values()))


def test_a_clear_winner_is_named_alone_and_a_tie_is_called_so():
    c = first()
    assert sentences.invents(c) == "KL invents clearly best."
    assert sentences.scale(c) == "KL fits the prior's scale clearly best."
    assert sentences.copies(c).startswith("AE copies best, but no difference between WS, SW and AE")


def test_one_training_is_never_clear():
    c = first(**ONE)
    alike = (sentences.copies, sentences.invents, sentences.scale, sentences.shape)
    for say in (*alike, sentences.fitted):
        assert UNKNOWN in say(c) and "clear" not in say(c)
    assert "KL invents best in these runs" in sentences.invents(c)


def test_noise_and_times_by_hand():
    c = first(**ONE)
    share = 100 * (13.35 - 11.67) / 13.35
    assert f"{share:.3g} % is due to that noise" in sentences.noise(c)
    assert sentences.times(c).endswith("WS 9, SW 1.14, AE 1.")


def test_information_is_that_of_kl_alone():
    c = first(**ONE)
    assert "at most 13.8 nats" in sentences.information(c)
    assert "The codes of WS, SW and AE have next to no noise" in sentences.information(c)
    del c.measured["kl"][0].values["information"]
    assert "not measured" in sentences.information(c)


def test_without_labels_the_advice_is_labels_of_two_classes():
    text = sentences.invents(first(labels=False))
    assert "have none, or all have the same" in text and "at least two classes" in text
    assert "in pixels" in sentences.fitted(first(labels=False))


def test_options_that_are_not_the_question_are_told_where_they_differ():
    study = make_study(**ONE)
    assert sentences.differing(study) == ""  # weights and kinds are the question
    of_kl, *others = study.trained
    odd = replace(of_kl, options=replace(of_kl.options, batch_size=32, limit=6000))
    text = sentences.differing(replace(study, trained=[odd, *others]))
    assert "batch size (KL 32, WS 64, SW 64, AE 64)" in text
    assert "limit (KL 6000, WS –, SW –, AE –)" in text and "hidden" not in text


def test_runs_of_unlike_length_stand_each_with_its_own():
    study = make_study(**ONE)
    of_kl, *others = study.trained
    odd = replace(of_kl, options=replace(of_kl.options, epochs=3))
    study = replace(study, trained=[odd, *others])
    ((name, c),) = comparisons(study).items()
    assert name == "each its own epochs" and list(c.measured) == ["kl", "ws", "sw", "ae"]
    assert "epochs (KL 3, WS 35" in sentences.differing(study)


def test_the_shortest_and_the_longest_training_of_all_models_are_compared():
    assert list(comparisons(make_study(seeds=2, epochs=(35, 70, 140)))) == [
        "35 epochs",
        "140 epochs",
    ]


def test_the_basis_counts_and_says_what_was_seen():
    data = make_instruments().data
    text = sentences.basis(make_study(), data, unseen=True)
    assert "trained 3 times (35 epochs)" in text and "which no training saw" in text
    assert UNKNOWN not in text
    text = sentences.basis(make_study(**ONE), data, unseen=False)
    assert "no training saw" not in text and "5 training images" in text and UNKNOWN in text


def test_claims_are_counted_and_what_longer_training_changes_is_named():
    margins = Interval(2, 1, 3), None
    sure, open_ = (Verdict("a", "", [Part("n", "", margin)]) for margin in margins)
    text = sentences.claims_found({"35 epochs": [sure], "140 epochs": [open_]})
    assert f"35 epochs: 1 {HOLDS}" in text and f"“a” ({HOLDS} → {OPEN})" in text
    assert "Longer" not in sentences.claims_found({"35 epochs": [sure]})
