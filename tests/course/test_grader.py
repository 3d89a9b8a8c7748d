"""The grader: right answers pass, stubs are not yet, and what is told helps."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from exercise_answers import BEYOND, attempt, variants
from scipy.stats import norm

from course import check
from course.exercises import EXERCISES, FUNCTIONS
from course.grading import importance
from course.grading.report import DONE, NOT_YET, WRONG, compared
from npvae import plain
from npvae.errors import UserError

ROOT = Path(__file__).parents[2]
MEASURED = {
    "e01_dense": "factor of 2.0", "e02_relu": "2.2% with a bias of -2", "e03_bce": "543.43 nats",
    "e04_kl": "(a) 0.500, (b) 0.359, (c) 0.184 nats",
    "e05_reparameterisation": "a factor of 54.6", "e06_adam": "would be 0.00316",
    "e07_score": "it changes by 0", "e08_penalty": "P = 1, and its largest gradient is 0",
    "e09_mixing": "6.6", "e10_tanh": "0.62 times as long as dW1",
    "e11_one_sided": "two-sided 0.25, one-sided 0.00",
    "e12_importance": "-1.516 for K = 1 and -1.516 for K = 100",
    "e13_hunt_sampler": "it is 0.010", "e14_hunt_units": "BCE 0.69 and KL 20",
    "e15_first_pass": "dz times 2, da1 times 2, da2 times 2, dunits times 1",
    "e16_critic_loss": "the distance is 0, and the largest gradient of a bias is 0",
    "e17_vae_step": "those of logvar", "e18_sliced": "3.0", "e19_mmd": "less: ",
    "e20_identity": "2.2, and 3.0",
}  # fmt: skip


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answers_are_done_and_the_prediction_is_answered(name):
    report = attempt(name, PREDICTION="it doubles")
    assert report.status == DONE, report.lines
    predicted, measured, where = report.lines
    assert predicted == "You predicted: it doubles"
    assert measured.startswith("Measured: ") and MEASURED[name] in measured
    assert where == f"Now compare with {', '.join(compared(name))}."
    for place in compared(name):
        path, _, function = place.split(" ")[0].partition("::")
        assert f"def {function}" in (ROOT / path).read_text("utf-8"), place
    if name in FUNCTIONS:  # each has a fast twin as well
        assert any(not place.startswith("npvae/plain.py") for place in compared(name))


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


def raises(*args):
    raise KeyError("W3")


def todo(*args):
    raise NotImplementedError


def test_messages_say_what_and_where_and_how_much():
    def told(name, **functions):
        (text,) = attempt(name, **functions).lines
        return text

    line = f'Line {raises.__code__.co_firstlineno + 1}, `raise KeyError("W3")`, fails. '
    assert told("e01_dense", dense_forward=raises) == f"{line}KeyError: 'W3'"
    assert "most of all here: y[" in told("e01_dense", dense_forward=lambda x, *_: np.cos(x[:, :3]))
    text = told("e08_penalty", penalty=lambda dz: plain.penalty(dz) * len(dz))
    assert text.endswith(
        "5 times too large, and B = 5 here. Was the mean over the batch forgotten?"
    )
    text = told("e08_penalty", second_pass=todo)
    assert text == "second_pass is still to be written. Right so far: penalty, norm_backward."
    (_, wide), *_ = variants("e05_reparameterisation")
    assert "No gradient check can see that" in told("e05_reparameterisation", **wide)
    unsquared = dict(variants("e04_kl"))["mu not squared"]
    assert "Finite differences disagree: mu[" in told("e04_kl", **unsquared)
    twice = told("e04_kl", kl=lambda *args: [2 * part for part in plain.kl(*args)])
    assert "Finite differences agree" in twice
    report = attempt("e05_reparameterisation", sample=lambda mu, *_: mu, sample_backward=todo)
    assert report.status == WRONG
    half = dict(variants("e08_penalty"))["factor 2 forgotten"]
    shown = textwrap.indent(check.shown(attempt("e08_penalty", **half)), "    ")
    assert shown in (ROOT / "course" / "exercises" / "README.md").read_text("utf-8")


def test_the_graders_weights_are_the_ratios_of_the_densities():
    rng, (B, K, L) = np.random.default_rng(20), (4, 6, 3)
    log_p, mu, logvar = (rng.standard_normal(shape) for shape in ((B, K), (B, L), (B, L)))
    eps, mean, sigma = rng.standard_normal((B, K, L)), mu[:, None], np.exp(logvar / 2)[:, None]
    ratios = norm.logpdf(mean + sigma * eps) - norm.logpdf(eps) + np.log(sigma)
    log_w = importance.log_weights(log_p, mu, logvar, eps)
    np.testing.assert_allclose(log_w, log_p + ratios.sum(axis=2))


def test_the_check_command(tmp_path, monkeypatch, capsys):
    def graded(*words, **texts):
        """Grade the stubs, with predictions, and these texts for some."""
        for name in EXERCISES:
            stub = (ROOT / f"course/exercises/{name}.py").read_text("utf-8")
            text = f"PREDICTION = 2\n{texts[name]}" if texts.get(name) else stub
            (tmp_path / f"{name}.py").write_text(text.replace('PREDICTION = ""', "PREDICTION = 2"))
        return check.main(words), *capsys.readouterr()

    monkeypatch.setattr(check, "FOLDER", tmp_path)
    right = f"from npvae.plain import {', '.join(FUNCTIONS['e02_relu'])}\n"
    status, out, _ = graded("relu", "penalty", "hunt", e02_relu=right)
    assert status == 1 and "Measured" in out and "Now compare" not in out
    assert out.splitlines()[-4:] == [
        "e08_penalty              not yet  penalty is still to be written.",
        "e13_hunt_sampler         not yet  my_test is still to be written.",
        "e14_hunt_units           not yet  my_test is still to be written.",
        "1 of 4 done",
    ]
    status, out, _ = graded("relu", e02_relu=right)
    assert status == 0 and "Now compare with" in out and "of 1 done" not in out
    with pytest.raises(UserError, match=r"^no exercise is called 'penality': choose from dense,"):
        check.main(["penality"])
    wrong = "def dense_forward(x, W, b):\n    print('y')\n    return x @ W\n"
    odd = "import numpy as np\ndef bce(logits, x):\n    return np.cos(x).sum(), logits\n"
    fails = "the file does not run"
    told = [
        ("e01_dense", wrong, WRONG, "bias forgotten", "y: the bias is missing."),
        ("e02_relu", right, DONE, None, "You predicted: 2\nMeasured: "),
        ("e03_bce", odd, WRONG, "unknown", "loss differs from npvae's result"),
        ("e04_kl", "def kl(\n", WRONG, fails, "{} 2, cannot be run. SyntaxError"),
        ("e05_reparameterisation", "\n\n1/0", WRONG, fails, "{} 4, cannot be run. ZeroDivision"),
        ("e06_adam", "raise SystemExit(3)", WRONG, fails, "{} 2, cannot be run. SystemExit: 3"),
        ("e14_hunt_units", None, NOT_YET, None, "my_test is still to be written."),
    ]
    texts = {name: text for name, text, *_ in told}
    status, out, err = graded("--json", *texts, **texts)
    rows = [json.loads(line) for line in out.splitlines()]
    for row, (name, _, *fields, message) in zip(rows, told, strict=True):
        assert [row["name"], row["status"], row["diagnosis"]] == [name, *fields] and len(row) == 4
        assert row["message"].startswith(message.format(f"course/exercises/{name}.py, line"))
    assert rows[1]["message"].endswith(f"{compared('e02_relu')[-1]}.")
    assert (status, err) == (1, "y\n")  # what an exercise prints is not between the objects


def test_a_reader_may_stop_early():
    command = [sys.executable, "-m", "course.check", "--json", "dense"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.close()
        assert run.stderr.read() == b""
