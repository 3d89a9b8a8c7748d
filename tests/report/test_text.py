"""The report, its Markdown and page, and numbers.csv: the answer first, sentences that fit."""

import csv
import math
import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from studies import blank_data, make_study

from npvae.evaluation.metrics import METRICS
from npvae.report.claims import HOLDS, VERDICTS, judge
from npvae.report.markdown import number, plain, shown, table
from npvae.report.numbers import COLUMNS, write_numbers
from npvae.report.page import write_page
from npvae.report.text import comparisons, differing, who_is_best, write_report

ONE = {"seeds": 1, "epochs": (35,), "weights": False}
SECTIONS = ["The answer", "Distance and copies", "The claims of the reference report", "Pictures",
            "How it was measured", "What was trained", "Tables"]  # fmt: skip


def report(study, labels=True, missing=0, pictured=None, **changes):
    data, found = replace(blank_data(labels), **changes), comparisons(study)
    judged = {name: judge(c) for name, c in found.items()}
    models = next(iter(found.values())).models if pictured is None else pictured
    return write_report(study, found, judged, data, missing, models)


@pytest.fixture(scope="module")
def full():
    return report(make_study())


def test_reports_of_all_of_little_and_of_no_labels_open_with_the_answer_and_end_with_tables(full):
    least = report(make_study(**ONE, models=("kl", "ws")), is_sample=True)
    how = {"labels": False, "missing": 7, "pictured": ["kl"]}
    unlabelled = report(make_study(labels=False, seeds=2), **how)
    for text in (full, least, unlabelled):
        assert re.findall("^## (.*)$", text, re.M) == SECTIONS
        assert text.index("(explorer.html)") < text.index("## The answer")
        assert text.index("copies best") < text.index("plots/first.png") < text.index("law.png")
        assert "nan" not in text and "None" not in text and not set("{}") & set(text)
        assert text.count("<details>") == text.count("</details>") == 5
        # Numbers with intervals stand in tables.
        (rest,) = (line for line in text.splitlines() if "±" in line and line[0] != "|")
        assert "after a ±" in rest
    for name in ("error", "latent_dist", "reconstruction", "interpol", "tsne", "samples"):
        assert all(f"(plots/{name}_{m}.png) |" in full for m in ("kl", "ws", "sw", "ae"))
        assert f"(plots/{name}_kl.png) |" in unlabelled
    assert "_ae.png" not in least and "_ws.png" not in unlabelled
    assert "- **AE**: nothing" in full and "**AE**" not in least
    for row in ("epochs | 35 | 35 | 35 | 35", "beta | 1.0 | – | – | 0.0",
                "directions | – | – | 50 | –"):  # fmt: skip
        assert f"| {row} |" in full
    assert plain("blank <images>") in full and "<images>" not in full.replace("\\<images\\>", "")
    for words, only in (
        ("sample of the data", least),
        ("It was not judged: a classifier does that, and it learns from labels", unlabelled),
        ("7 are not finished, and not shown", unlabelled),
    ):
        assert [text for text in (full, least, unlabelled) if words in text] == [only]
    assert "Trainings of each model: 3 (35 epochs" in full and "model: 1 (35 epochs" in least
    assert "measured on 5 test images,\nwhich no training saw" in full
    assert "without\n  the noise the error of KL's copies is 11.7, with it 13.3" in full
    assert "codes at most 13.8 nats" in full and "computed on 100 random redraws" in full
    assert "two sets of real images have 0.54." in full and "Grey pixels cost 45.5 nats" in full
    assert "- **One Gaussian**: AE invents" in full and "- **Ten Gaussians**: AE invents" in full


