"""The program that traces a step: its page, its parts, its options, and how it prints numbers."""

import importlib
import io
import re
import sys

import numpy as np
import pytest
from pages import ROOT, shown
from traces import HEAD, RUNS, stages, tell

from npvae.trace import __main__ as program
from npvae.trace import words, words_critic
from npvae.trace.layout import block, decimal

PAGE = ROOT / "docs" / "trace.md"


def call(monkeypatch, *arguments, terminal=False):
    """Run the program in this process and return what it prints."""
    screen = io.StringIO()
    screen.isatty = lambda: terminal
    monkeypatch.setattr(sys, "argv", ["npvae.trace", *arguments])
    monkeypatch.setattr(sys, "stdout", screen)
    program.main()
    return screen.getvalue()


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
