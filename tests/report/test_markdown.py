"""Numbers, tables and escaped text, and what a Markdown reader makes of them."""

import math

import pytest
from markdown_it import MarkdownIt

from npvae.evaluation.intervals import Interval
from npvae.report.markdown import folded, number, plain, shown, shown_interval, table


def test_numbers_are_shown_with_three_or_four_digits():
    values = (0.123456, -12.345, 999.4, -1234.56, 0, 0.00003123, -0.000031, 1e-9)
    assert [number(x) for x in values] == [
        "0.123", "−12.3", "999", "−1235", "0", "0.0000312", "−0.0000310", "1e−09"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (11.6712, 0.1419, "11.67 ± 0.14"),
        (10.98, 0.1419, "10.98 ± 0.14"),
        (11, 0.1419, "11.00 ± 0.14"),
        (0.0000312, 0.0000098, "0.000031 ± 0.000010"),
        (0.0000312, 0.0000071, "0.000031 ± 0.000007"),
        (219.4, 23.4, "219 ± 23"),
        (-103.14, 0.52, "−103.1 ± 0.5"),
        (83.8123, 0.349, "83.81 ± 0.35"),
        (83.8123, 0.351, "83.81 ± 0.35"),
        (83.8123, 0.36, "83.8 ± 0.4"),
        (26, 3, "26.0 ± 3.0"),
        (26, 3.6, "26 ± 4"),
        (2.04, 0.097, "2.04 ± 0.10"),  # 0.10, and not 0.097: rounding makes a new digit
        (2.04, 0.0951, "2.04 ± 0.10"),
        (-0.0001, 0.2, "0.00 ± 0.20"),
        (1234567.8, 43210, "1234568 ± 43210"),
        (0.5, 1e-7, "0.50000000 ± 0.00000010"),
        (97.31, 0, "97.3 ± 0"),
        (97.31, None, "97.3"),
        (97.31, math.nan, "97.3"),
        (None, None, "–"),
        (None, 0.1, "–"),
    ],
)
def test_a_number_has_the_decimals_of_its_interval(value, half, text):
    assert shown(value, half) == text


def test_an_interval_is_shown_by_its_middle_and_half_width():
    assert shown_interval(Interval(0.69, 0.49, 0.89)) == "0.69 ± 0.20"
    assert shown_interval(None) == "–"


def test_table_by_hand():
    assert table(["a", "b"], [["1|2", "3"]]) == "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |"
    assert table(["a", "b", "c"], [["1", "2", "3"]], text_columns=1) == (
        "| a | b | c |\n| --- | ---: | ---: |\n| 1 | 2 | 3 |"
    )


def test_plain_text_is_shown_as_it_is():
    text = "*a* _b_ `c` [d](e) <f> & #g ~~h~~ 1. i | j"
    shown = MarkdownIt("commonmark").enable("table").render(plain(text))
    assert MarkdownIt("commonmark").render(plain("> a")) == "<p>&gt; a</p>\n"
    assert shown == "<p>*a* _b_ `c` [d](e) &lt;f&gt; &amp; #g ~~h~~ 1. i | j</p>\n"


def test_a_folded_part_is_what_github_folds():
    html = MarkdownIt("commonmark").enable("table").render(folded("more", table(["a"], [["1"]])))
    assert html.startswith("<details><summary>more</summary>\n<table>")
    assert html.endswith("</table>\n</details>")
