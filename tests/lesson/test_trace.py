"""The traced step: its numbers are those of the real step, and its page is what it prints."""

import importlib
import io
import re
import sys

import numpy as np
import pytest
from pages import ROOT, run, shown

from npvae.models.objectives import critic_objective
from npvae.models.steps import kl_step, ws_step
from npvae.trace import __main__ as program
from npvae.trace import story, words, words_critic
from npvae.trace.differences import (
    critic_losses,
    numeric_gradient,
    unchanged,
    vae_forward,
    ws_losses,
)
from npvae.trace.layout import block, decimal
from npvae.trace.stages import Stage, Trace, variable
from npvae.trace.start import make_start

PAGE = ROOT / "docs" / "trace.md"
RUNS = ["kl", "ws"]
STORIES = {"kl": story.kl_story, "ws": story.ws_story}
CHECK = re.compile(r"^   d (\w+) / d (\S+)\[([\d, ]+)\] +(\S+) +(\S+)(.*)$", re.MULTILINE)
HEAD = re.compile(r"^(\d+)\. (\w+) -+ (?:one line of )?(\S+)\.py::(\w+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def outputs():
    """What the program prints, for both runs."""
    return {name: run(f"-m npvae.trace {name}") for name in RUNS}


def call(monkeypatch, *arguments, terminal=False):
    """Run the program in this process and return what it prints."""
    screen = io.StringIO()
    screen.isatty = lambda: terminal
    monkeypatch.setattr(sys, "argv", ["npvae.trace", *arguments])
    monkeypatch.setattr(sys, "stdout", screen)
    program.main()
    return screen.getvalue()


def tell(name, seed, capsys):
    """Tell a step; return what it started from, as it is after the step, and the text."""
    start = make_start(seed)
    STORIES[name](Trace(start.arrays(), None, False), start, make_start(seed))
    return start, capsys.readouterr().out


def stages(text):
    """Split a trace into its stages, by their numbers."""
    numbers = [int(head[1]) for head in HEAD.finditer(text)]
    bodies = re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]
    return dict(zip(numbers, bodies, strict=True))


@pytest.mark.parametrize("seed", [program.SEED, 0, 3])
@pytest.mark.parametrize("name", RUNS)
def test_the_weights_are_those_of_the_real_step_bit_for_bit(name, seed, capsys):
    traced, _ = tell(name, seed, capsys)
    real = make_start(seed)
    step = real.vae, real.act
    if name == "kl":
        kl_step(*step, real.images, real.index, beta=1.0, lr=0.01, t=1)
    else:
        ws_step(
            *step, real.critic, real.batch, real.images, real.index, noise=real.noise,
            alpha=real.alpha, wasserstein_weight=0.5, gp_weight=10.0, lr=0.01, critic_lr=0.01, t=1,
        )  # fmt: skip
    for ours, theirs in zip(
        [*traced.vae[2:], *traced.critic[2:]], [*real.vae[2:], *real.critic[2:]], strict=True
    ):
        assert ours.tobytes() == theirs.tobytes()
    assert not np.array_equal(traced.vae.theta, make_start(seed).vae.theta)
    # Every other array too, and NaN in both where the step writes nothing.
    for array, other in zip(traced.arrays().values(), real.arrays().values(), strict=True):
        assert array.tobytes() == other.tobytes()


class Swapped(Trace):
    """Does the penalty's second pass only after the weights' gradients, which need its results."""

    def stage(self, stage, function, *args, **options):
        if stage is words_critic.PENALTY_BACKWARD:
            self.late = stage, function, *args
            return
        super().stage(stage, function, *args, **options)
        if stage is words_critic.SCORE_BACKWARD_WEIGHTS:
            super().stage(*self.late)


