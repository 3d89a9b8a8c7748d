"""The grader of the exercises: right answers pass, stubs are not yet, each mistake has its name."""

import importlib
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from exercise_answers import RIGHT
from exercise_mutants_critic import MUTANTS as OF_THE_CRITIC
from exercise_mutants_layers import MUTANTS as OF_THE_LAYERS
from exercise_mutants_layers import naive_bce

from course import check
from course.exercises import EXERCISES
from course.grading import glue
from course.grading.report import DONE, NOT_YET, WRONG, grade, grade_module, grader

ROOT = Path(__file__).parents[2]
MUTANTS = {**OF_THE_LAYERS, **OF_THE_CRITIC}
CASES = [(name, key) for name in EXERCISES for key in MUTANTS[name]]


def attempt(name, **functions):
    """Grade an exercise's own file, with right answers, and `functions` in place of some of "
    "them."""
    file = vars(importlib.import_module(f"course.exercises.{name}"))
    return grade_module(name, SimpleNamespace(**{**file, **RIGHT[name], **functions}))


@pytest.mark.parametrize("name", EXERCISES)
def test_npvae_passes(name):
    report = attempt(name)
    assert report.status == DONE, report.lines


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_is_not_yet(name):
    report = grade(name)
    first = next(iter(RIGHT[name]))
    assert (report.status, report.lines) == (NOT_YET, [f"{first} is still to be written."])


@pytest.mark.parametrize(("name", "key"), CASES)
def test_each_mistake_is_named(name, key):
    report = attempt(name, **MUTANTS[name][key])
    assert (report.status, report.key) == (WRONG, key), report.lines
    assert "{" not in report.lines[0]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_hint_has_its_mutant(name):
    shared = {"the suspect was changed", "right code rejected", "luck"}  # tried in e13
    missing = set(grader(name).HINTS) - set(MUTANTS[name])
    assert missing <= (shared if name == "e14_hunt_units" else set())


def dense(**functions):
    return attempt("e01_dense", **functions)


def raises(*args):
    raise KeyError("W3")


def prints_a_lot(x, W, b):
    print("y =", x @ W + b)
    return x @ W + b


def changes_its_argument(x, W, dy):
    result = glue.dense_backward(x, W, dy)
    dy *= 2
    return result


def counts_its_calls(x, W, b, calls=[]):  # noqa: B006
    calls.append(1)
    return x @ W + b + len(calls)


def endless(*args):
    return endless(*args)


ODD = {
    "nothing returned": lambda x, W, b: None,
    "not numbers": lambda x, W, b: "x W + b",
    "not finite": lambda x, W, b: (x @ W + b) / 0.0,
    "precision lost": lambda x, W, b: (x @ W + b).astype(np.float32),
    "wrong shape": lambda x, W, b: (x @ W + b).sum(),
    "different answers": counts_its_calls,
    "exception": raises,
    "no function": None,
    "unknown": lambda x, W, b: x @ W + np.cos(b),
}


@pytest.mark.parametrize("key", ODD)
def test_odd_results_are_one_friendly_line(key):
    report = dense(dense_forward=ODD[key])
    assert (report.status, report.key, len(report.lines)) == (WRONG, key, 1)


@pytest.mark.parametrize(
    ("function", "key"),
    [
        (lambda x, W, dy: dy @ W.T, "wrong number of results"),
        (lambda x, W, dy: (None, x.T @ dy, dy.sum(axis=0)), "not numbers"),
        (lambda x, W, dy: ([[1], [2, 3]], x.T @ dy, dy.sum(axis=0)), "not numbers"),
        (lambda x, W, dy: (dy @ W.T + 1j, x.T @ dy, dy.sum(axis=0)), "not numbers"),
        (lambda x, W: None, "exception"),
        (changes_its_argument, "argument changed"),
        (endless, "exception"),
        (lambda *args: sys.exit(3), "exception"),
        (lambda *args: pytest.skip("no time"), "exception"),
    ],
)
def test_odd_behaviour_is_one_friendly_line(function, key):
    report = dense(dense_backward=function)
    assert (report.status, report.key, len(report.lines)) == (WRONG, key, 1)


def test_an_exception_is_told_with_the_students_own_line():
    line = raises.__code__.co_firstlineno + 1
    (text,) = dense(dense_forward=raises).lines
    assert text == f"Line {line}, `raise KeyError(\"W3\")`, fails. KeyError: 'W3'"


def test_what_a_student_prints_is_shown_once(capsys):
    assert dense(dense_forward=prints_a_lot).status == DONE
    assert capsys.readouterr().out.count("y =") == 1


@pytest.mark.parametrize("least", [1e-7, 1e-12])
def test_a_small_number_inside_the_log_is_noticed(least):
    def loss(logits, x):
        return naive_bce(logits, x, least)

    assert attempt("e03_bce", bce=loss).key == "clipped"


def test_an_alpha_that_is_the_same_in_every_call_is_noticed():
    def mix(z, prior, rng):
        return glue.mix(z, prior, np.random.default_rng(0).uniform(size=len(z)))

    assert attempt("e09_mixing", mix=mix).key == "alpha does not vary"


