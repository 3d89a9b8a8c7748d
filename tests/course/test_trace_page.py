"""course/trace.md: its blocks are what the program prints, and its answers are right."""

import re

import pytest
from pages import ROOT, SEAM, cut, run, shown

PAGE = ROOT / "course" / "trace.md"
COMMANDS = ["-m course.trace kl", "-m course.trace ws"]


@pytest.fixture(scope="module")
def outputs():
    return {command: run(command) for command in COMMANDS}


@pytest.fixture(scope="module")
def prose():
    """The page without its blocks."""
    return re.sub(r"```text.*?```", "", PAGE.read_text("utf-8"), flags=re.DOTALL)


def test_the_page_shows_what_the_program_prints(outputs):
    blocks = shown(PAGE)
    assert list(blocks) == COMMANDS
    for command, pieces in blocks.items():
        assert len(pieces) > 5 and SEAM.join(pieces) == outputs[command]
        assert cut(outputs[command], pieces) == pieces


def test_every_number_with_three_or_four_decimals_is_one_that_was_printed(outputs, prose):
    numbers = set(re.findall(r"\d+\.\d{3,4}\b", prose))  # a minus may be one of a difference
    assert len(numbers) > 20
    printed = set(re.findall(r"\d+\.\d{3,4}\b", "".join(outputs.values())))
    assert numbers - printed == {"4.227"}  # a sum of rounded numbers; printed is 4.2267


def test_the_sums_in_the_answers_are_right(prose):
    """Within two units of the last digit: they are made of rounded numbers."""
    prose = re.sub(r"\s+", " ", prose.replace("·", "*").replace("²", "**2"))
    number = r"\(?-?\d[\d.]*\)?"
    sums = re.findall(
        rf"((?:{number} [-+*/] )+{number}) (?:=|is|for each unit) (-?\d[\d.]*\d)", prose
    )
    assert len(sums) >= 7
    for left, right in sums:
        unit = 10.0 ** -len(right.partition(".")[2])
        assert abs(eval(left) - float(right)) <= 2 * unit, left


def test_each_question_has_a_folded_answer_and_stands_before_a_block():
    text = PAGE.read_text("utf-8")
    questions = [m.start() for m in re.finditer(r"^\*\*\d+\. ", text, re.MULTILINE)]
    answers = [m.start() for m in re.finditer("<details><summary>Answer</summary>", text)]
    assert len(questions) == len(answers) >= 10
    for question, answer in zip(questions, answers, strict=True):
        assert question < answer < text.index("<!-- continued -->", question)