def test_two_stages_in_the_wrong_order_are_noticed(capsys):
    start = make_start(program.SEED)
    with pytest.raises(AssertionError, match="make different weights"):
        story.ws_story(Swapped(start.arrays(), None, False), start, make_start(program.SEED))
    wrong = {y for _, y, _, a, n, _ in CHECK.findall(capsys.readouterr().out) if a != n}
    assert {"critic.w.W1", "critic.w.W2", "critic.w.W3"} <= wrong


@pytest.mark.parametrize("name", RUNS)
def test_the_page_shows_what_the_program_prints(name, outputs):
    blocks = shown(PAGE)
    assert list(blocks) == ["-m npvae.trace kl", "-m npvae.trace ws"]
    assert blocks[f"-m npvae.trace {name}"] == outputs[name]


def test_every_number_in_the_words_of_the_page_stands_in_its_blocks(outputs):
    prose = re.sub(r"```.*?```", "", PAGE.read_text("utf-8"), flags=re.DOTALL)
    numbers = re.findall(r"-?\d+\.\d+", prose)
    assert len(numbers) > 5
    printed = set(re.findall(r"-?\d+\.\d+", outputs["kl"] + outputs["ws"]))
    assert set(numbers) <= printed


@pytest.mark.parametrize(("name", "least"), [("kl", 16), ("ws", 38)])
def test_each_finite_difference_agrees_with_its_gradient_in_the_digits_shown(name, least, outputs):
    checks = CHECK.findall(outputs[name])
    assert len(checks) >= least
    for loss, y, _, by_hand, numeric, remark in checks:
        assert by_hand == numeric and not remark, (loss, y)
    # Only b3 of the critic has no gradient.
    assert [y for _, y, _, by_hand, _, _ in checks if by_hand == "0"] == (
        ["critic.w.b3"] if name == "ws" else []
    )


@pytest.mark.parametrize("name", RUNS)
def test_every_gradient_that_is_shown_has_its_finite_difference(name, outputs):
    for text in stages(outputs[name]).values():
        shown_arrays = re.findall(r"(?:(\w+) in )?([a-z]+(?:\.[a-zA-Z]\w*)+) \(", text)
        expected = {variable(array, called or None) for called, array in shown_arrays} - {None}
        assert {y for _, y, *_ in CHECK.findall(text)} == expected


def test_the_number_beside_a_gradient_is_its_entry(capsys):
    start, text = tell("ws", program.SEED, capsys)
    checks = {y: (place, by_hand) for _, y, place, by_hand, _, _ in CHECK.findall(text)}
    for name, w, dw in zip(start.vae.w._fields, start.vae.w, start.vae.dw, strict=True):
        place, by_hand = checks[f"vae.w.{name}"]
        entry = tuple(map(int, place.split(",")))
        assert len(entry) == w.ndim
        assert float(by_hand) == pytest.approx(dw[entry], rel=1e-3)
        assert abs(dw[entry]) == pytest.approx(np.abs(dw).max(), abs=1e-6)


def test_a_wrong_gradient_shows(monkeypatch, capsys):
    def twice(act):
        real(act)
        act.dlogvar[:] *= 2  # the half in d exp(logvar / 2) forgotten

    real = story.sample_backward
    monkeypatch.setattr(story, "sample_backward", twice)
    with pytest.raises(AssertionError, match="make different weights"):
        tell("kl", program.SEED, capsys)
    wrong = [c for c in CHECK.findall(capsys.readouterr().out) if c[3] != c[4]]
    assert wrong[0][:2] == ("bce", "act.logvar")
    assert float(wrong[0][3]) == pytest.approx(2 * float(wrong[0][4]), rel=1e-3)


def test_an_array_that_a_stage_does_not_name_may_not_change():
    arrays = {"a.x": np.zeros(3), "a.y": np.zeros(3)}
    trace = Trace(arrays, "nothing", False)
    trace.stage(Stage("bce", "", writes=["a.x"]), arrays["a.x"].fill, 1.0)
    with pytest.raises(AssertionError, match=r"a\.y"):
        trace.stage(Stage("bce", "", writes=["a.x"]), arrays["a.y"].fill, 1.0)


