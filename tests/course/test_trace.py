"""The traced step is the real one, its gradients are measured; the page; a learner's functions."""

import contextlib
import importlib
import io
import re
import sys
from functools import cache
from itertools import product
from unittest import mock

import pytest
from pages import ROOT, renewed

from course import exercises
from course.trace import __main__ as program
from npvae import plain

CHECK = re.compile(
    r"^    d (.+) / d (\w+)\[([\d, ]+)\] +(\S+)    (?:measured +(\S+))?(.*)$", re.MULTILINE
)


def trace(*arguments):
    """Run the program in this process and return what it prints."""
    words = ["course.trace", *map(str, arguments)]
    with mock.patch.object(sys, "argv", words), contextlib.redirect_stdout(io.StringIO()) as screen:
        program.main()
    return screen.getvalue()


usual = cache(trace)


@pytest.mark.parametrize("seed", [(), ("--seed", 3)])
@pytest.mark.parametrize(("run", "count"), [("kl", 24), ("ws", 65)])
def test_every_gradient_is_measured_and_agrees_in_the_digits_shown(run, count, seed):
    text = usual(run, *seed)
    checks = CHECK.findall(text)
    assert len(checks) == count
    for loss, y, _, by_hand, measured, remark in checks:
        assert by_hand == measured and not remark, (loss, y)
    assert text.isascii() and not re.search(r" -0(?!\.)|-0\.0+\b|nan", text)
    assert max(map(len, text.splitlines())) <= 100
    assert not re.search(r" +$", text, re.MULTILINE)


def test_a_relu_that_flips_is_named(monkeypatch):
    arguments = program.new_arguments(plain, "kl", program.SEED)
    arguments["vae"]["W3"][:] = arguments["vae"]["b3"][:] = 0.0
    monkeypatch.setattr(program, "new_arguments", lambda *_: arguments)
    checks = CHECK.findall(trace("kl"))
    assert {y for _, y, *_, remark in checks if "a ReLU flips" in remark} >= {"a_dec", "b3", "W3"}
    assert not any("DIFFER" in remark for *_, remark in checks)


def test_each_part_is_a_piece_of_the_whole_and_both_steps_decode_the_same_codes():
    decoded = []
    for run, part in product(("kl", "ws"), ("start", "sample", "vae_backward", "end", "decode")):
        whole, text = set(usual(run).splitlines()), trace(run, "--part", part).splitlines()
        assert 5 < len(text) < len(whole)
        assert {line for line in text if "# " not in line} - {text[0]} <= whole, part
        if part == "decode":
            decoded += re.findall(r"logits.*\n(.+\n.+)", "\n".join(text))
    assert len(decoded) == 2 and len(set(decoded)) == 1
    adam = trace("kl", "--part", "adam")  # told in full only if asked for
    assert adam.count("m_hat (") == adam.count("theta (") == 8 and "m_hat (" not in usual("kl")


def test_bad_options_give_one_line_and_status_2(ends):
    for word, *arguments in (
        ("run",),
        ("critic_loss", "kl", "--part", "critic_loss"),
        ("second_pass", "ws", "--part", "kl"),  # names the parts that there are
        ("--seed", "ws", "--seed", "-1"),
    ):
        status, _, told = ends(program.main, *arguments)
        assert (status, told.count("\n")) == (2, 1) and word in told


TEXT = (ROOT / "course/trace.md").read_text("utf-8")
PROSE = re.sub(r"```text.*?```", "", TEXT, flags=re.DOTALL)


def test_the_page_shows_what_the_program_prints_and_asks_before():
    commands = []
    assert renewed(TEXT, lambda line: commands.append(line) or usual(line.split()[-1])) == TEXT
    assert commands == ["-m course.trace kl", "-m course.trace ws"]
    questions = [m.start() for m in re.finditer(r"^\*\*\d+\. ", TEXT, re.MULTILINE)]
    answers = [m.start() for m in re.finditer("<details><summary>Answer</summary>", TEXT)]
    assert len(questions) >= 10
    for question, answer in zip(questions, answers, strict=True):
        assert question < answer < TEXT.index("<!-- continued -->", question)


