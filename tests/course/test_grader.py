"""The grader of the exercises: right answers pass, stubs are not yet, each mistake has its name."""

import ast
import importlib
import inspect
import itertools
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from exercise_answers import BEYOND, RIGHT, functions_of, module_of
from numpy_alone import run_with_numpy_alone

from course import check
from course.exercises import EXERCISES, FUNCTIONS
from course.grading import importance
from course.grading.diagnosis import variant_of
from course.grading.hints import mistakes
from course.grading.process import grade_file
from course.grading.report import DONE, NOT_YET, WRONG, compared, grade_module, grader
from npvae import plain
from npvae.errors import UserError
from npvae.evaluation import likelihood
from npvae.models.vae import make_vae

ROOT = Path(__file__).parents[2]
OF_FILES = {"numpy changed", "too slow", "the process ended", "refused"}  # see test_marking.py
TABLES = {name: getattr(grader(name), "MISTAKES", {}) for name in EXERCISES}


def attempt(name, **functions):
    """Grade an exercise's own file, with right answers, and `functions` in place of some."""
    file = vars(importlib.import_module(f"course.exercises.{name}"))
    return grade_module(name, SimpleNamespace(**{**file, **RIGHT[name], **functions}))


def variants(name):
    """Each mistake of a grader's table, with the functions that have it."""
    for key, found in TABLES[name].items():
        for variant in found if isinstance(found, list) else [found]:
            yield key, functions_of(name, variant_of(module_of(name), variant))


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answers_are_done_and_the_prediction_is_answered(name):
    report = attempt(name, PREDICTION="it doubles")
    assert report.status == DONE, report.lines
    assert report.lines[0] == "You predicted: it doubles"
    assert report.lines[1].startswith("Measured: ") and MEASURED[name] in report.lines[1]
    assert report.lines[2] == f"Now compare with {', '.join(compared(name))}."
    for place in compared(name):
        path, _, function = place.split(" ")[0].partition("::")
        assert f"def {function}" in (ROOT / path).read_text("utf-8"), place
    if name in FUNCTIONS:  # each has a fast twin as well
        assert any(not place.startswith("npvae/plain.py") for place in compared(name))


@pytest.mark.parametrize("name", EXERCISES)
def test_each_mistake_of_the_table_is_named(name):
    for key, functions in variants(name):
        report = attempt(name, **functions)
        assert (report.status, report.diagnosis) == (WRONG, key), report.lines


def reparameterised(slope):
    return {"sample_backward": lambda dz, logvar, eps: (dz, slope(dz, logvar, eps))}


def adam_with(lr=1.0, b2=0.999):
    def adam(theta, g, m, v, t, rate):
        m, v = 0.9 * m + 0.1 * g, b2 * v + (1 - b2) * g**2
        moved = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return theta - lr * rate * moved, m, v

    return {"adam": adam}


def mix_with(draw):
    def mixed(z, prior, rng):
        alpha = draw(z, rng)
        return alpha * prior + (1 - alpha) * z

    return {"mix": mixed}


def naive_bce(logits, x, least=0.0, clip=np.inf, of_gradient=np.inf):
    """The cross-entropy as it is written in books, with what is often added to it."""
    s = 1 / (1 + np.exp(-np.clip(logits, -clip, clip)))
    loss = -x * np.log(s + least) - (1 - x) * np.log(1 - s + least)
    return loss.sum() / len(x), (s - x) / len(x)


def bce_with(dlogits):
    return {"bce": lambda a, x: (plain.bce(a, x)[0], dlogits(a, x))}


def overflowing_bce(a, x):
    loss = (x * np.logaddexp(0, -a) + (1 - x) * np.logaddexp(0, a)).sum() / len(x)
    return loss, (1 / (1 + np.exp(-a)) - x) / len(x)


def relu_with_a_kept_mask():
    kept = {}

    def forward(a):
        kept["mask"] = a > 0
        return a * kept["mask"]

    return {"relu_forward": forward, "relu_backward": lambda dh, h: dh * kept["mask"]}


def dense_with(db=None, dx=None, dW=None):
    def dense_backward(x, W, dy):
        right = plain.dense_backward(x, W, dy)
        changed = (f and f(x, W, dy) for f in (dx, dW, db))
        return tuple(r if c is None else c for r, c in zip(right, changed, strict=True))

    return {"dense_backward": dense_backward}


