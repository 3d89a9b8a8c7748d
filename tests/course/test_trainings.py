"""Trainings with a learner's own functions, and with the faults of the page of failures."""

import importlib
import inspect
import re
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from exercise_answers import RIGHT

from course import exercises, failures, train
from course.replace import plain_with
from npvae import plain
from npvae.errors import UserError
from npvae.nn.gradcheck import check_gradients

OTHERS = {name: getattr(plain, name) for name in ("dense_forward", "sample", "kl", "score")}


@pytest.fixture(autouse=True)
def few_differences(monkeypatch):
    """Finite differences for a few numbers of each array; in a wrong one, most are wrong."""
    few = partial(check_gradients, samples=4, step=1e-4)
    monkeypatch.setattr(train, "check_gradients", lambda *args, **_: few(*args))


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """Let few digits be the data."""
    images = np.random.default_rng(0).uniform(size=(70, 16)).astype(np.float32)
    monkeypatch.setattr(plain, "load_images", lambda source: images)
    monkeypatch.setattr(train, "OUT", tmp_path / "runs")


@pytest.fixture
def files(tmp_path, monkeypatch, digits):
    """Let all right answers of the suite be a learner's files."""
    helpers = "import math\nimport numpy as np\nfrom npvae.plain import *\n"
    for exercise, functions in RIGHT.items():
        module = f"course.exercises.{exercise}"
        text = helpers + "\n".join(map(inspect.getsource, functions.values()))
        (tmp_path / f"{exercise}.py").write_text(text)
        monkeypatch.setitem(sys.modules, module, None)
        del sys.modules[module]
    monkeypatch.setattr(exercises, "__path__", [str(tmp_path)])
    own = importlib.import_module("course.exercises.e20_identity")
    monkeypatch.setattr(train, "e20_identity", own)
    return tmp_path


def run(monkeypatch, capsys, *words):
    """What the program prints, and what its training returned."""
    returned, trained = [], train.trained
    monkeypatch.setattr(sys, "argv", ["train", *words])
    with monkeypatch.context() as patch:
        patch.setattr(train, "trained", lambda *args: returned.extend(trained(*args)) or returned)
        train.main()
    return capsys.readouterr().out.splitlines(), *returned


@pytest.mark.parametrize("kind", ["kl", "ws", "sw"])
def test_all_right_answers_train_as_plain_does(kind, files, monkeypatch, capsys):
    words = kind, "--epochs", "2", "--weight", "3"
    (first, second, *lines), (mine, theirs), log = run(monkeypatch, capsys, *words)
    assert all(np.array_equal(mine[name], w) for name, w in theirs.items())
    assert len(log) == 2 and all(a == b for row in log for a, b in row.values())
    assert first.startswith("Yours: dense_forward, ") and second.endswith("written them: nothing.")
    losses, whose, *rows = lines[1:5]
    assert losses.split()[:2] == ["loss", "BCE"]
    assert whose.split()[:3] == ["epoch", "yours", "plain's"]
    assert [row.split()[0] for row in rows] == ["1/2", "2/2"]
    assert [f"{x:.3f}" for both in log[1].values() for x in both] == rows[1].split()[1:]
    assert (files / "runs" / f"{kind}.png").read_bytes()[:4] == b"\x89PNG"
    assert not any("float64 comes out" in line for line in lines)
    if kind == "ws":
        measured = (np.array([row[key][0] for row in log]) for key in ("penalty", "slope"))
        demanded = RIGHT["e20_identity"]["estimate"](*measured, 10.0)
        assert lines[-1].endswith(f"your identity: {demanded[0]:.3f}, {demanded[1]:.3f}")
    else:
        loss, bce, distance = (pair[0] for pair in log[1].values())
        assert loss == pytest.approx(bce + 3 * distance, abs=0.003)


@pytest.mark.usefixtures("digits")
def test_what_is_not_written_is_told(monkeypatch, capsys):
    (first, second, *_), (vae, _), _ = run(monkeypatch, capsys, "kl", "--epochs", "1")
    assert first == "Yours: nothing yet." and "kl, sample" in second and "mix" not in second
    slow = {"relu_forward": lambda a: np.maximum(a, np.zeros(a.shape))}
    monkeypatch.setattr(train, "load_mine", lambda: (slow, []))
    lines, (_, other), _ = run(monkeypatch, capsys, "kl", "--epochs", "1", "--seed", "1")
    assert any(line.startswith("relu_forward: float64 comes out") for line in lines)
    assert not np.allclose(vae["W1"], other["W1"], atol=0.01)