def test_a_guarded_division_is_right():
    def guarded(dz):
        norm = np.sqrt((dz**2).sum(axis=1, keepdims=True))
        return 2 / len(dz) * (norm - 1) * dz / (norm + 1e-8)

    assert attempt("e08_penalty", norm_backward=guarded).status == DONE


def test_a_factor_is_told_with_its_size():
    (text,) = attempt("e08_penalty", **MUTANTS["e08_penalty"]["B times too large"]).lines
    assert "exactly 5 times too large, and B = 5" in text
    assert "Was the mean over the batch forgotten?" in text


def test_finite_differences_are_blind_to_a_wrong_sigma_and_it_is_said():
    functions = MUTANTS["e05_reparameterisation"]["sigma = exp(logvar)"]
    (text,) = attempt("e05_reparameterisation", **functions).lines
    assert "Finite differences agree" in text
    (text,) = attempt("e05_reparameterisation", sample_backward=functions["sample_backward"]).lines
    assert "Finite differences disagree: logvar[" in text


def test_what_is_right_so_far_is_told():
    def todo(*args):
        raise NotImplementedError

    report = attempt("e08_penalty", second_pass=todo)
    assert report.status == NOT_YET
    assert report.lines == [
        "second_pass is still to be written. Right so far: penalty, norm_backward."
    ]
    report = attempt(
        "e05_reparameterisation", sample=lambda mu, logvar, eps: mu, sample_backward=todo
    )
    assert report.status == WRONG


@pytest.mark.parametrize("name", EXERCISES)
def test_the_answer_to_a_prediction_comes_after_the_prediction(name):
    assert "Measured" not in " ".join(attempt(name).lines)
    lines = attempt(name, PREDICTION="it doubles").lines
    assert lines[0] == "You predicted: it doubles"
    assert re.match(r"Measured: .*\d", lines[1])


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
}


@pytest.mark.parametrize("name", EXERCISES)
def test_what_was_measured(name):
    assert MEASURED[name] in grader(name).measured()


@pytest.mark.parametrize("name", EXERCISES)
def test_the_functions_to_compare_with_exist(name):
    for place in grader(name).COMPARE:
        path, _, function = place.split(" ")[0].partition("::")
        assert f"def {function}" in (ROOT / path).read_text()


def test_exercises_do_not_name_the_functions_they_mirror():
    for name in EXERCISES:
        assert "npvae/" not in (ROOT / "course" / "exercises" / f"{name}.py").read_text()


def test_the_readme_lists_exactly_what_is_diagnosed():
    text = (ROOT / "course" / "exercises" / "README.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    for name in EXERCISES:
        assert set(rows[name].split("; ")) == set(grader(name).HINTS), name
    prose = " ".join(text.split())
    anywhere = {
        key for name, key in CASES if key not in grader(name).HINTS and " times " not in key
    }
    for key in [*anywhere, *ODD, "argument changed", "wrong number of results"]:
        assert re.search(rf"[;:] {key}( \([^)]*\))?[;.]| {key}:", prose), key


def test_the_readme_shows_what_the_grader_says():
    report = attempt("e08_penalty", **MUTANTS["e08_penalty"]["factor 2 forgotten"])
    shown = textwrap.indent(check.shown(report), "    ")
    assert shown in (ROOT / "course" / "exercises" / "README.md").read_text()


def run(*command):
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_check_command(capsys):
    assert check.main(["penalty", "hunt"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "e08_penalty              not yet  penalty is still to be written.",
        "e13_hunt_sampler         not yet  my_test is still to be written.",
        "e14_hunt_units           not yet  my_test is still to be written.",
        "0 of 3 done",
    ]
    assert check.main(["penality"]) == 2
    assert capsys.readouterr().err.startswith(
        "no exercise is called 'penality': choose from dense,"
    )


def test_pytest_shows_one_line_and_no_traceback():
    done = run("pytest", "course", "-k", "penalty", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "not yet: penalty is still to be written." in done.stdout
    assert "Traceback" not in done.stdout
    assert done.stdout.count("not yet") == 1
    assert len(done.stdout.splitlines()) < 12


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def dense_forward(x, W, b)\n    return x\n", "line 1, cannot be run. SyntaxError"),
        ("import numpy\n\nnumpy.nothing\n", "line 3, cannot be run. AttributeError"),
        ("raise SystemExit(3)\n", "line 1, cannot be run. SystemExit: 3"),
    ],
)
def test_a_file_that_does_not_run_is_one_friendly_line(tmp_path, monkeypatch, text, told):
    from course import exercises

    (tmp_path / "e01_dense.py").write_text(text)
    monkeypatch.setattr(exercises, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "course.exercises.e01_dense", raising=False)
    report = grade("e01_dense")
    sys.modules.pop("course.exercises.e01_dense", None)
    assert (report.status, report.key) == (WRONG, "the file does not run")
    assert report.lines[0].startswith(f"course/exercises/e01_dense.py, {told}")
