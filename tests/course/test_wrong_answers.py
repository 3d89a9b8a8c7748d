"""Wrong answers get their names: those of the graders' tables, and some as students write them."""

import itertools
import re
import sys

import numpy as np
import pytest
from exercise_answers import TABLES, attempt, variants, with_mistake

from course.exercises import EXERCISES
from course.grading.hints import mistakes
from course.grading.report import DONE, WRONG
from npvae import plain

OF_FILES = {"numpy changed", "too slow", "the process ended", "refused"}  # see test_marking.py


def times(name, factor):
    """A function with all its results multiplied."""
    return {name: lambda *args: tuple(factor * part for part in getattr(plain, name)(*args))}


def kept_mask(kept=[None]):  # noqa: B006
    def forward(a):
        kept[0] = a > 0
        return a * kept[0]

    return {"relu_forward": forward, "relu_backward": lambda dh, h: dh * kept[0]}


def hunt_of(is_right):
    """A test of exercise 13 that asks for something of one row."""

    def my_test(sample):
        assert is_right(sample, np.ones((1, 1)))

    return {"my_test": my_test}


def exact(sample):
    mu, logvar, eps = np.random.default_rng(0).standard_normal((3, 4, 5))
    assert np.all(sample(mu, logvar, eps) == mu + np.exp(logvar / 2) * eps)


def is_lucky(sample, luck=itertools.cycle([True, False])):  # noqa: B008
    assert next(luck)


def one_image(vae_loss):
    for mu in (0.0, 2.0):
        zeros, z = np.zeros((1, 6)), np.zeros((1, 3))
        loss = vae_loss(zeros, zeros, z + mu, z)[0]
        np.testing.assert_allclose(loss, 6 * np.log(2) + 3 * mu**2 / 2)