def test_an_error_in_training_is_raised_and_alpha_may_be_one_minus_alpha():
    modules = {"yours": plain_with(kl=lambda *_: 1 / 0), "plain's": plain_with()}
    with pytest.raises(ZeroDivisionError):
        train.trained(modules, "KL", np.zeros((8, 4), np.float32), 1, 0, 1.0)
    mine = {"mix": lambda z, prior, rng: plain.mix(prior, z, rng)}
    assert train.refuse_wrong("ws", mine) > 40


WRONG = {
    "bce": ("kl", lambda logits, x: [part / 6 for part in plain.bce(logits, x)], "agree"),
    "relu_backward": ("kl", lambda dh, h: dh, "disagree"),
    "vae_backward": ("ws", lambda *args: plain.vae_backward(*args[:8], 0, 0, 0), "disagree"),
    "second_pass": ("ws", lambda *a: [2 * dW for dW in plain.second_pass(*a)], "disagree"),
    "adam": ("kl", lambda *args: plain.adam(*args[:4], args[4] + 1, args[5]), "agree"),
    "sliced": ("sw", lambda *args: [2 * part for part in plain.sliced(*args)], "agree"),
    "mix": ("ws", lambda z, prior, rng: z + prior, "straight lines"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_function_is_named_before_it_trains(name):
    kind, function, told = WRONG[name]
    with pytest.raises(UserError) as refused:
        train.refuse_wrong(kind, {**OTHERS, name: function})
    words = ("mix: ", told) if name == "mix" else (f"in {name}, alone", f"differences {told}")
    assert all(word in str(refused.value) for word in words)


@pytest.mark.parametrize("package", ["mlxtend", "matplotlib"])
def test_a_package_that_is_missing_is_told_in_one_line(package, monkeypatch, ends):
    monkeypatch.setattr(train, "find_spec", lambda name: None if name == package else name)
    for main, *words in ((train.main, "kl"), (failures.main,)):
        status, _, told = ends(main, *words)
        assert (status, told.count("\n")) == (2, 1) and f"no package {package}" in told


COURSE = Path(__file__).parents[2] / "course"
SIZES = {"HIDDEN": 64, "CRITIC_HIDDEN": (64, 32)}
EPOCHS = {"KL": 60, "WS": 8}


@pytest.fixture(scope="module")
def small_digits():
    """Every fifth of the sample's digits, half as wide and high, in full batches."""
    return plain.load_images(None)[:4800:5].reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(960, -1)


@pytest.fixture(scope="module")
def right(small_digits):
    return {k: failures.run(k, {}, small_digits, n, **SIZES).measures for k, n in EPOCHS.items()}


@pytest.mark.parametrize("letter", failures.FAULTS)
def test_a_fault_does_what_the_page_says(letter, small_digits, right):
    kind, functions, _ = failures.FAULTS[letter]
    found = failures.run(kind, functions, small_digits, EPOCHS[kind], **SIZES).measures
    assert failures.does_what_the_page_says(letter, found, right[kind]), found
    assert not failures.does_what_the_page_says(letter, right[kind], right[kind])


def test_the_page_has_all_its_pictures_and_the_words_of_its_template():
    """Where the template has a number, the page may have any."""
    page, template = (
        (COURSE / name).read_text("utf-8") for name in ("failures.md", "failures/page.md")
    )
    pictures = re.findall(r"\(failures/(\w+)\.png\)", page)
    assert sorted(pictures) == sorted(["kl", "ws", "codes", *failures.FAULTS])
    files = [COURSE / "failures.md", *(COURSE / "failures").iterdir()]
    assert sum(file.stat().st_size for file in files) < 400_000
    assert page.count("<details>") == len(failures.FAULTS)
    parts = [re.escape(part) for part in re.split(r"\{\w+\[[^]]+\][^}]*\}", template)]
    assert re.fullmatch(r"-?[\d.,e+-]+".join(parts), page)
