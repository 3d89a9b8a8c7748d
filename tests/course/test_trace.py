"""The traced step is the real one, and every gradient in it is measured, and rightly."""

import copy
import inspect
import io
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from course import mine
from course.replace import plain_with
from course.trace import __main__ as program
from course.trace import watch
from npvae import plain
from npvae.cli import run_program

ROOT = Path(__file__).resolve().parents[2]
RUNS = ["kl", "ws"]
CHECK = re.compile(
    r"^    d (.+) / d (\w+)\[([\d, ]+)\] +(\S+)    (?:measured +(\S+))?(.*)$", re.MULTILINE
)
PLAIN = Path(plain.__file__).read_text("utf-8").splitlines()
# Arrays whose name begins with d, but that are no gradients.
NO_GRADIENT = {"distance"}


@pytest.fixture
def trace(monkeypatch):
    """Run the program in this process and return what it prints."""

    def run(*arguments):
        screen = io.StringIO()
        monkeypatch.setattr(sys, "argv", ["course.trace", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdout", screen)
        program.main()
        return screen.getvalue()

    return run


def watched(run, seed=program.SEED, short=watch.SHORT):
    """Watch a step; return the watch, and its arguments as they are afterwards."""
    module = plain_with()
    arguments = program.new_arguments(module, run, seed)
    seen = watch.Watch(module, short)
    seen.run(lambda: getattr(module, f"{run}_step")(**arguments))
    return seen, arguments


@pytest.mark.parametrize("run", RUNS)
def test_the_watched_step_is_the_real_one_bit_for_bit(run):
    _, traced = watched(run)
    real = program.new_arguments(plain, run, program.SEED)
    before = copy.deepcopy(real["vae"])
    getattr(plain, f"{run}_step")(**real)
    for name in ("vae", "critic") if run == "ws" else ("vae",):
        for key, array in real[name].items():
            assert array.tobytes() == traced[name][key].tobytes()
    assert any(not np.array_equal(before[key], real["vae"][key]) for key in before)


@pytest.mark.parametrize("seed", [program.SEED, 0, 3])
@pytest.mark.parametrize(("run", "count"), [("kl", 24), ("ws", 65)])
def test_every_gradient_is_measured_and_agrees_in_the_digits_shown(run, count, seed, trace):
    text = trace(run, "--seed", seed)
    checks = CHECK.findall(text)
    assert len(checks) == count
    for loss, y, _, by_hand, measured, remark in checks:
        assert by_hand == measured and not remark, (loss, y)
    assert text.isascii() and not re.search(r" -0(?!\.)|-0\.0+\b|nan", text)
    assert max(map(len, text.splitlines())) <= 100
    assert not re.search(r" +$", text, re.MULTILINE)


@pytest.mark.parametrize("run", RUNS)
def test_no_gradient_is_without_its_pair(run):
    seen, _ = watched(run)
    names = {(m.call.function, m.name) for m in seen.made if re.match(r"d|grads\[|pull\[", m.name)}
    without = {(f, n) for f, n in names if n not in watch.GRADIENTS.get(f, {})}
    assert {name for _, name in without} <= NO_GRADIENT
    assert len(names) > 20


@pytest.mark.parametrize("run", RUNS)
def test_each_array_is_made_once_and_by_a_line_that_ran(run):
    seen, _ = watched(run)
    new = [made for made in seen.made if made.name != "dmu_z"]  # which is dz
    assert len([key for key in seen.known if isinstance(key, int)]) == len(new) > 50
    given = {(m.call.function, m.name) for m in new if m.line == 0 and m.call.callers}
    assert given == ({("score_gradients", "dscore")} if run == "ws" else set())  # -dscore
    for made in new:
        function = getattr(plain, made.call.function)
        lines, first = inspect.getsourcelines(function)
        assert made.line == 0 or first < made.line < first + len(lines)
        simple = re.match(r"(\w+)$", made.name)
        at = PLAIN[made.line - 1]
        unnamed = watch.UNNAMED
        if made.line and simple and "return" not in at and made.name not in unnamed:
            assert re.search(rf"\b{made.name}\b", at), (made.name, at)


@pytest.mark.parametrize("run", RUNS)
def test_the_lines_are_those_of_the_file(run, trace):
    shown = re.findall(r"^ {0,5}(\d+) (.+?)(?:  # (\w+))?$", trace(run), re.MULTILINE)
    lines = [(int(n), text, name) for n, text, name in shown if re.search("[a-z]", text)]
    assert len(lines) > 30
    for number, text, name in lines:
        assert text in PLAIN[number - 1], text
        if name in watch.SHORT:
            function, first = inspect.getsourcelines(getattr(plain, name))
            assert first <= number < first + len(function)


def test_a_gradient_paired_with_the_wrong_part_of_the_loss_shows(trace, monkeypatch):
    """So a table that fits by luck would be seen. (Seed 3: no row of z is dead for the critic.)"""
    for function, name, wrong, run in (
        ("vae_backward", "dz_dec", ("z", "loss"), "ws"),
        ("vae_backward", "dmu_z", ("mu", "loss"), "kl"),
        ("second_pass", "dW1", ("W1", "loss"), "ws"),
        ("critic_loss", "dscore", ("score", "P"), "ws"),
        ("norm_backward", "ddz", ("dz", "loss"), "ws"),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(watch.GRADIENTS[function], name, wrong)
            text = trace(run, "--seed", 3)
        assert text.count("THEY DIFFER") == 1, (function, name)


def test_the_critic_of_the_step_stands_still_while_the_vae_is_measured(trace, monkeypatch):
    """With the critic of the start, the score's part of the gradients would be another."""
    tell, start = program.tell, program.new_arguments(plain, "ws", program.SEED)

    def tell_at_start(seen, module, part):
        seen.made[0].call.arguments["critic"] = start["critic"]
        tell(seen, module, part)

    with monkeypatch.context() as patch:
        patch.setattr(program, "tell", tell_at_start)
        assert "THEY DIFFER" in trace("ws")
    monkeypatch.setattr(program, "plain_with", lambda **_: plain_with())  # whose critic learns
    assert "THEY DIFFER" in trace("ws")


def test_a_relu_that_flips_is_named(trace, monkeypatch):
    def at_the_kink(module, run, seed):
        arguments = new_arguments(module, run, seed)
        arguments["vae"]["W3"][:] = arguments["vae"]["b3"][:] = 0.0
        return arguments

    new_arguments = program.new_arguments
    monkeypatch.setattr(program, "new_arguments", at_the_kink)
    checks = CHECK.findall(trace("kl"))
    assert {y for _, y, *_, remark in checks if "a ReLU flips" in remark} >= {"a_dec", "b3", "W3"}
    assert not any("DIFFER" in remark for *_, remark in checks)


def test_the_default_seed_has_relus_on_and_off_in_every_hidden_layer():
    seen, _ = watched("ws")
    arrays = {m.name: m.array for m in seen.made}
    for name in watch.UNNAMED[:4]:
        assert 0 < np.mean(arrays[name] > 0) < 1, name
    norm = next(m.array for m in seen.made if m.name == "norm")
    assert np.all((norm > 0.1) & (norm < 0.5)) and abs(norm[0] - norm[1]) > 0.05


@pytest.mark.parametrize("run", RUNS)
def test_what_a_pencil_needs_has_few_decimals(run):
    arguments = program.new_arguments(plain, run, program.SEED)
    for array in (*arguments["vae"].values(), *arguments.get("critic", {}).values()):
        assert np.array_equal(array, array.round(2)) and np.any(array)
    noise = arguments["rng"]
    for array in (arguments["x"], noise.standard_normal((9, 2), float), noise.random((9,), float)):
        assert np.array_equal(array, array.round(1)) and np.any(array)


def test_both_steps_decode_the_same_codes(trace):
    arrays = [re.findall(r"logits.*\n(.+)\n(.+)", trace(run, "--part", "decode")) for run in RUNS]
    assert len(arrays[0]) == 1 and arrays[0] == arrays[1]


def test_the_same_arrays_are_told_once(trace):
    text = trace("ws")
    assert text.count("    a1 (2, 3)") == 4  # of prior, fake, mixed and z, though computed 7 times
    assert text.count(" return x @ W + b  # dense_forward") == 1
    assert text.count(program.WORDS["score"].strip()) == 1


def test_adam_is_told_in_full_if_asked_for(trace):
    text = trace("kl", "--part", "adam")
    assert text.count("m_hat (") == text.count("theta (") == 8
    assert "m_hat (" not in trace("kl")


@pytest.mark.parametrize("run", RUNS)
def test_each_part_is_a_piece_of_the_whole(run, trace):
    whole = set(trace(run).splitlines())
    for part in ("start", "encode", "sample", "bce", "vae_backward", "update", "end"):
        text = trace(run, "--part", part).splitlines()
        assert 5 < len(text) < len(whole)
        assert {line for line in text if "# " not in line} - {text[0]} <= whole, part
    assert "critic: P" in trace("ws", "--part", "end")


def test_the_tables_know_all_functions_of_a_step():
    functions = dict(inspect.getmembers(plain, inspect.isfunction))
    for run in RUNS:
        seen, _ = watched(run, short=set())
        assert seen.functions.keys() <= program.WORDS.keys() | watch.SHORT
    for name, function in functions.items():
        if name in program.WORDS or name in watch.SHORT:
            body = inspect.getsource(function).split('"""')[2]
            assert (body.count("\n    ") == 1) == (name in watch.SHORT - {"adam"}), name


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "run"),
        (["js"], "js"),
        (["kl", "--part", "critic_loss"], "critic_loss"),
        (["ws", "--part", "kl"], "second_pass"),  # names the parts that there are
        (["ws", "--seed", "-1"], "--seed"),
        (["ws", "--seed", "1.5"], "--seed"),
    ],
)
def test_bad_options_give_one_line_and_status_2(arguments, word, trace, capsys):
    with pytest.raises(SystemExit) as stop:
        trace(*arguments)
    printed = capsys.readouterr()
    assert (stop.value.code, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert word in printed.err


def test_it_runs_where_numpy_alone_is_installed():
    code = """
import runpy, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in sys.stdlib_module_names | {"numpy", "npvae", "course"}:
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Refuse())
sys.argv = ["trace", "ws", "--part", "second_pass"]
runpy.run_module("course.trace", run_name="__main__")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "dda1" in done.stdout


# --- the learner's own functions --------------------------------------------------------------

STUBS = '''
import numpy as np


def sample(mu, logvar, eps):
    """Return z."""
    raise NotImplementedError  # TODO


def sample_backward(dz, logvar, eps):
    """Return dmu and dlogvar."""
    raise NotImplementedError  # TODO
'''
RIGHT = """
import numpy as np


def sample(mu, logvar, eps):
    sigma = np.exp(logvar / 2)
    z = mu + sigma * eps
    return z


def sample_backward(dz, logvar, eps):
    return dz.copy(), (
        dz * eps * np.exp(logvar / 2) / 2
    )
"""
FAULTS = {
    "without the half": ("np.exp(logvar / 2) / 2", "np.exp(logvar / 2)"),
    "another eps": ("dz * eps", "dz * (eps + 1)"),
}


@pytest.fixture
def learner(monkeypatch, tmp_path):
    """Put files in the place of the exercises: {file: (content, functions)}."""

    def install(**files):
        package = types.ModuleType("course.exercises")
        package.__path__ = [str(tmp_path)]
        package.FUNCTIONS = {file: functions for file, (_, functions) in files.items()}
        for name in [name for name in sys.modules if name.startswith("course.exercises")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "course.exercises", package)
        for file, (content, _) in files.items():
            (tmp_path / f"{file}.py").write_text(content)
            monkeypatch.delitem(sys.modules, f"course.exercises.{file}", raising=False)
        sys.path_importer_cache.clear()

    yield install
    for name in [name for name in sys.modules if name.startswith("course.exercises.")]:
        del sys.modules[name]


SAMPLER = ("sample", "sample_backward")


def test_functions_still_to_be_written_are_npvaes(learner, trace):
    learner(e05=(STUBS, SAMPLER))
    text = trace("kl", "--mine")
    assert "Yours: nothing yet." in text and "not written them: sample, sample_backward." in text
    lines = trace("kl").splitlines()
    assert text.splitlines()[3:] == lines[1:]


def test_right_functions_of_ones_own_give_the_same_numbers(learner, trace):
    learner(e05=(RIGHT, SAMPLER))
    text = trace("kl", "--mine")
    assert "Yours: sample, sample_backward." in text
    assert "DIFFER" not in text and "not measured" not in text
    assert "return z  # sample" in text  # the line of one's own file
    assert set(CHECK.findall(trace("kl"))) == set(CHECK.findall(text))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_gradient_of_ones_own_shows_where_it_is_made(fault, learner, trace):
    learner(e05=(RIGHT.replace(*FAULTS[fault]), SAMPLER))
    checks = CHECK.findall(trace("kl", "--mine"))
    wrong = [(loss, y) for loss, y, *_, remark in checks if "THEY DIFFER" in remark]
    assert wrong[0] == ("loss via z", "logvar") and ("loss", "W1") in wrong
    assert ("loss via z", "mu") not in wrong


SECOND = """
import numpy as np


def second_pass(dz, da1, da2, dunits, h1, h2, W1, W2):
    from npvae import plain
    g = plain.norm_backward(dz)
    first = g.T @ da1
    back = (g @ W1) * (h1 > 0)
    second = back.T @ da2
    back = (back @ W2) * (h2 > 0)
    return first, second, back.T @ dunits


def penalty(dz):
    return float(np.mean((np.sqrt((dz * dz).sum(axis=1)) - 1) ** 2))


def score(z, W1, b1, W2, b2, W3, b3):
    from course.exercises.e01 import dense_forward
    h = dense_forward(z, W1, b1)
    h = (h * (h > 0)) @ W2 + b2
    return ((h * (h > 0)) @ W3 + b3).mean(axis=1)
"""


def test_results_are_measured_whatever_ones_own_variables_are_called(learner, trace):
    dense = "def dense_forward(x, W, b):\n    return x @ W + b\n"
    mine = SECOND, ("second_pass", "penalty", "score")
    learner(e01=(dense, ("dense_forward",)), e08=mine)
    text = trace("ws", "--mine")
    assert "back (2, 3)" in text and "- e08.py, from line" in text  # one's own lines and arrays
    assert "P = 0.6612" in text
    assert not re.search(r"^    [mv]\[", text, re.MULTILINE)  # Adam's moments
    checks = CHECK.findall(text)
    assert {f"W{n}" for n in (1, 2, 3)} <= {y for loss, y, *_ in checks if loss == "P"}
    unseen = {y for *_, y, _, _, _, remark in checks if "no line makes" in remark}
    assert unseen == {"units", "h2", "a2", "h1", "a1"} and "DIFFER" not in text
    learner(e08=(SECOND.replace("back @ W2", "back @ (2 * W2)"), ("second_pass",)))
    checks = CHECK.findall(trace("ws", "--mine"))
    assert [y for loss, y, *_, remark in checks if loss == "P" and remark] == ["W3"]


@pytest.mark.parametrize(
    ("content", "words_in_it"),
    [
        (RIGHT.replace("mu + sigma", "mu + sigmoid"), ("your sample in e05.py", "7", "sigmoid")),
        (RIGHT.replace("return z", "return z[0]"), ("your sample in e05.py", "(2,)", "(2, 2)")),
        (RIGHT.replace("return z", "z"), ("sample", "NoneType")),
        (RIGHT.replace("dz.copy(), (", "("), ("sample_backward", "array (2, 2), an array (2, 2)")),
        (RIGHT.replace("return z", "return z z"), ("e05.py", "SyntaxError")),
        ("def sample(mu, logvar, eps): return mu", ("e05.py", "sample_backward")),
        (RIGHT.replace("(mu, logvar, eps)", "(mu)"), ("your sample in e05.py", "argument")),
    ],
)
def test_what_is_wrong_with_ones_own_file_is_told_in_one_line(
    content, words_in_it, learner, monkeypatch, capsys
):
    learner(e05=(content, SAMPLER))
    monkeypatch.setattr(sys, "argv", ["course.trace", "kl", "--mine"])
    with pytest.raises(SystemExit) as stop:
        run_program(program.main)
    printed = capsys.readouterr()
    assert (stop.value.code, printed.err.count("\n")) == (2, 1)
    assert all(word in printed.err for word in words_in_it), printed.err
    assert sys.gettrace() is None


def test_a_body_of_a_single_raise_is_a_stub():
    def written(x):
        """Return x."""
        if x is None:
            raise ValueError
        return x

    def stub(x):
        """Return x."""
        raise NotImplementedError  # TODO

    def bare(x):
        raise NotImplementedError

    def unfinished(x):
        """Return x."""
        y = x + 1
        raise ValueError(y)

    functions = written, unfinished, stub, bare
    assert [mine.is_stub(f) for f in functions] == [False, False, True, True]