def test_every_metric_has_its_row_and_its_definition(full):
    lines = full.splitlines()
    for m in METRICS:
        meaning = m.meaning.replace("|", "\\|")
        assert f"| {m.name} | {m.unit} | {m.goal} | {meaning} |" in lines
        assert any(line.startswith(f"| {m.name} | ") and "±" in line for line in lines)
    (gap, _) = re.findall(r"^\| SSE \(z = μ\) (?:\| \S+ ± \S+ ){4}\| (\S+) ±", full, re.M)
    assert float(gap) == pytest.approx(11.67 - 10.98, abs=0.02)
    assert "\n35 epochs:\n" in full and "\n140 epochs:\n" in full


def test_settings_and_verdicts_stand_at_each_length_as_far_as_the_study_is_finished(full):
    """At 140 epochs WS was not trained, and another setting has one training."""
    for words in ("WS, λ = 3", "SW, λ = 10", "KL, β = 1"):
        assert f"| {words} | 35 | 3 | " in full and f"| {words} | 140 | 3 | " in full
    study = make_study()
    for epochs in (35, 140):
        found = [v.verdict for v in judge(study.comparison(epochs))]
        counts = " | ".join(str(found.count(word)) for word in VERDICTS)
        assert f"| {epochs} epochs | {counts} |" in full and HOLDS in found
    lengths = "measured, 35 epochs | verdict | measured, 140 epochs | verdict |"
    assert f"| claim | rule | {lengths}" in full
    gone = study.at("ws", 140) + study.at("sw-10", 35)[1:]
    text = report(replace(study, trained=[t for t in study.trained if t not in gone]))
    assert "\n35 epochs:\n" in text and "\n140 epochs:\n" not in text
    assert "| KL, β = 1 | 140 | 3 |" in text and "| WS, λ = 0.1736 | 140 |" not in text
    assert "| SW, λ = 10 | 35 | 1 |" in text


def test_a_clear_winner_is_named_alone_a_tie_is_called_so_and_one_training_is_never_clear():
    several, one, bare = (
        next(iter(comparisons(make_study(**how)).values())) for how in ({}, ONE, {"labels": False})
    )
    assert who_is_best(several, "frechet", "invents") == "KL invents clearly best."
    tie = "AE copies best, but its lead over WS and SW is not certain."
    assert who_is_best(several, "sse_mu", "copies") == tie
    for key in ("sse_mu", "frechet", "scale", "shape"):
        assert who_is_best(one, key, "wins").endswith("wins best in these runs.")
    assert "not measured" in who_is_best(bare, "frechet", "invents")


def test_the_shortest_and_the_longest_training_are_compared_and_options_that_differ_are_told():
    study = make_study(seeds=2, epochs=(35, 70, 140))
    assert list(comparisons(study)) == ["35 epochs", "140 epochs"]
    study = make_study(**ONE)
    assert differing(study) == ""  # weights and kinds are the question
    of_kl, *others = study.trained

    def with_other_kl(**options):
        odd = replace(of_kl, options=replace(of_kl.options, **options))
        return replace(study, trained=[odd, *others])

    text = report(with_other_kl(batch_size=32, limit=6000))
    assert "more than the question: in batch size, limit; see" in text
    assert "| batch size | 32 | 64 | 64 | 64 |" in text and "| limit | 6000 | – | – | – |" in text
    unlike = with_other_kl(epochs=3)
    ((name, c),) = comparisons(unlike).items()
    assert name == "each its own epochs" and list(c.measured) == ["kl", "ws", "sw", "ae"]
    assert "in epochs; see" in differing(unlike)