DX, DW, DB = (("dense_backward", part) for part in ("dy @ W.T", "x.T @ dy", "dy.sum(axis=0)"))
Y = "dense_forward", "x @ W + b"
TERMS = "bce", "np.maximum(logits, 0) - logits * x + np.log1p(e)"
E, S = ("bce", "e = np.exp(-np.abs(logits))"), ("bce", "(s - x)")
ALPHA = "mix", "rng.random((len(z), 1), z.dtype)"
MOST = "log_w.max(axis=1, keepdims=True)"
# Wrong answers as students write them, by the exercise: the diagnosis, and what is not right. That
# is a function's name, old text and new text, or it is functions.
WRITTEN = {
    "e01_dense": [
        ("never written", ("dense_backward", "return", "db = np.empty(3); db[:-1] = 0; return",
                           "dy.sum(axis=0)", "db")),
        ("whole numbers", (*DB, "dy.astype(int).sum(axis=0)")),
        ("B times too small", (*DB, "dy.mean(axis=0)")),
        ("wrong sign", (*DX, "-dy @ W.T")),
        ("argument forgotten", (*DX, "0 * dy @ W.T + W.sum(axis=1)")),
        ("sign of an argument", (*Y, "x @ W - b")),
        ("rows left out", (*DW, "x[:-1].T @ dy[:-1]")),
        ("one row for all", (*DW, "np.outer(x.mean(axis=0), dy.sum(axis=0))")),
        ("a factor", (*DW, "3.3 * x.T @ dy")),
        ("transposed", (*DW, "dy.T @ x")),
        ("shapes do not fit", {"dense_backward": lambda x, W, dy: dy @ W}),
        ("wrong shape", (*Y, "(x @ W + b).sum()")),
        ("not numbers", (*DX, "[[1], [2, 3]]")),
        ("not numbers", (*DX, "dy @ W.T + 1j")),
        ("argument changed", ("dense_backward", "return", "dy *= 2; return")),
        ("wrong number of results", (*DX, "dy @ W.T #")),
        ("exception", ("dense_backward", "return", "return dense_backward(x, W, dy),")),
        ("exception", {"dense_backward": lambda *args: sys.exit(3)}),
        ("nothing returned", (*Y, "None")),
        ("not finite", (*Y, "(x @ W + b) / 0.0")),
        ("precision lost", (*Y, "(x @ W + b).astype('f4')")),
        ("different answers", (*Y, "x @ W + np.random.rand()")),
        ("no function", {"dense_forward": None}),
        ("unknown", (*Y, "x @ W + np.cos(b)")),
    ],
    "e02_relu": [
        ("kept from another call", kept_mask()),
        ("unknown", {"relu_forward": np.cos}),  # a has a 0, so 1 / a is no explanation
    ],
    "e03_bce": [
        ("not stable", (*TERMS, "-x * np.log(s) - (1 - x) * np.log(1 - s)")),
        ("clipped", (*E, f"logits = np.clip(logits, -15, 15); {E[1]}")),
        *(("clipped", (*TERMS, f"-x * np.log(s + {c}) - (1 - x) * np.log(1 - s + {c})"))
          for c in (1e-7, 1e-12)),
        ("overflow", ("bce", "np.where(logits >= 0, 1, e) / (1 + e)", "1 / (1 + np.exp(-logits))")),
        ("gradient clipped", (*S, "(1 / (1 + np.exp(-np.clip(logits, -15, 15))) - x)")),
        ("B times too large", (*S, "len(x) * (s - x)")),
        ("P times too small", times("bce", 1 / 7)),
    ],
    "e04_kl": [
        ("L times too small", times("kl", 1 / 3)),
        ("a factor of the sizes", times("kl", 2 / 3)),
        ("2 times too large", times("kl", 2)),
        ("2 times too small", times("kl", 1 / 2)),
        ("exchanged", {"kl": lambda *args: [plain.kl(*args)[n] for n in (0, 2, 1)]}),
    ],
    "e05_reparameterisation": [
        ("nearly right", ("sample", "np.exp(logvar / 2)", "np.sqrt(np.exp(logvar) + 1e-6)")),
        ("argument forgotten", ("sample", "mu + ", "")),
        ("another argument", ("sample_backward", "logvar / 2", "logvar")),
        ("different answers", ("sample_backward", "* eps",
                               "* np.random.default_rng().standard_normal(dz.shape)")),
    ],
    "e06_adam": [
        ("other betas", ("adam", "BETA2 * v + (1 - BETA2)", "0.99 * v + 0.01")),
        ("another step size", ("adam", "lr * m_hat", "0.3 * lr * m_hat")),
    ],
    "e08_penalty": [
        ("B times too large", ("penalty", ".mean()", ".sum()")),
        ("another norm", ("penalty", "row_norms(dz)", "np.linalg.norm(dz, np.inf, 1)")),
        ("0/0", ("norm_backward", "np.where(norm > 0, norm, 1)", "norm")),
    ],
    "e09_mixing": [
        ("not on the line", ("mix", "(1 - alpha) * z", "z")),
        ("alpha per dimension", (*ALPHA, "rng.random(z.shape)")),
        ("one alpha for all rows", (*ALPHA, "rng.random()")),
        ("alpha does not vary", (*ALPHA, "rng.permutation(np.linspace(0, 1, len(z)))[:, None]")),
        ("alpha outside [0, 1]", (*ALPHA, "rng.standard_normal((len(z), 1))")),
        ("alpha not uniform", (*ALPHA, "rng.beta(3, 3, (len(z), 1))")),
    ],
    "e11_one_sided": [
        ("0/0", ("norm_backward", "np.where(norm > 0, norm, 1)", "norm / (dz != 0)"))],
    "e12_importance": [
        ("not stable", ("bound", "return", "most = 0 * most; return")),
        *(("not stable", (function, MOST, most))
          for function in ("bound", "bound_backward")
          for most in ("np.full((len(log_w), 1), log_w.max())", MOST.replace("max", "min"))),
    ],
    "e13_hunt_sampler": [
        ("the suspect was changed", {"sample": plain.sample}),
        ("right code rejected", hunt_of(lambda f, row: f(row, row, row) == 1)),
        ("right code rejected", hunt_of(lambda f, row: f.__name__ == "right")),
        ("luck", {"my_test": is_lucky}),
        ("exact comparison", {"my_test": exact}),
        ("nothing found", hunt_of(lambda f, row: True)),
        ("overfitted", hunt_of(lambda f, row: np.isclose(f(0 * row, np.log(4) * row, row), 2))),
        ("overfitted", hunt_of(  # which log(1 + e^logvar) passes, and none else
            lambda f, row: 5 < f(*(np.full((2, 1), n) for n in (3.0, 2.0, 1.0)))[0] < 7)),
        ("overfitted", hunt_of(  # which holds for a single row
            lambda f, row: np.isclose(f(row, np.log(4) * row, row), 3))),
    ],
    "e14_hunt_units": [
        ("nothing found", {"my_test": lambda vae_loss: None}),
        ("right code rejected", {
            "my_test": lambda f: np.testing.assert_equal(f.__name__, "scaled")}),
        ("overfitted", {"my_test": one_image}),
    ],
    "e15_first_pass": [("wrong number of results", {"first_pass": plain.input_gradient})],
    "e16_critic_loss": [
        ("wrong number of results", ("critic_loss", "mean(), grads", "mean(), grads[:5]"))],
    "e18_sliced": [("not divided by c", times("sliced", 1 / 2))],  # its c in three dimensions
    "e20_identity": [("2 times too small", ("estimate", "2 * gp", "gp"))],
}  # fmt: skip


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wrong_answer_is_named_in_one_line(name):
    found = list(variants(name))
    for key, wrong in WRITTEN.get(name, ()):
        found.append((key, wrong if isinstance(wrong, dict) else with_mistake(name, wrong)))
    for key, functions in found:
        report = attempt(name, **functions)
        told = report.status, report.diagnosis, len(report.lines)
        assert told == (WRONG, key, 1), report.lines


def test_other_right_answers_pass():
    filled = "y = np.empty((len(x), len(b))); y[:] = x @ W + b; return y"
    two = np.ones((2, 1))
    named = hunt_of(lambda f, row: np.allclose(f(mu=two, logvar=np.log(4) * two, eps=two), 3))
    assert attempt("e13_hunt_sampler", **named).status == DONE
    for name, edit in (
        ("e01_dense", ("dense_forward", "return x @ W + b", filled)),
        ("e01_dense", (*Y, "(x @ W + b).tolist()")),
        ("e08_penalty", ("norm_backward", "np.where(norm > 0, norm, 1)", "(norm + 1e-8)")),
    ):
        assert attempt(name, **with_mistake(name, edit)).status == DONE


def test_all_words_are_of_mistakes_that_are_shown():
    written = {key for rows in WRITTEN.values() for key, _ in rows}
    shown = {key for name in EXERCISES for key in TABLES[name]} | written
    assert {key for name in EXERCISES for key in mistakes(name)} <= shown
    general = {re.sub("^[A-Z] ", "", key) for key in written}
    assert set(mistakes("In every exercise")) <= general | OF_FILES
