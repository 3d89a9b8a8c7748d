"""The grader of the exercises: right answers pass, stubs are not yet, each mistake has its name."""

import ast
import importlib
import inspect
import json
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
from exercise_mutants_steps import MUTANTS as OF_THE_STEPS
from numpy_alone import run_with_numpy_alone

from course import check
from course.exercises import EXERCISES, FUNCTIONS
from course.grading import importance
from course.grading.process import grade_file
from course.grading.report import DONE, NOT_YET, WRONG, compared, grade_module, grader
from npvae import plain
from npvae.errors import UserError
from npvae.evaluation import likelihood
from npvae.models.vae import make_vae

ROOT = Path(__file__).parents[2]
MUTANTS = {**OF_THE_LAYERS, **OF_THE_CRITIC, **OF_THE_STEPS}
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
def test_a_stub_is_not_yet(name, tmp_path):
    stub = check.FOLDER / f"{name}.py"
    report, _ = grade_file(stub)
    assert report.status == NOT_YET
    assert report.lines[0].startswith("First write your PREDICTION") and "?" in report.lines[0]
    predicted = tmp_path / f"{name}.py"
    predicted.write_text(stub.read_text().replace('PREDICTION = ""', "PREDICTION = 2"))
    report, _ = grade_file(predicted)
    first = next(iter(RIGHT[name]))
    assert (report.status, report.lines) == (NOT_YET, [f"{first} is still to be written."])


@pytest.mark.parametrize(("name", "key"), CASES)
def test_each_mistake_is_named(name, key):
    report = attempt(name, **MUTANTS[name][key])
    assert (report.status, report.diagnosis) == (WRONG, key), report.lines
    assert "{" not in report.lines[0]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_hint_has_its_mutant(name):
    shared = {"the suspect was changed", "right code rejected", "luck", "exact comparison"}  # e13
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
    result = plain.dense_backward(x, W, dy)
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
    assert (report.status, report.diagnosis, len(report.lines)) == (WRONG, key, 1)


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
    assert (report.status, report.diagnosis, len(report.lines)) == (WRONG, key, 1)


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

    assert attempt("e03_bce", bce=loss).diagnosis == "clipped"


def test_an_alpha_that_is_the_same_in_every_call_is_noticed():
    def mix(z, prior, rng):
        return plain.mix(z, prior, np.random.default_rng(0))

    assert attempt("e09_mixing", mix=mix).diagnosis == "alpha does not vary"


def test_an_infinite_trial_explains_nothing():
    """a holds a 0, so 1 / a in place of a would be infinitely near to anything."""
    assert attempt("e02_relu", relu_forward=np.cos).diagnosis == "unknown"


def test_alphas_that_are_only_shuffled_are_noticed():
    def mix(z, prior, rng):
        alpha = rng.permutation(np.linspace(0, 1, len(z)))[:, None]
        return alpha * prior + (1 - alpha) * z

    assert attempt("e09_mixing", mix=mix).diagnosis == "alpha does not vary"


@pytest.mark.parametrize("shift", [np.max, lambda w: w.min(axis=1, keepdims=True)])
def test_each_image_needs_its_own_largest_shift(shift):
    def bound(log_w):
        m = shift(log_w)
        return np.squeeze(m) + np.log(np.exp(log_w - m).mean(axis=1))

    def bound_backward(log_w):
        w = np.exp(log_w - shift(log_w))
        return w / w.sum(axis=1, keepdims=True)

    assert attempt("e12_importance", bound=bound).diagnosis == "not stable"
    assert attempt("e12_importance", bound_backward=bound_backward).diagnosis == "not stable"


@pytest.mark.parametrize("name", ["e13_hunt_sampler", "e14_hunt_units"])
def test_a_hunt_does_not_pass_by_names(name):
    right = importlib.import_module(f"course.grading.{name[4:]}")
    right = (right.right if "sampler" in name else right.scaled).__name__

    def my_test(function):
        assert function.__name__ == right

    assert attempt(name, my_test=my_test).diagnosis == "right code rejected"


def test_a_hunt_may_name_the_arguments():
    def my_test(sample):
        z = sample(mu=np.zeros((2, 1)), logvar=np.full((2, 1), np.log(4)), eps=np.ones((2, 1)))
        assert np.allclose(z, 2)

    assert attempt("e13_hunt_sampler", my_test=my_test).status == DONE