def forward_with(dense_forward):
    return {"dense_forward": dense_forward}


def db_without_its_end(x, W, dy):
    db = np.empty(W.shape[1])
    db[:-1] = dy[:, :-1].sum(axis=0)
    return db


def kl_times(factor):
    return {"kl": lambda mu, logvar: tuple(factor * r for r in plain.kl(mu, logvar))}


def changes_its_argument(x, W, dy):
    result = plain.dense_backward(x, W, dy)
    dy *= 2
    return result


def raises(*args):
    raise KeyError("W3")


def endless(*args):
    return endless(*args)


def hunt_of(names):
    """A test of exercise 13 that asks for something of one row."""

    def my_test(sample):
        row = np.ones((1, 1))
        assert names(sample, row)

    return {"my_test": my_test}


def exact(sample):
    mu, logvar, eps = np.random.default_rng(0).standard_normal((3, 4, 5))
    assert np.all(sample(mu, logvar, eps) == mu + np.exp(logvar / 2) * eps)


def one_image(vae_loss):
    for mu in (0.0, 2.0):
        zeros, z = np.zeros((1, 6)), np.zeros((1, 3))
        loss = vae_loss(zeros, zeros, z + mu, z)[0]
        np.testing.assert_allclose(loss, 6 * np.log(2) + 3 * mu**2 / 2)


def needs_arrays(vae, x, h_enc, logvar, eps, z, h_dec, dlogits, dz, dmu, dlogvar):
    assert dmu.shape == dz.shape
    return plain.vae_backward(vae, x, h_enc, logvar, eps, z, h_dec, dlogits, dz, dmu, dlogvar)


def is_lucky(sample, luck=itertools.cycle([True, False])):  # noqa: B008
    assert next(luck)


def of_the_whole(shift):
    """Weights whose shift is not that of each image's own largest."""

    def bound(log_w):
        m = shift(log_w)
        return np.squeeze(m) + np.log(np.exp(log_w - m).mean(axis=1))

    def bound_backward(log_w):
        w = np.exp(log_w - shift(log_w))
        return w / w.sum(axis=1, keepdims=True)

    return {"bound": bound}, {"bound_backward": bound_backward}


