"""course/trace.md: its blocks are what the program prints, and its answers are right."""

import re

from pages import ROOT, SEAM, cut, shown
from test_trace import usual

PAGE = ROOT / "course" / "trace.md"
PROSE = re.sub(r"```text.*?```", "", PAGE.read_text("utf-8"), flags=re.DOTALL)


def test_the_page_shows_what_the_program_prints():
    blocks = shown(PAGE)
    assert list(blocks) == ["-m course.trace kl", "-m course.trace ws"]
    for command, pieces in blocks.items():
        output = usual(command.split()[-1]).rstrip("\n")
        assert len(pieces) > 5 and SEAM.join(pieces) == output
        assert cut(output, pieces) == pieces


def test_every_number_with_three_or_four_decimals_is_one_that_was_printed():
    numbers = set(re.findall(r"\d+\.\d{3,4}\b", PROSE))  # a minus may be one of a difference
    assert len(numbers) > 20
    printed = set(re.findall(r"\d+\.\d{3,4}\b", usual("kl") + usual("ws")))
    assert numbers - printed == {"4.227"}  # a sum of rounded numbers; printed is 4.2267


def test_the_sums_in_the_answers_are_right():
    """Within two units of the last digit: they are made of rounded numbers."""
    prose = re.sub(r"\s+", " ", PROSE.replace("·", "*").replace("²", "**2"))
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
