"""The page: folded parts fold, and nothing else of HTML comes through."""

import pytest

from npvae.report.markdown import folded, plain
from npvae.report.page import write_page


def body(markdown, directory):
    return write_page(markdown, directory).partition("<body>\n")[2]


def test_a_folded_part_folds_and_its_markdown_is_rendered(tmp_path):
    page = body(f"# a\n\n{folded('the *rest*', '**b**')}\n\nc", tmp_path)
    assert "<details><summary>the *rest*</summary><p><strong>b</strong></p>\n</details>" in page
    assert page.count("<p>c</p>") == 1


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<details><summary><b>x</b></summary>",
        "a <details><summary>x</summary>",
        "<details open><summary>x</summary>",
        "<details><summary>x</summary>y",
    ],
)
def test_other_html_is_shown_as_text(text, tmp_path):
    page = body(f"# a\n\n{text}", tmp_path)
    assert "<script" not in page and "<details" not in page and "&lt;" in page


def test_a_name_cannot_fold_anything(tmp_path):
    name = "x\n\n<details><summary>y</summary>\n\n</details>\n"
    page = body(f"# a\n\n{plain(name)}", tmp_path)
    assert "<details" not in page and "</details" not in page
    assert "&lt;details&gt;&lt;summary&gt;y" in page


def test_a_number_stays_beside_its_interval(tmp_path):
    assert "11.67&nbsp;±&nbsp;0.14" in body("11.67 ± 0.14", tmp_path)
