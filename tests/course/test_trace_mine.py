"""The trace with a learner's own functions in the step, and what is wrong with them."""

import re
import sys
import types

import pytest
from test_trace import CHECK, trace, usual

from course import mine
from course.exercises import e04_kl
from course.trace import __main__ as program
from npvae import plain

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
        package = types.ModuleType("course.exercises")
        package.__path__ = [str(tmp_path)]
        package.FUNCTIONS = {file: functions for file, (_, functions) in files.items()}
        for name in [name for name in sys.modules if name.startswith("course.exercises")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "course.exercises", package)
        for file, (content, _) in files.items():
            (tmp_path / f"{file}.py").write_text(content)
        sys.path_importer_cache.clear()

    yield install
    for name in [name for name in sys.modules if name.startswith("course.exercises.")]:
        del sys.modules[name]


def test_functions_still_to_be_written_are_npvaes():
    text = trace("kl", "--mine")
    assert "Yours: nothing yet." in text and "not written them: dense_forward, dense_back" in text
    assert text.endswith(usual("kl").partition("\n")[2])


def test_right_functions_give_the_same_numbers_and_a_wrong_one_shows_where_it_is_made(learner):
    learner(e05=(RIGHT, SAMPLER))
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


def test_a_body_of_a_single_raise_is_a_stub():
    def unfinished(x):
        """Return x."""
        y = x + 1
        raise ValueError(y)

    def bare(x):
        raise NotImplementedError

    assert mine.is_stub(e04_kl.kl) and mine.is_stub(bare)
    assert not mine.is_stub(plain.kl) and not mine.is_stub(unfinished)
