"""The critic's laboratory in a real browser, by mouse, keys and finger."""

import re

import numpy as np
import pytest
from explorers import READ
from page_helpers import CRITIC_LAB as URL
from page_helpers import Drawing, Laboratory, choose, number, resting, settled, swipe, until

from npvae.evaluation.distances import assignment_w1

UPDATES = "criticLab.state().u.t"


def pixel(page, point):
    """Where a point of the plane is on the screen."""
    box = page.locator("#plane").bounding_box()
    x, y = point
    return box["x"] + (x + 4.5) / 9 * box["width"], box["y"] + (4.5 - y) / 9 * box["height"]


def drag(page, start, *ends):
    page.evaluate("plane.scrollIntoView({ behavior: 'instant', block: 'center' })")
    page.mouse.move(*pixel(page, start))
    page.mouse.down()
    for end in ends:
        page.mouse.move(*pixel(page, end), steps=4)
    page.mouse.up()


def lonely(points, others):
    """The point that is farthest from all others, so that a hand cannot miss it."""
    rest = np.concatenate([points, others])
    distances = np.sort(np.linalg.norm(points[:, None] - rest, axis=2), axis=1)[:, 1]
    return int(distances.argmax())


def test_it_opens_untrained_and_plays_at_a_chosen_speed(lab):
    page = lab.open("")
    assert page.text_content("#updates") == "0" and "random" in page.text_content("#verdict")
    assert page.text_content("#slope") == page.text_content("#penalty") == "–"
    start = lab.state()
    page.select_option("#speed", "10")
    before = page.evaluate("performance.now()")
    page.click("#play")
    assert page.get_attribute("#verdict", "aria-live") == "off"  # it would speak without a pause
    assert page.get_attribute("#play", "aria-pressed") == "true"
    until(page, f"{UPDATES} > 4")
    page.click("#play")
    seconds = (page.evaluate("performance.now()") - before) / 1000
    assert page.evaluate(UPDATES) <= 10 * seconds + 1
    page.select_option("#speed", "0")
    page.click("#play")
    until(page, f"{UPDATES} > 300")
    assert page.text_content("#play") == "Pause"
    until(page, "!document.getElementById('verdict').textContent.includes('random')")
    page.click("#play")
    assert page.get_attribute("#verdict", "aria-live") == "polite"
    paused = resting(page, UPDATES)
    assert page.url.endswith(f"#seed=1&speed=0&did=u{paused}")
    page.click("#one")
    assert page.evaluate(UPDATES) == paused + 1
    page.click("#start-over")
    assert lab.state() == start | {"view": start["view"] | {"speed": "0"}}
    page.click("#new-seed")
    assert page.url.endswith("#seed=2&speed=0") and lab.state()["theta"] != start["theta"]
    assert page.text_content("#seed") == "2"


def test_every_switch_reaches_the_experiment(lab):
    page = lab.open("#seed=1")
    for key, values in page.evaluate("labState.CHOICES").items():
        for value in values:
            choose(page, key, value)
            assert lab.state()["settings"][key] == value
    page.select_option("#codes", "rings")
    page.select_option("#prior", "wider")
    radii = np.linalg.norm(lab.cloud("codes"), axis=1)
    assert ((abs(radii - 1.2) < 0.3) | (abs(radii - 2.6) < 0.3)).all()
    assert lab.cloud("prior").std() > 1.4
    w1 = assignment_w1(lab.cloud("codes"), lab.cloud("prior"))
    assert number(page, "w1") == pytest.approx(w1, abs=5.1e-4)
    expected = "seed=1&codes=rings&prior=wider&side=one&weight=100&clip=0.3&bug=sum&lr=0.01"
    expected += "&judge=classifier"
    assert sorted(page.url.partition("#")[2].split("&")) == sorted(expected.split("&"))
    page.click("#ten")
    options = {"classifier": True, "weight": 100, "oneSided": True, "clip": 0.3, "bug": "sum"}
    assert page.evaluate("criticLab.state().u.options") == options | {"lr": 0.01}