def test_every_array_that_a_stage_names_is_written(outputs):
    """NaN stood there before, or other numbers: only these are the same after as before."""
    same = {
        name: re.findall(r"same numbers as before: ([\w., \n]+?)\n\n", text)
        for name, text in outputs.items()
    }
    rows_of_three = "fake", "prior", "mixed"
    b3 = "critic.w.b3, critic.m.b3, critic.v.b3"
    constant = ", ".join(f"{rows}.{d}" for d in ("dscore", "dunits") for rows in rows_of_three)
    assert same["kl"] == []
    assert [" ".join(names.split()) for names in same["ws"]] == [
        b3,  # its gradient is 0
        f"{constant}, critic.dw.b3, {b3}, act.sigma",  # the second update
        "act.sigma",  # mu and logvar are still the same
    ]


@pytest.mark.parametrize("name", RUNS)
def test_each_part_shows_its_own_stages_and_all_parts_show_all(name, outputs, monkeypatch):
    whole, parts = stages(outputs[name]), {}
    for part in program.PARTS[name]:
        text = call(monkeypatch, name, "--part", part)
        assert {head[2] for head in HEAD.finditer(text)} == {part}
        parts |= stages(text)
    assert {n: text.strip() for n, text in parts.items()} == {
        n: text.strip() for n, text in whole.items()
    }


@pytest.mark.parametrize("name", RUNS)
def test_the_functions_named_in_the_heads_exist(name, outputs):
    heads = HEAD.findall(outputs[name])
    assert [int(number) for number, *_ in heads] == list(range(1, len(heads) + 1))
    for *_, path, function in heads:
        assert hasattr(importlib.import_module(path.replace("/", ".")), function)


IN_THE_MODULES = {
    "ENCODE": "models/vae.py",
    "DECODE": "models/vae.py",
    "SAMPLE": "nn/layers.py",
    "KL": "nn/losses.py",
    "ADAM_VAE": "nn/adam.py",
    "MIX": "models/steps.py",
    "SCORE": "models/critic.py",
    "SCORE_BACKWARD_INPUT": "models/critic.py",
    "PENALTY": "models/penalty.py",
    "SECOND_UPDATE": "models/objectives.py",
}


@pytest.mark.parametrize("name", IN_THE_MODULES)
def test_equations_are_written_as_in_the_modules(name):
    source = " ".join((ROOT / "npvae" / IN_THE_MODULES[name]).read_text("utf-8").split())
    stage = getattr(words, name, None) or getattr(words_critic, name)
    for equation in re.split(r"\n|\s{2,}", stage.equations.strip()):
        assert equation.strip(" ,") in source


@pytest.mark.parametrize("name", RUNS)
def test_the_output_is_plain_and_fits_100_columns(name, outputs, capsys):
    for text in (outputs[name], *(tell(name, seed, capsys)[1] for seed in range(10))):
        assert "\x1b" not in text and "-0.0000" not in text and "nan" not in text
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 100
        assert not re.search(r" +$", text, re.MULTILINE)