def test_every_number_was_printed_and_the_sums_in_the_answers_are_right():
    numbers = set(re.findall(r"\d+\.\d{3,4}\b", PROSE))  # a minus may be one of a difference
    assert len(numbers) > 20
    printed = set(re.findall(r"\d+\.\d{3,4}\b", usual("kl") + usual("ws")))
    assert numbers - printed == {"4.227"}  # a sum of rounded numbers; printed is 4.2267
    prose = re.sub(r"\s+", " ", PROSE.replace("·", "*").replace("²", "**2"))
    term = r"\(?-?\d[\d.]*\)?"
    sums = re.findall(rf"((?:{term} [-+*/] )+{term}) (?:=|is|for each unit) (-?\d[\d.]*\d)", prose)
    assert len(sums) >= 7
    for left, right in sums:  # two units of the last digit: they are made of rounded numbers
        unit = 10.0 ** -len(right.partition(".")[2])
        assert abs(eval(left) - float(right)) <= 2 * unit, left


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
SAMPLER = "sample", "sample_backward"


@pytest.fixture
def learner(monkeypatch, tmp_path):
    """Put files in the place of the exercises: {file: (content, functions)}."""

    def install(**files):
        monkeypatch.setattr(exercises, "__path__", [str(tmp_path)])
        functions = {file: functions for file, (_, functions) in files.items()}
        monkeypatch.setattr(exercises, "FUNCTIONS", functions)
        for file, (content, _) in files.items():
            sys.modules.pop(f"course.exercises.{file}", None)
            (tmp_path / f"{file}.py").write_text(content)
        importlib.invalidate_caches()

    return install


def test_npvaes_functions_stand_in_and_a_wrong_one_shows_where_it_is_made(learner):
    text = trace("kl", "--mine")
    assert "Yours: nothing yet." in text and "not written them: dense_forward, dense_back" in text
    assert text.endswith(usual("kl").partition("\n")[2])
    bare = "def kl(mu, logvar):\n    raise NotImplementedError\n", ("kl",)  # a stub, too
    learner(e05=(RIGHT, SAMPLER), e04=bare)
    text = trace("kl", "--mine")
    assert "Yours: sample, sample_backward." in text
    assert "DIFFER" not in text and "not measured" not in text
    assert "return z  # sample" in text  # the line of one's own file
    assert set(CHECK.findall(usual("kl"))) == set(CHECK.findall(text))
    learner(e05=(RIGHT.replace("np.exp(logvar / 2) / 2", "np.exp(logvar / 2)"), SAMPLER))
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


def score(z, W1, b1, W2, b2, W3, b3):
    from course.exercises.e01 import dense_forward
    h = dense_forward(z, W1, b1)
    h = (h * (h > 0)) @ W2 + b2
    return ((h * (h > 0)) @ W3 + b3).mean(axis=1)
"""


def test_results_are_measured_whatever_ones_own_variables_are_called(learner):
    dense = "def dense_forward(x, W, b):\n    return x @ W + b\n"
    functions = SECOND, ("second_pass", "score")
    learner(e01=(dense, ("dense_forward",)), e08=functions)
    text = trace("ws", "--mine")
    assert "back (2, 3)" in text and "- e08.py, from line" in text  # one's own lines and arrays
    assert not re.search(r"^    [mv]\[", text, re.MULTILINE)  # Adam's moments
    checks = CHECK.findall(text)
    assert {f"W{n}" for n in (1, 2, 3)} <= {y for loss, y, *_ in checks if loss == "P"}
    unseen = {y for *_, y, _, _, _, remark in checks if "no line makes" in remark}
    assert unseen == {"units", "h2", "a2", "h1", "a1"} and "DIFFER" not in text


EDITS = [  # old text, new text, and words of what is told
    ("mu + sigma", "mu + sigmoid", "your sample in e05.py", "7", "sigmoid"),
    ("return z", "return z[0]", "your sample in e05.py", "(2,)", "(2, 2)"),
    ("return z", "z", "sample", "NoneType"),
    ("return z", "raise TypeError(z)", "your sample in e05.py", "TypeError"),  # no stub
    ("dz.copy(), (", "(", "sample_backward", "array (2, 2), an array (2, 2)"),
    ("return z", "return z z", "e05.py", "SyntaxError"),
    ("def sample_backward", "def other", "e05.py", "sample_backward"),
    ("(mu, logvar, eps)", "(mu)", "your sample in e05.py", "argument"),
]


def test_what_is_wrong_with_ones_own_file_is_told_in_one_line(learner, ends):
    for old, new, *words in EDITS:
        learner(e05=(RIGHT.replace(old, new), SAMPLER))
        status, _, told = ends(program.main, "kl", "--mine")
        assert (status, told.count("\n")) == (2, 1)
        assert all(word in told for word in words), told
        assert sys.gettrace() is None