def test_moves_leave_a_trace_and_play_alternates(lab):
    page = lab.open("#seed=1&did=u300")
    orange = f"""() => {{ {READ}
        const data = read(document.getElementById("curves")), ink = npvaePictures.rgb("codes");
        return data.filter((_, n) => n % 4 === 0 && ink.every((v, c) => v === data[n + c]))
            .length; }}"""
    assert page.evaluate(orange) == 0
    w1 = number(page, "w1")
    for _ in range(3):
        page.click("#move")
    settled(page)
    assert page.evaluate(orange) > 20
    history = lab.state()["history"]
    assert history["moves"] == [300, 301, 302]
    assert w1 > history["entries"][-2]["w1"] > history["entries"][-1]["w1"]
    page.check("#play-moves")
    page.click("#play")
    until(page, f"{UPDATES} >= 310")
    page.click("#play")
    rounds = int(re.search(r"did=u300,m3,r(\d+)$", page.url)[1])
    assert page.evaluate(UPDATES) == 300 + 5 * rounds
    assert lab.state()["history"]["moves"][3:] == [308 + 6 * k for k in range(rounds)]


def test_the_history_is_thinned_as_it_is_recorded(lab):
    history = lab.ask(
        """const lab = labModel.open("#seed=1&did=u1700");
        labModel.replay(lab, 1e6);
        return lab.history;"""
    )
    steps = [entry["step"] for entry in history["entries"]]
    assert history["every"] == 4 and steps == list(range(0, 1700, 4))


def test_the_curves_show_what_they_are_given(lab):
    drawing = Drawing(
        lab.page,
        """() => {
            const entries = [[0, 1, 2, 0.1, 3], [2, 5, -1, 0.2, 0], [4, 2, 1, 0.3, 4]].map(
                ([step, estimate, w1, slope, penalty]) => ({ step, estimate, w1, slope, penalty }));
            const canvas = document.getElementById("curves"), now = { step: 8, estimate: 4, w1: 3 };
            labCurves.draw(canvas, { entries, moves: [3], now, name: "Jensen–Shannon" });
            const ctx = canvas.getContext("2d");
            ctx.font = "12px system-ui, sans-serif";
            const long = ctx.measureText("Jensen–Shannon").width;
            const hex = (n) => n.toString(16).padStart(2, "0");
            const ink = (name) => `#${npvaePictures.rgb(name).map(hex).join("")}`;
            return [canvas.clientWidth, canvas.clientHeight, long, ["muted", "ink"].map(ink)]; }""",
    )
    width, height, long, inks = drawing.result
    assert {call["ink"] for call in drawing.calls if call["name"] == "fillText"} == set(inks)
    texts, marks = drawing.all("fillText"), drawing.all("fillRect")
    x = lambda step: 64 + np.multiply(step, (width - 76) / 10)  # noqa: E731
    third = (height - 20) / 3
    given = [  # chart, steps, values, dash
        (0, [0, 2, 4, 8], [1, 5, 2, 4], 0), (0, [0, 2, 4, 8], [2, -1, 1, 3], 2),
        (1, [0, 10], [1, 1], 0), (1, [0, 2, 4], [0.1, 0.2, 0.3], 0), (2, [0, 2, 4], [3, 0, 4], 0),
    ]  # fmt: skip
    drawn = [path for path in drawing.paths() if path[0][0] != path[1][0] - 24]  # not the legend's
    for (chart, steps, values, dash), line in zip(given, drawn, strict=True):
        ticks = [(float(text.replace("−", "-")), y - 4) for text, at, y in texts
                 if at == 58 and third * chart < y < third * (chart + 1) + 5]  # fmt: skip
        assert ticks[0][0] <= min(values) and ticks[-1][0] >= max(values)
        expected = np.stack([x(steps), np.interp(values, *zip(*ticks, strict=True))], axis=1)
        assert np.abs(np.array(line)[:, :2] - expected).max() < 1  # ticks lie on whole pixels
        assert ticks[0][1] == pytest.approx(third * (chart + 1) - 10, abs=1)
        assert {place[2] for place in line} == {dash}
    assert [mark[0] for mark in marks if mark[2] == 1.5] == pytest.approx([x(3) - 0.75] * 3)
    places = {text: at for text, at, _ in texts}
    assert places["Jensen–Shannon"] + long + 30 < places["exact W₁"] < width
    assert {"mean slope", "penalty", "updates and moves", "10"} <= set(places)


