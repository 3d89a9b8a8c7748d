"""Numbers, tables and escaped text, and what a Markdown reader makes of them."""

from markdown_it import MarkdownIt

from npvae.report.markdown import number, plain, table


def test_numbers_are_shown_with_three_or_four_digits():
    assert [number(x) for x in (0.123456, -12.345, 999.4, -1234.56)] == [
        "0.123", "-12.3", "999", "-1235"
    ]  # fmt: skip


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