def test_a_test_with_one_image_does_not_see_the_mean_over_the_batch():
    def my_test(vae_loss):
        for mu in (0.0, 2.0):
            zeros, z = np.zeros((1, 6)), np.zeros((1, 3))
            loss = vae_loss(zeros, zeros, z + mu, z)[0]
            np.testing.assert_allclose(loss, 6 * np.log(2) + 3 * mu**2 / 2)

    (text,) = attempt("e14_hunt_units", my_test=my_test).lines
    assert "the loss is a sum over the batch" in text


def test_numbers_that_a_loop_writes_into_an_empty_array_are_right():
    def dense_forward(x, W, b):
        y = np.empty((len(x), len(b)))
        for row in range(len(x)):
            y[row] = x[row] @ W + b
        return y

    assert dense(dense_forward=dense_forward).status == DONE


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
    "e15_first_pass": "dz times 2, da1 times 2, da2 times 2, dunits times 1",
    "e16_critic_loss": "the distance is 0, and the largest gradient of a bias is 0",
    "e17_vae_step": "those of logvar",
    "e18_sliced": "3.0",
    "e19_mmd": "less: ",
    "e20_identity": "2.2, and 3.0",
}


@pytest.mark.parametrize("name", EXERCISES)
def test_what_was_measured(name):
    assert MEASURED[name] in grader(name).measured()


@pytest.mark.parametrize("name", EXERCISES)
def test_the_functions_to_compare_with_exist(name):
    for place in compared(name):
        path, _, function = place.split(" ")[0].partition("::")
        assert f"def {function}" in (ROOT / path).read_text(), place
    if name in FUNCTIONS:  # each has a fast twin as well
        assert any(not place.startswith("npvae/plain.py") for place in compared(name))
    assert f"Now compare with {', '.join(compared(name))}." in attempt(name).lines


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_exercise_asks_for_functions_of_plain_and_does_not_tell_them(name):
    stub = importlib.import_module(f"course.exercises.{name}")
    asked = [key for key, f in vars(stub).items() if inspect.isfunction(f)]
    assert asked == list(FUNCTIONS[name])
    for function in asked:
        ours, theirs = getattr(stub, function), getattr(plain, function)
        assert list(inspect.signature(ours).parameters) == list(
            inspect.signature(theirs).parameters
        )
        assert ours.__doc__ != theirs.__doc__
        source = inspect.getsource(ours).replace(ours.__doc__, "")
        assert source.endswith('""""""\n    raise NotImplementedError  # TODO\n')


@pytest.mark.parametrize("name", EXERCISES)
def test_a_prediction_stands_above_the_functions_and_the_suspects_above_the_test(name):
    body = ast.parse((ROOT / "course" / "exercises" / f"{name}.py").read_text()).body
    _, _, prediction, *functions = body  # docstring and import come before
    assert ast.unparse(prediction) == "PREDICTION = ''"
    assert all(isinstance(node, ast.FunctionDef) for node in functions)
    if "hunt" in name:
        assert len(functions) > 1 and functions[-1].name == "my_test"


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

    q = likelihood.Proposals(mu, sigma[:, :, None] * np.eye(L))
    theirs = likelihood.log_weights(vae.w, images, q, log_prior, 21, samples=K)
    eps = (drawn[0] - mu[:, None]) / sigma[:, None]
    log_p = np.empty((B, K))
    for row, k in np.ndindex(B, K):
        z = plain.sample(mu[[row]], logvar[[row]], eps[row, [k]])
        log_p[row, k] = -plain.bce(plain.decode(vae.w._asdict(), z)[1], images[[row]])[0]
    ours = importance.log_weights(log_p, mu, logvar, eps)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    np.testing.assert_allclose(importance.bound(ours), likelihood.bound(theirs), rtol=1e-12)


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


def exercises_are(tmp_path, monkeypatch, **texts):
    """Let these be the files of some exercises until the test ends. The others are the stubs."""
    for name in EXERCISES:
        stub = (
            (check.FOLDER / f"{name}.py").read_text().replace('PREDICTION = ""', "PREDICTION = 2")
        )
        text = f"PREDICTION = 2\n{texts[name]}" if name in texts else stub
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(check, "FOLDER", tmp_path)


def run(*command):
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


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


def test_pytest_shows_one_line_and_no_traceback():
    done = run("pytest", "course", "-k", "penalty", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "not yet: First write your PREDICTION into the file" in done.stdout
    assert "Traceback" not in done.stdout
    assert done.stdout.count("not yet") == 1
    assert len(done.stdout.splitlines()) < 12


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
