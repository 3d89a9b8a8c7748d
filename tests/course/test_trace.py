"""The traced step is the real one, gradients are measured, and the page shows what is printed."""

import contextlib
import copy
import io
import re
import sys
from functools import cache
from itertools import product
from unittest import mock

import numpy as np
import pytest
from pages import ROOT, SEAM, cut, shown

from course.replace import plain_with
from course.trace import __main__ as program
from course.trace import watch
from npvae import plain

RUNS = pytest.mark.parametrize("run", ["kl", "ws"])
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


@cache
def watched(run):
    """Watch a step; return the watch, and its arguments as they are afterwards."""
    module = plain_with()
    arguments = program.new_arguments(module, run, program.SEED)
    seen = watch.Watch(module)
    seen.run(lambda: getattr(module, f"{run}_step")(**arguments))
    return seen, arguments


@RUNS
def test_the_watched_step_is_the_real_one_bit_for_bit(run):
    _, traced = watched(run)
    real = program.new_arguments(plain, run, program.SEED)
    before = copy.deepcopy(real["vae"])
    getattr(plain, f"{run}_step")(**real)
    for name in ("vae", "critic") if run == "ws" else ("vae",):
        for key, array in real[name].items():
            assert array.tobytes() == traced[name][key].tobytes()
    assert any(not np.array_equal(before[key], real["vae"][key]) for key in before)


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
    def at_the_kink(*args):
        arguments = new_arguments(*args)
        arguments["vae"]["W3"][:] = arguments["vae"]["b3"][:] = 0.0
        return arguments

    new_arguments = program.new_arguments
    monkeypatch.setattr(program, "new_arguments", at_the_kink)
    checks = CHECK.findall(trace("kl"))
    assert {y for _, y, *_, remark in checks if "a ReLU flips" in remark} >= {"a_dec", "b3", "W3"}
    assert not any("DIFFER" in remark for *_, remark in checks)


def test_adam_is_told_in_full_only_if_asked_for():
    adam = trace("kl", "--part", "adam")
    assert adam.count("m_hat (") == adam.count("theta (") == 8
    assert "m_hat (" not in usual("kl")


def test_each_part_is_a_piece_of_the_whole_and_both_steps_decode_the_same_codes():
    decoded = []
    for run, part in product(("kl", "ws"), ("start", "sample", "vae_backward", "end", "decode")):
        whole, text = set(usual(run).splitlines()), trace(run, "--part", part).splitlines()
        assert 5 < len(text) < len(whole)
        assert {line for line in text if "# " not in line} - {text[0]} <= whole, part
        if part == "decode":
            decoded += re.findall(r"logits.*\n(.+\n.+)", "\n".join(text))
    assert len(decoded) == 2 and len(set(decoded)) == 1


def test_bad_options_give_one_line_and_status_2(ends):
    for word, *arguments in (
        ("run",),
        ("critic_loss", "kl", "--part", "critic_loss"),
        ("second_pass", "ws", "--part", "kl"),  # names the parts that there are
        ("--seed", "ws", "--seed", "-1"),
    ):
        status, _, told = ends(program.main, *arguments)
        assert (status, told.count("\n")) == (2, 1) and word in told


PAGE = ROOT / "course" / "trace.md"
PROSE = re.sub(r"```text.*?```", "", PAGE.read_text("utf-8"), flags=re.DOTALL)


def test_the_page_shows_what_the_program_prints():
    blocks = shown(PAGE)
    assert list(blocks) == ["-m course.trace kl", "-m course.trace ws"]
    for command, pieces in blocks.items():
        output = usual(command.split()[-1]).rstrip("\n")
        assert len(pieces) > 5 and SEAM.join(pieces) == output
        assert cut(output, pieces) == pieces


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


def test_each_question_has_a_folded_answer_and_stands_before_a_block():
    text = PAGE.read_text("utf-8")
    questions = [m.start() for m in re.finditer(r"^\*\*\d+\. ", text, re.MULTILINE)]
    answers = [m.start() for m in re.finditer("<details><summary>Answer</summary>", text)]
    assert len(questions) == len(answers) >= 10
    for question, answer in zip(questions, answers, strict=True):
        assert question < answer < text.index("<!-- continued -->", question)