def test_each_training_mean_difference_and_baseline_has_a_row_of_its_own(tmp_path):
    """The made-up study is larger than the real one, of 61 trainings and fewer settings."""
    study, path, ends = make_study(seeds=4), tmp_path / "numbers.csv", ("value", "low", "high")
    write_numbers(study, path)
    assert len(study.trained) == 64 and path.stat().st_size < 200_000
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS and all(None not in row.values() for row in rows)
    for setting, weight in (("ws", "0.1736"), ("sw-10", "10"), ("ae", "0")):
        asked = setting, "sse_z", "140"
        own = [r for r in rows if (r["setting"], r["metric"], r["epochs"]) == asked]
        assert [r["seed"] for r in own] == ["0", "1", "2", "3", "all"]
        assert {r["weight"] for r in own} == {weight} and own[0]["low"] == ""
        values = [t.measurement.values["sse_z"] for t in study.at(setting, 140)]
        assert [float(r["value"]) for r in own[:4]] == pytest.approx(values, rel=1e-4)
        expected = study.comparison(140).interval(setting, "sse_z")
        assert [float(own[4][name]) for name in ends] == pytest.approx(expected, rel=1e-4)
    asked = "KL − WS", "sse_z", "35"
    (row,) = [r for r in rows if (r["model"], r["metric"], r["epochs"]) == asked]
    expected = study.comparison(35).difference("sse_z")
    assert [float(row[name]) for name in ends] == pytest.approx(expected, rel=1e-3)
    identity = COLUMNS[: COLUMNS.index("value")]
    assert len({tuple(r[name] for name in identity) for r in rows}) == len(rows)
    others = {"KL", "WS", "SW", "AE", "SW − AE", "pixels", "perfect match"}
    assert others <= {r["model"] for r in rows}


def test_numbers_have_three_or_four_digits_or_the_decimals_of_their_interval():
    values = 0.123456, -12.345, 999.4, -1234.56, 0, 0.00003123
    assert [*map(number, values)] == ["0.123", "−12.3", "999", "−1235", "0", "0.0000312"]
    for value, half, text in (
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
    ):
        assert shown(value, half) == text


def test_tables_and_plain_text_by_hand():
    assert table(["a", "b"], [["1|2", "3"]]) == "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |"
    assert table(["a", "b"], [["1", "2"]], 1) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"
    text = "*a* _b_ `c` [d](e) <f> & #g ~~h~~ 1. i | j"
    rendered = MarkdownIt("commonmark").enable("table").render(plain(text))
    assert rendered == "<p>*a* _b_ `c` [d](e) &lt;f&gt; &amp; #g ~~h~~ 1. i | j</p>\n"
    assert MarkdownIt("commonmark").render(plain("> a")) == "<p>&gt; a</p>\n"


def body(markdown, directory):
    return write_page(markdown, directory).partition("<body>\n")[2]


def test_a_folded_part_folds_its_markdown_is_rendered_and_the_contents_lead_to_the_parts(tmp_path):
    folded = "<details><summary>the *rest*</summary>\n\n**b**\n\n</details>"
    two = f"11.67 ± 0.14\n\n{table(['t'], [])}\n\n![](p.png)"
    text = f"# a\n\n## one\n\n{folded}\n\n## two\n\n{two}"
    (tmp_path / "p.png").write_bytes(b"picture")
    page = body(text, tmp_path)
    assert 'src="data:image/png;base64,cGljdHVyZQ=="' in page
    assert 'tabindex="0"><table>' in page  # to scroll what is wide with the keyboard
    assert "<title>a</title>" in write_page(text, tmp_path)
    assert "<details><summary>the *rest*</summary><p><strong>b</strong></p>\n</details>" in page
    assert page.count("<p>11.67&nbsp;±&nbsp;0.14</p>") == 1
    for n, name in enumerate(("one", "two")):
        assert f'<a href="#part-{n}">{name}</a>' in page and f'id="part-{n}">{name}</h2>' in page


def test_other_html_is_shown_as_text(tmp_path):
    for text in (
        "<script>alert(1)</script>",
        "<details><summary><b>x</b></summary>",
        "a <details><summary>x</summary>",
        "<details open><summary>x</summary>",
        plain("x\n\n<details><summary>y</summary>\n\n</details>\n"),
    ):
        page = body(f"# a\n\n{text}", tmp_path)
        assert not re.search("</?(script|details)", page) and "&lt;" in page