def test_the_mouse_moves_a_point_or_a_cloud_and_draws(lab):
    page = lab.open("#seed=1")
    codes, prior = lab.cloud("codes"), lab.cloud("prior")
    n = lonely(codes, prior)
    drag(page, codes[n])
    assert lab.state()["settings"]["codes"] == "shifted"  # chosen, but not moved
    drag(page, codes[n], (-3, 3))
    moved = lab.cloud("codes")
    assert np.abs(moved[n] - (-3, 3)).max() < 0.02  # a pixel
    assert (np.delete(moved, n, 0) == np.delete(codes, n, 0)).all()
    assert (lab.cloud("prior") == prior).all()
    assert "codes=~" in page.url and page.input_value("#codes") == "drawn"
    settled(page)
    place = r"codes (\d+) at −[23]\.\d+, [23]\.\d+\. W₁ (\S+)"
    told = re.fullmatch(place, page.text_content("#said"))
    assert int(told[1]) == n + 1 and told[2] == page.text_content("#w1")
    choose(page, "tool", "cloud")
    choose(page, "which", "prior")
    drag(page, (0, 0), (0.5, -1))
    assert np.abs(lab.cloud("prior") - prior - (0.5, -1)).max() < 0.02
    assert page.text_content("#said").startswith("All prior; the first at ")
    choose(page, "tool", "draw")
    choose(page, "which", "codes")
    drag(page, (-4, -3), (4, -3), (4, 3), (-4, 3))  # far apart: a quick hand
    codes = lab.cloud("codes")
    assert ((abs(abs(codes[:, 1]) - 3) < 0.02) | (abs(codes[:, 0] - 4) < 0.02)).all()
    assert len(np.unique(codes, axis=0)) == 64
    assert np.median(np.linalg.norm(np.diff(codes, axis=0), axis=1)) < 0.2


def test_the_keyboard_moves_and_draws_points(lab):
    page = lab.open("#seed=1")
    before = lab.cloud("codes")
    page.focus("#plane")
    for key in ["c", "c", "n", "n", "b", "ArrowRight", "Shift+ArrowDown"]:
        page.keyboard.press(key)
    codes = lab.cloud("codes")
    assert np.abs(codes[1] - before[1] - (0.1, -0.5)).max() < 1e-3
    assert (np.delete(codes, 1, 0) == np.delete(before, 1, 0)).all()
    x, y = (f"{value:.2f}".replace("-", "−") for value in codes[1])
    assert page.text_content("#said").startswith(f"codes 2 at {x}, {y}. W₁ ")
    page.keyboard.press("c")
    before = lab.cloud("prior")
    page.keyboard.press("ArrowUp")
    assert np.abs(lab.cloud("prior")[0] - before[0] - (0, 0.1)).max() < 1e-3
    choose(page, "tool", "draw")
    page.focus("#plane")
    for key in ["Shift+ArrowLeft", "ArrowUp", "Space"]:
        page.keyboard.press(key)
    moved = lab.cloud("prior") - (-0.5, 0.1)  # one of them, whichever the pen came to
    assert np.abs(moved).max(axis=1).min() < 1e-3


def test_a_finger_on_a_phone(watched):
    page = watched.open(URL, width=360, height=740, touch=True)
    lab = Laboratory(page)
    order = ["play", "plane", "tasks", "switches", "tools", "numbers"]
    tops = page.evaluate(
        "(all) => all.map((id) => document.getElementById(id).getBoundingClientRect().top)", order
    )
    assert tops == sorted(tops)
    for place in (0, 1500, 4000):  # the numbers stay in sight
        page.evaluate(f"scrollTo({{ top: {place}, behavior: 'instant' }})")
        assert 0 <= page.locator("#strip").bounding_box()["y"] <= 740 - 50
    page.locator("#ten").tap()
    assert page.evaluate(UPDATES) == 10
    page.evaluate("document.getElementById('plane').scrollIntoView({ behavior: 'instant' })")
    codes = lab.cloud("codes")
    n = lonely(codes, lab.cloud("prior"))
    scroll = page.evaluate("scrollY")
    swipe(page, pixel(page, codes[n]), pixel(page, (-3, -3)))
    assert np.abs(lab.cloud("codes")[n] - (-3, -3)).max() < 0.05
    assert page.evaluate("scrollY") == scroll
    # A finger on an empty place takes hold of nothing, and scrolls the page.
    before = lab.cloud("codes")
    swipe(page, pixel(page, (-4, -1)), pixel(page, (-4, 3)))
    until(page, f"scrollY !== {scroll}")
    assert (lab.cloud("codes") == before).all()
    choose(page, "tool", "cloud")  # which every place takes hold of
    page.evaluate("document.getElementById('plane').scrollIntoView({ behavior: 'instant' })")
    scroll = page.evaluate("scrollY")
    swipe(page, pixel(page, (-4, -1)), pixel(page, (-4, 1)))
    assert np.abs(lab.cloud("codes") - before - (0, 2)).max(axis=1).min() < 0.05
    assert page.evaluate("scrollY") == scroll