# Wrong answers as students write them: the exercise, the diagnosis, what is not right.
WRITTEN = [
    ("e01_dense", "never written", dense_with(db=db_without_its_end)),
    ("e01_dense", "whole numbers", dense_with(db=lambda x, W, dy: dy.astype(int).sum(axis=0))),
    ("e01_dense", "B times too small", dense_with(db=lambda x, W, dy: dy.mean(axis=0))),
    ("e01_dense", "wrong sign", dense_with(dx=lambda x, W, dy: -dy @ W.T)),
    ("e01_dense", "argument forgotten", dense_with(dx=lambda x, W, dy: 0 * dy @ W.T + W.sum(1))),
    ("e01_dense", "sign of an argument", forward_with(lambda x, W, b: x @ W - b)),
    ("e01_dense", "rows left out", dense_with(dW=lambda x, W, dy: x[:-1].T @ dy[:-1])),
    ("e01_dense", "one row for all", dense_with(
        dW=lambda x, W, dy: np.outer(x.mean(0), dy.sum(0)))),
    ("e01_dense", "a factor", dense_with(dW=lambda x, W, dy: 3.3 * x.T @ dy)),
    ("e01_dense", "transposed", dense_with(dW=lambda x, W, dy: dy.T @ x)),
    ("e01_dense", "shapes do not fit", dense_with(dx=lambda x, W, dy: dy @ W)),
    ("e01_dense", "wrong shape", dense_with(db=lambda x, W, dy: dy.sum(axis=1))),
    ("e01_dense", "not numbers", dense_with(dx=lambda x, W, dy: [[1], [2, 3]])),
    ("e01_dense", "not numbers", dense_with(dx=lambda x, W, dy: dy @ W.T + 1j)),
    ("e01_dense", "argument changed", {"dense_backward": changes_its_argument}),
    ("e01_dense", "wrong number of results", {"dense_backward": lambda x, W, dy: dy @ W.T}),
    ("e01_dense", "exception", {"dense_backward": lambda x, W: None}),
    ("e01_dense", "exception", {"dense_backward": endless}),
    ("e01_dense", "exception", {"dense_backward": lambda *args: sys.exit(3)}),
    ("e01_dense", "exception", {"dense_backward": lambda *args: pytest.skip("no time")}),
    ("e01_dense", "nothing returned", forward_with(lambda x, W, b: None)),
    ("e01_dense", "not numbers", forward_with(lambda x, W, b: "x W + b")),
    ("e01_dense", "not finite", forward_with(lambda x, W, b: (x @ W + b) / 0.0)),
    ("e01_dense", "precision lost", forward_with(lambda x, W, b: (x @ W + b).astype("f4"))),
    ("e01_dense", "wrong shape", forward_with(lambda x, W, b: (x @ W + b).sum())),
    ("e01_dense", "different answers", forward_with(lambda x, W, b: x @ W + np.random.rand())),  # noqa: NPY002
    ("e01_dense", "exception", forward_with(raises)),
    ("e01_dense", "no function", forward_with(None)),
    ("e01_dense", "unknown", forward_with(lambda x, W, b: x @ W + np.cos(b))),
    ("e02_relu", "leaky", {"relu_forward": lambda a: np.maximum(a, 0.01 * a)}),
    ("e02_relu", "kept from another call", relu_with_a_kept_mask()),
    ("e02_relu", "unknown", {"relu_forward": np.cos}),  # a has a 0, so 1 / a is no explanation
    ("e03_bce", "not stable", {"bce": naive_bce}),
    ("e03_bce", "clipped", {"bce": lambda a, x: naive_bce(a, x, clip=15)}),
    ("e03_bce", "clipped", {"bce": lambda a, x: naive_bce(a, x, least=1e-7)}),
    ("e03_bce", "clipped", {"bce": lambda a, x: naive_bce(a, x, least=1e-12)}),
    ("e03_bce", "overflow", {"bce": overflowing_bce}),
    ("e03_bce", "gradient clipped", bce_with(lambda a, x: naive_bce(a, x, clip=15)[1])),
    ("e03_bce", "B times too large", bce_with(lambda a, x: plain.bce(a, x)[1] * len(x))),
    ("e03_bce", "P times too small", {"bce": lambda *a: [r / 7 for r in plain.bce(*a)]}),
    ("e03_bce", "sigmoid forgotten", bce_with(lambda a, x: (a - x) / len(x))),
    ("e04_kl", "constant once", {"kl": lambda mu, v: (
        (mu**2 + np.exp(v) - v).sum() / 2 / len(mu) - 0.5, *plain.kl(mu, v)[1:])}),
    ("e04_kl", "gradient for sigma", {"kl": lambda mu, v: (
        *plain.kl(mu, v)[:2], (np.exp(v / 2) - 1 / np.exp(v / 2)) / len(mu))}),
    ("e04_kl", "L times too small", kl_times(1 / 3)),
    ("e04_kl", "a factor of the sizes", kl_times(2 / 3)),
    ("e04_kl", "2 times too large", kl_times(2)),
    ("e04_kl", "2 times too small", kl_times(1 / 2)),
    ("e04_kl", "exchanged", {"kl": lambda *a: [plain.kl(*a)[n] for n in (0, 2, 1)]}),
    ("e05_reparameterisation", "nearly right", {"sample": lambda mu, logvar, eps: (
        mu + np.sqrt(np.exp(logvar) + 1e-6) * eps)}),
    ("e05_reparameterisation", "another argument", reparameterised(
        lambda dz, logvar, eps: dz * np.exp(logvar) / 2 * eps)),
    ("e05_reparameterisation", "different answers", reparameterised(lambda dz, logvar, eps: (
        dz * np.exp(logvar) / 2 * np.random.default_rng().standard_normal(dz.shape)))),
    ("e05_reparameterisation", "half forgotten", reparameterised(
        lambda dz, logvar, eps: dz * np.sqrt(np.exp(logvar)) * eps)),
    ("e06_adam", "other betas", adam_with(b2=0.99)),
    ("e06_adam", "another step size", adam_with(lr=0.3)),
    ("e07_score", "B times too small", {
        "input_gradient": lambda z, *w: plain.input_gradient(z, *w) / len(z)}),
    ("e08_penalty", "B times too large", {"penalty": lambda dz: plain.penalty(dz) * len(dz)}),
    ("e08_penalty", "0/0", {"norm_backward": lambda dz: (
        2 / len(dz) * (1 - 1 / plain.row_norms(dz)) * dz)}),
    ("e09_mixing", "not on the line", {
        "mix": lambda z, prior, rng: z + rng.uniform(size=(len(z), 1)) * prior}),
    ("e09_mixing", "alpha per dimension", mix_with(lambda z, rng: rng.uniform(size=z.shape))),
    ("e09_mixing", "one alpha for all rows", mix_with(lambda z, rng: rng.uniform())),
    ("e09_mixing", "alpha does not vary", mix_with(lambda z, rng: 0.5)),
    ("e09_mixing", "alpha does not vary", mix_with(
        lambda z, rng: np.random.default_rng(0).random((len(z), 1)))),
    ("e09_mixing", "alpha does not vary", mix_with(
        lambda z, rng: rng.permutation(np.linspace(0, 1, len(z)))[:, None])),
    ("e09_mixing", "alpha outside [0, 1]", mix_with(
        lambda z, rng: rng.standard_normal((len(z), 1)))),
    ("e09_mixing", "alpha not uniform", mix_with(lambda z, rng: rng.beta(3, 3, (len(z), 1)))),
    ("e09_mixing", "different answers", mix_with(
        lambda z, rng: np.random.default_rng().random((len(z), 1)))),
    ("e08_penalty", "another norm", {
        "penalty": lambda dz: np.mean((np.linalg.norm(dz, np.inf, 1) - 1) ** 2)}),
    ("e11_one_sided", "two-sided", {"penalty": plain.penalty}),
    ("e11_one_sided", "0/0", {"norm_backward": lambda dz: (
        2 / len(dz) * np.maximum(1 - 1 / plain.row_norms(dz), 0) * dz / (dz != 0))}),
    ("e12_importance", "proposal forgotten", {"log_weights": lambda log_p, mu, v, eps: (
        log_p - ((mu[:, None] + np.exp(v[:, None] / 2) * eps) ** 2).sum(axis=2) / 2)}),
    ("e12_importance", "log K forgotten", {"bound": lambda w: np.logaddexp.reduce(w, axis=1)}),
    ("e12_importance", "not stable", {"bound": lambda w: np.log(np.exp(w).mean(axis=1))}),
    *(("e12_importance", "not stable", wrong) for wrong in of_the_whole(np.max)),
    *(("e12_importance", "not stable", wrong)
      for wrong in of_the_whole(lambda w: w.min(axis=1, keepdims=True))),
    ("e13_hunt_sampler", "the suspect was changed", {"sample": plain.sample}),
    ("e13_hunt_sampler", "right code rejected", hunt_of(lambda f, row: f(row, row, row) == 1)),
    ("e13_hunt_sampler", "right code rejected", hunt_of(lambda f, row: f.__name__ == "right")),
    ("e13_hunt_sampler", "luck", {"my_test": is_lucky}),
    ("e13_hunt_sampler", "exact comparison", {"my_test": exact}),
    ("e13_hunt_sampler", "nothing found", hunt_of(lambda f, row: True)),
    ("e13_hunt_sampler", "overfitted", hunt_of(lambda f, row: f(0 * row, 2 * row, row) < 5)),
    ("e13_hunt_sampler", "overfitted", hunt_of(  # which holds for a single row
        lambda f, row: np.isclose(f(row, np.log(4) * row, row), 3))),
    ("e14_hunt_units", "nothing found", {"my_test": lambda vae_loss: None}),
    ("e14_hunt_units", "right code rejected", {
        "my_test": lambda f: np.testing.assert_equal(f.__name__, "scaled")}),
    ("e14_hunt_units", "overfitted", {"my_test": one_image}),
    ("e15_first_pass", "wrong number of results", {"first_pass": plain.input_gradient}),
    ("e16_critic_loss", "wrong number of results", {"critic_loss": lambda *args: (
        *plain.critic_loss(*args)[:4], plain.critic_loss(*args)[4][:5])}),
    ("e17_vae_step", "exception", {"vae_backward": needs_arrays}),
    ("e18_sliced", "not divided by c", {"sliced": lambda *args: [
        r / 2 for r in plain.sliced(*args)]}),  # c is 1/2 for three dimensions
    ("e20_identity", "2 times too small", {"estimate": lambda P, slope, w: w * (P + slope - 1)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "key", "functions"), WRITTEN)
def test_a_wrong_answer_is_named_in_one_line(name, key, functions):
    report = attempt(name, **functions)
    assert (report.status, report.diagnosis, len(report.lines)) == (WRONG, key, 1), report.lines


def named_batch(sample):
    z = sample(mu=np.zeros((2, 1)), logvar=np.full((2, 1), np.log(4)), eps=np.ones((2, 1)))
    assert np.allclose(z, 2)


def filled(x, W, b):
    y = np.empty((len(x), len(b)))
    for row in range(len(x)):
        y[row] = x[row] @ W + b
    return y


def guarded(dz):
    norm = np.sqrt((dz**2).sum(axis=1, keepdims=True))
    return 2 / len(dz) * (norm - 1) * dz / (norm + 1e-8)


@pytest.mark.parametrize(
    ("name", "functions"),
    [
        ("e13_hunt_sampler", {"my_test": named_batch}),
        ("e01_dense", {"dense_forward": filled}),
        ("e01_dense", {"dense_forward": lambda x, W, b: (x @ W + b).tolist()}),
        ("e08_penalty", {"norm_backward": guarded}),
    ],
)
def test_other_right_answers_pass(name, functions):
    assert attempt(name, **functions).status == DONE


def test_all_words_are_of_mistakes_and_all_mistakes_have_words():
    """What hints.md tells, the tables and the wrong answers above show; and the reverse."""
    shown = {(name, key) for name in EXERCISES for key in TABLES[name]}
    written = {(name, key) for name, key, _ in WRITTEN}
    told = {(name, key) for name in EXERCISES for key in mistakes(name)}
    assert shown <= told
    assert {key for _, key in told} <= {key for _, key in shown | written}
    everywhere = {re.sub("^[A-Z] ", "", key) for _, key in written - told}
    page = (ROOT / "course/grading/hints.md").read_text("utf-8")
    assert all(f"**{key}**" in page or f"`{key}`" in page for key in everywhere)
    assert set(mistakes("In every exercise")) <= everywhere | OF_FILES


def dense(**functions):
    return attempt("e01_dense", **functions)


def test_an_exception_is_told_with_the_students_own_line():
    line = raises.__code__.co_firstlineno + 1
    (text,) = dense(dense_forward=raises).lines
    assert text == f"Line {line}, `raise KeyError(\"W3\")`, fails. KeyError: 'W3'"


def test_what_a_student_prints_is_shown_once(capsys):
    def prints(x, W, b):
        print("y =", x @ W + b)
        return x @ W + b

    assert dense(dense_forward=prints).status == DONE
    assert capsys.readouterr().out.count("y =") == 1


def test_a_message_says_where_and_how_much():
    (text,) = attempt("e14_hunt_units", my_test=one_image).lines
    assert "the loss is a sum over the batch" in text
    (text,) = attempt("e08_penalty", penalty=lambda dz: plain.penalty(dz) * len(dz)).lines
    assert "exactly 5 times too large, and B = 5" in text
    assert "Was the mean over the batch forgotten?" in text
    (_, wide), *_ = variants("e05_reparameterisation")
    (text,) = attempt("e05_reparameterisation", **wide).lines
    assert "No gradient check can see that" in text


def test_finite_differences_are_told():
    kl = dict(variants("e04_kl"))
    (text,) = attempt("e04_kl", **kl["mu not squared"]).lines
    assert "Finite differences disagree: mu[" in text
    (text,) = attempt("e04_kl", **kl_times(2)).lines
    assert "Finite differences agree" in text


def test_what_is_right_so_far_is_told():
    def todo(*args):
        raise NotImplementedError

    report = attempt("e08_penalty", second_pass=todo)
    assert report.status == NOT_YET
    assert report.lines == [
        "second_pass is still to be written. Right so far: penalty, norm_backward."
    ]
    report = attempt("e05_reparameterisation", sample=lambda mu, *_: mu, sample_backward=todo)
    assert report.status == WRONG


MEASURED = {
    "e01_dense": "factor of 2.0",
    "e02_relu": "2.2% with a bias of -2",
    "e03_bce": "543.43 nats",
    "e04_kl": "(a) 0.500, (b) 0.359, (c) 0.184 nats",
    "e05_reparameterisation": "a factor of 54.6",
    "e06_adam": "would be 0.00316",
    "e07_score": "it changes by 0",
    "e08_penalty": "P = 1, and its largest gradient is 0",
    "e09_mixing": "6.6",
    "e10_tanh": "0.62 times as long as dW1",
    "e11_one_sided": "two-sided 0.25, one-sided 0.00",
    "e12_importance": "-1.516 for K = 1 and -1.516 for K = 100",
    "e13_hunt_sampler": "it is 0.010",
    "e14_hunt_units": "BCE 0.69 and KL 20",
    "e15_first_pass": "dz times 2, da1 times 2, da2 times 2, dunits times 1",
    "e16_critic_loss": "the distance is 0, and the largest gradient of a bias is 0",
    "e17_vae_step": "those of logvar",
    "e18_sliced": "3.0",
    "e19_mmd": "less: ",
    "e20_identity": "2.2, and 3.0",
}


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_asks_and_does_not_tell(name):
    text = (check.FOLDER / f"{name}.py").read_text("utf-8")
    assert "npvae/" not in text
    _, _, prediction, *functions = ast.parse(text).body  # docstring and import come before
    assert ast.unparse(prediction) == "PREDICTION = ''"
    assert all(isinstance(node, ast.FunctionDef) for node in functions)
    if "hunt" in name:
        assert len(functions) > 1 and functions[-1].name == "my_test"
    else:
        assert [f.name for f in functions] == list((BEYOND | FUNCTIONS)[name])
    stub = importlib.import_module(f"course.exercises.{name}")
    for function in FUNCTIONS.get(name, ()):
        ours, theirs = getattr(stub, function), getattr(plain, function)
        assert [*inspect.signature(ours).parameters] == [*inspect.signature(theirs).parameters]
        assert ours.__doc__ != theirs.__doc__
        source = inspect.getsource(ours).replace(ours.__doc__, "")
        assert source.endswith('""""""\n    raise NotImplementedError  # TODO\n')


def test_the_bound_on_the_likelihood_is_that_of_the_evaluation():
    """The grader's own log-weights and bound against npvae's, which meets a decoder."""
    rng, (B, K, L) = np.random.default_rng(20), (4, 6, 3)
    vae = make_vae(7, 5, L, np.float64, rng)
    images, mu = rng.uniform(size=(B, 7)), rng.standard_normal((B, L))
    logvar = rng.standard_normal((B, L))
    sigma, drawn = np.exp(logvar / 2), []

    def log_prior(z):
        drawn.append(z.reshape(K, B, L).transpose(1, 0, 2))
        return likelihood.log_standard_normal(z)

    factors = sigma[:, :, None] * np.eye(L)
    theirs = likelihood.log_weights(vae.w, images, mu, factors, log_prior, 21, samples=K)
    eps = (drawn[0] - mu[:, None]) / sigma[:, None]
    log_p = np.empty((B, K))
    for row, k in np.ndindex(B, K):
        z = plain.sample(mu[[row]], logvar[[row]], eps[row, [k]])
        log_p[row, k] = -plain.bce(plain.decode(vae.w._asdict(), z)[1], images[[row]])[0]
    ours = importance.log_weights(log_p, mu, logvar, eps)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    np.testing.assert_allclose(importance.bound(ours), likelihood.bound(theirs), rtol=1e-12)


def test_the_readme_shows_what_the_grader_says():
    half = dict(variants("e08_penalty"))["factor 2 forgotten"]
    shown = textwrap.indent(check.shown(attempt("e08_penalty", **half)), "    ")
    assert shown in (ROOT / "course" / "exercises" / "README.md").read_text("utf-8")


def exercises_are(tmp_path, monkeypatch, **texts):
    """Let these be the files of some exercises until the test ends. The others are the stubs."""
    for name in EXERCISES:
        stub = (
            (check.FOLDER / f"{name}.py")
            .read_text("utf-8")
            .replace('PREDICTION = ""', "PREDICTION = 2")
        )
        text = f"PREDICTION = 2\n{texts[name]}" if name in texts else stub
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(check, "FOLDER", tmp_path)


def test_the_check_command(tmp_path, monkeypatch, capsys):
    exercises_are(tmp_path, monkeypatch)
    assert check.main(["penalty", "hunt"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "e08_penalty              not yet  penalty is still to be written.",
        "e13_hunt_sampler         not yet  my_test is still to be written.",
        "e14_hunt_units           not yet  my_test is still to be written.",
        "0 of 3 done",
    ]
    with pytest.raises(UserError, match=r"^no exercise is called 'penality': choose from dense,"):
        check.main(["penality"])


def test_json_has_one_object_on_a_line(tmp_path, monkeypatch, capsys):
    wrong = "def dense_forward(x, W, b):\n    print('y')\n    return x @ W\n"
    odd = "import numpy as np\ndef bce(logits, x):\n    return np.cos(x).sum(), logits\n"
    right = f"from npvae.plain import {', '.join(FUNCTIONS['e02_relu'])}\n"
    exercises_are(tmp_path, monkeypatch, e01_dense=wrong, e02_relu=right, e03_bce=odd, e04_kl="x")
    assert check.main(["--json", "dense", "relu", "bce", "kl", "hunt_units"]) == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [list(row) for row in rows] == [["name", "status", "diagnosis", "message"]] * 5
    assert [tuple(row.values())[:3] for row in rows] == [
        ("e01_dense", "wrong", "bias forgotten"),
        ("e02_relu", "done", None),
        ("e03_bce", "wrong", "unknown"),
        ("e04_kl", "wrong", "the file does not run"),
        ("e14_hunt_units", "not yet", None),
    ]
    assert rows[0]["message"] == "y: the bias is missing."
    assert rows[1]["message"].endswith(f"{compared('e02_relu')[-1]}.")
    assert rows[4]["message"] == "my_test is still to be written."
    assert err == "y\n"  # what an exercise prints does not come between the objects


def test_a_reader_may_stop_early():
    command = [sys.executable, "-m", "course.check", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.close()
        assert run.stderr.read() == b""


def test_numpy_is_all_that_is_needed():
    """Stubs and right answers are graded, predictions are answered; all other imports fail."""
    result = run_with_numpy_alone("""
sys.path.insert(0, "tests/course")
from types import SimpleNamespace
from exercise_answers import RIGHT
from course import check
from course.grading import report
assert check.main([]) == 1
import importlib
for name, functions in RIGHT.items():
    file = vars(importlib.import_module(f"course.exercises.{name}"))
    done = report.grade_module(name, SimpleNamespace(**{**file, **functions, "PREDICTION": "?"}))
    assert done.status == "done" and len(done.lines) == 3, done
""")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].startswith("0 of ")


def test_the_command_does_not_import_numba():
    """It would take seconds, and a compiler's minute on a machine that has never compiled."""
    code = """
import runpy, sys
sys.argv = ["check", "penalty"]
try:
    runpy.run_module("course.check", run_name="__main__")
finally:
    print(sorted({name.split(".")[0] for name in sys.modules} & {"numba", "scipy", "llvmlite"}))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    first, *_, last = result.stdout.splitlines()
    assert first.startswith("e08_penalty              not yet") and last == "[]", result.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def dense_forward(x, W, b)\n    return x\n", "line 2, cannot be run. SyntaxError"),
        ("import numpy\n\nnumpy.nothing\n", "line 4, cannot be run. AttributeError"),
        ("raise SystemExit(3)\n", "line 2, cannot be run. SystemExit: 3"),
    ],
)
def test_a_file_that_does_not_run_is_one_friendly_line(tmp_path, monkeypatch, text, told):
    exercises_are(tmp_path, monkeypatch, e01_dense=text)
    report, _ = grade_file(check.FOLDER / "e01_dense.py")
    assert (report.status, report.diagnosis) == (WRONG, "the file does not run")
    assert report.lines[0].startswith(f"course/exercises/e01_dense.py, {told}")