def test_colour_on_a_terminal_only_and_not_with_no_color(outputs, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = call(monkeypatch, "ws", terminal=True)
    assert coloured.count("\x1b[") > 50
    assert re.sub(r"\x1b\[\d+m", "", coloured) == outputs["ws"]
    monkeypatch.setenv("NO_COLOR", "1")
    assert call(monkeypatch, "ws", terminal=True) == outputs["ws"]


@pytest.mark.parametrize(
    ("arguments", "words_in_it"),
    [
        ([], "run"),
        (["js"], "js"),
        (["kl", "--part", "critic"], "critic"),
        (["ws", "--part", "kl"], "penalty"),  # names the parts that there are
        (["ws", "--seed", "-1"], "--seed"),
        (["ws", "--seed", "1.5"], "--seed"),
    ],
)
def test_bad_arguments_give_one_line_and_exit_status_2(arguments, words_in_it, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["npvae.trace", *arguments])
    with pytest.raises(SystemExit) as stop:
        program.main()
    printed = capsys.readouterr()
    assert stop.value.code == 2 and printed.out == ""
    assert printed.err.count("\n") == 1 and words_in_it in printed.err


def test_the_default_seed_has_relus_on_and_off_in_every_hidden_layer_and_a_norm_that_is_not_1():
    start, seen = make_start(program.SEED), {}

    def watch(name, array):
        return seen.setdefault(name, array)

    forward = vae_forward(watch, start.vae.w, start.images, start.act.eps)
    (eps, prior), alpha = start.noise[0], start.alpha[0][:, None]
    fake = forward.mu + np.exp(forward.logvar / 2) * eps
    mixed = fake + alpha * (prior - fake)
    critic_losses(watch, start.critic.w, fake, prior, mixed, 10.0)
    for name in ("act.a_enc", "act.a_dec", "mixed.a1", "mixed.a2"):
        assert 0 < np.mean(seen[name] > 0) < 1, name
    norm = np.linalg.norm(seen["mixed.dz"], axis=1)
    assert np.all((norm > 0.1) & (norm < 0.5)) and abs(norm[0] - norm[1]) > 0.02


def test_the_losses_in_plain_numpy_are_those_of_the_real_steps():
    start = make_start(5)
    w, critic_w = ([a.copy() for a in p.w] for p in (start.vae, start.critic))
    before = start.vae.w._make(w)
    bce, kl, _ = kl_step(start.vae, start.act, start.images, start.index, beta=1.0, lr=0.01, t=1)
    losses = story.kl_losses(unchanged, before, start.images, start.act.eps, 0.7)
    assert (losses["bce"], losses["kl"]) == pytest.approx((bce, kl), rel=1e-13)
    assert losses["loss"] == pytest.approx(bce + 0.7 * kl, rel=1e-13)

    batch, z = start.batch, np.random.default_rng(0).standard_normal((6, 2))
    batch.every.z[:] = z
    distance, penalty, _ = critic_objective(start.critic, batch, 10.0)
    critic = start.critic.w._make(critic_w)
    losses = critic_losses(unchanged, critic, z[:2], z[2:4], z[4:], 3.0)
    found = losses["distance"], losses["penalty"], losses["loss"]
    assert found == pytest.approx((distance, penalty, 3 * penalty - distance), rel=1e-12)
    losses = ws_losses(unchanged, before, start.images, start.act.eps, critic, 0.5)
    assert losses["loss"] == pytest.approx(bce - 0.5 * losses["mean score(z)"], rel=1e-13)


def test_a_finite_difference_for_an_unknown_array_is_refused():
    with pytest.raises(ValueError, match="nowhere"):
        numeric_gradient(lambda nudge: {"loss": 1.0}, "loss", "nowhere", (0,))


def test_a_relu_that_flips_within_the_step_is_named(capsys):
    _, text = tell("ws", 117, capsys)  # here one hidden unit's input is 0
    assert text.count("(a ReLU flips here)") == 3


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-3e-11, "0"),
        (-1e-5, "0.0000"),
        (0.12345, "0.1235"),  # halves go away from zero,
        (-0.12345, "-0.1235"),
        (0.12345 * (1 - 1e-9), "0.1235"),  # whatever the last bits are
        (12.5, "12.5000"),
    ],
)
def test_numbers_do_not_depend_on_the_last_bits(number, text):
    assert decimal(number) == text


def test_small_numbers_are_shown_in_a_unit_of_their_own():
    lines = block("vae.v.b1", np.array([2e-5, 0.0, 4.5e-7]))
    assert [line.split() for line in lines] == [
        ["vae.v.b1", "(3,)", "in", "1e-6"],
        ["20.0000", "0", "0.4500"],
    ]
    assert len({len(line) for line in lines}) == 1
