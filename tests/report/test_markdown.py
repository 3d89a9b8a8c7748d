"""Numbers, tables and escaped text in Markdown, and the page that is made of it."""

import math

import pytest
from markdown_it import MarkdownIt

from npvae.report.markdown import number, plain, shown, table
from npvae.report.page import write_page


def test_numbers_are_shown_with_three_or_four_digits():
    values = (0.123456, -12.345, 999.4, -1234.56, 0, 0.00003123, -0.000031)
    assert [number(x) for x in values] == [
        "0.123", "−12.3", "999", "−1235", "0", "0.0000312", "−0.000031"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (11.6712, 0.1419, "11.67 ± 0.14"),
        (0.0000312, 0.0000098, "0.000031 ± 0.000010"),
        (-103.14, 0.52, "−103.1 ± 0.5"),
        (83.8123, 0.349, "83.81 ± 0.35"),
        (83.8123, 0.36, "83.8 ± 0.4"),
        (2.04, 0.097, "2.04 ± 0.10"),  # 0.10, and not 0.097: rounding makes a new digit
        (-0.0001, 0.2, "0.00 ± 0.20"),
        (1234567.8, 43210, "1234568 ± 43210"),
        (97.31, 0, "97.3 ± 0.0"),
        (97.31, None, "97.3"),
        (97.31, math.nan, "97.3"),
        (None, 0.1, "–"),
    ],
)
def test_a_number_has_the_decimals_of_its_interval(value, half, text):
    assert shown(value, half) == text


def test_tables_and_plain_text_by_hand():
    assert table(["a", "b"], [["1|2", "3"]]) == "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |"
    assert table(["a", "b", "c"], [["1", "2", "3"]], text_columns=1) == (
        "| a | b | c |\n| --- | ---: | ---: |\n| 1 | 2 | 3 |"
    )
    text = "*a* _b_ `c` [d](e) <f> & #g ~~h~~ 1. i | j"
    shown = MarkdownIt("commonmark").enable("table").render(plain(text))
    assert shown == "<p>*a* _b_ `c` [d](e) &lt;f&gt; &amp; #g ~~h~~ 1. i | j</p>\n"
    assert MarkdownIt("commonmark").render(plain("> a")) == "<p>&gt; a</p>\n"


def body(markdown, directory):
    return write_page(markdown, directory).partition("<body>\n")[2]


def test_a_folded_part_folds_its_markdown_is_rendered_and_the_contents_lead_to_the_parts(tmp_path):
    folded = "<details><summary>the *rest*</summary>\n\n**b**\n\n</details>"
    page = body(f"# a\n\n## one\n\n{folded}\n\n## two\n\n11.67 ± 0.14", tmp_path)
    assert "<details><summary>the *rest*</summary><p><strong>b</strong></p>\n</details>" in page
    assert page.count("<p>11.67&nbsp;±&nbsp;0.14</p>") == 1
    for n, name in enumerate(("one", "two")):
        assert f'<a href="#part-{n}">{name}</a>' in page and f'id="part-{n}">{name}</h2>' in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<details><summary><b>x</b></summary>",
        "a <details><summary>x</summary>",
        "<details open><summary>x</summary>",
        plain("x\n\n<details><summary>y</summary>\n\n</details>\n"),
    ],
)
def test_other_html_is_shown_as_text(text, tmp_path):
    page = body(f"# a\n\n{text}", tmp_path)
    assert "<script" not in page and "<details" not in page and "</details" not in page
    assert "&lt;" in page
