"""The critic's laboratory in a real browser: used as a reader uses it, by mouse, keys and finger.

What its mathematics is worth is tested in test_page_mathematics.py.
"""

import re

import numpy as np
import pytest
from explorers import READ
from page_helpers import CRITIC_LAB, choose, number, settled, swipe, until

URL = CRITIC_LAB.as_uri()
POINTS = "criticLab.state().points"


def state(page):
    """Everything that a state is, in exact numbers."""
    return page.evaluate(
        """() => {
            const { points, u, view, settings, history } = criticLab.state();
            return { codes: [...points.codes], prior: [...points.prior], theta: [...u.critic.theta],
                     m: [...u.critic.m], t: u.t, view: { ...view }, settings: { ...settings },
                     history };
        }"""
    )


def cloud(page, which):
    return np.array(page.evaluate(f"[...{POINTS}.{which}]")).reshape(64, 2)


def updates(page):
    return page.evaluate("criticLab.state().u.t")


def pixel(page, point):
    """Where a point of the plane is on the screen."""
    box = page.locator("#plane").bounding_box()
    x, y = point
    return box["x"] + (x + 4.5) / 9 * box["width"], box["y"] + (4.5 - y) / 9 * box["height"]


def drag(page, start, *ends):
    page.evaluate("plane.scrollIntoView({ behavior: 'instant', block: 'nearest' })")
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


def ready(page):
    page.wait_for_selector("body[data-state=ready]")
    settled(page)


# ------------------------------------------------------------------------------- Play and buttons


def test_it_opens_untrained_and_plays_at_a_chosen_speed(watched):
    page = watched.open(URL)
    assert page.text_content("#updates") == "0" and "random" in page.text_content("#verdict")
    assert page.text_content("#slope") == page.text_content("#penalty") == "–"
    start = state(page)
    page.select_option("#speed", "10")
    before = page.evaluate("performance.now()")
    page.click("#play")
    assert page.get_attribute("#verdict", "aria-live") == "off"  # it would speak without a pause
    until(page, "criticLab.state().u.t > 4")
    page.click("#play")
    seconds = (page.evaluate("performance.now()") - before) / 1000
    assert updates(page) <= 10 * seconds + 1
    page.select_option("#speed", "0")
    page.click("#play")
    until(page, "criticLab.state().u.t > 300")
    assert page.text_content("#play") == "Pause"
    until(page, "!document.getElementById('verdict').textContent.includes('random')")
    page.click("#play")
    assert page.get_attribute("#verdict", "aria-live") == "polite"
    paused = updates(page)
    page.wait_for_timeout(100)
    assert updates(page) == paused and page.url.endswith(f"#seed=1&speed=0&did=u{paused}")
    page.click("#one")
    assert updates(page) == paused + 1
    page.click("#start-over")
    assert state(page) == start | {"view": start["view"] | {"speed": "0"}}
    page.click("#new-seed")
    assert page.url.endswith("#seed=2&speed=0") and state(page)["theta"] != start["theta"]


def test_every_switch_reaches_the_experiment(watched):
    page = watched.open(URL)
    for key, values in page.evaluate("labState.CHOICES").items():
        for value in values:
            choose(page, key, value)
            assert state(page)["settings"][key] == value
    page.select_option("#codes", "rings")
    page.select_option("#prior", "wider")
    radii = np.linalg.norm(cloud(page, "codes"), axis=1)
    assert ((abs(radii - 1.2) < 0.3) | (abs(radii - 2.6) < 0.3)).all()
    assert cloud(page, "prior").std() > 1.4
    expected = "seed=1&codes=rings&prior=wider&side=one&weight=100&clip=0.3&bug=sum&lr=0.01"
    expected += "&judge=classifier"
    assert sorted(page.url.partition("#")[2].split("&")) == sorted(expected.split("&"))


def test_moves_leave_a_trace_and_play_alternates(watched):
    page = watched.open(f"{URL}#seed=1&did=u300")
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
    history = state(page)["history"]
    assert history["moves"] == [300, 301, 302]
    assert w1 > history["entries"][-2]["w1"] > history["entries"][-1]["w1"]
    page.check("#play-moves")
    page.click("#play")
    until(page, "criticLab.state().u.t >= 310")
    page.click("#play")
    rounds = int(re.search(r"did=u300,m3,r(\d+)$", page.url)[1])
    assert updates(page) == 300 + 5 * rounds
    assert state(page)["history"]["moves"][3:] == [308 + 6 * k for k in range(rounds)]


def test_the_history_is_thinned_as_it_is_recorded(still):
    history = still.evaluate(
        """() => { const lab = labModel.open("#seed=1&did=u1700");
            labModel.replay(lab, 1e6);
            return lab.history; }"""
    )
    steps = [entry["step"] for entry in history["entries"]]
    assert history["every"] == 4 and steps == list(range(0, 1700, 4))


# ---------------------------------------------------------------------- mouse, keys and finger


def test_dragging_a_point(watched):
    page = watched.open(URL)
    codes, prior = cloud(page, "codes"), cloud(page, "prior")
    n = lonely(codes, prior)
    drag(page, codes[n], (-3, 3))
    moved = cloud(page, "codes")
    assert np.abs(moved[n] - (-3, 3)).max() < 0.02  # a pixel
    assert (np.delete(moved, n, 0) == np.delete(codes, n, 0)).all()
    assert (cloud(page, "prior") == prior).all()
    assert "codes=~" in page.url and page.input_value("#codes") == "drawn"
    settled(page)
    told = re.fullmatch(r"codes (\d+) at −[23]\.\d+, [23]\.\d+\. W₁ (\S+)", text(page, "said"))
    assert int(told[1]) == n + 1 and told[2] == page.text_content("#w1")


def text(page, name):
    return page.text_content(f"#{name}")


def test_moving_and_drawing_a_whole_cloud(watched):
    page = watched.open(f"{URL}#seed=1&codes=bimodal")
    before = cloud(page, "prior")
    choose(page, "tool", "cloud")
    choose(page, "which", "prior")
    drag(page, (0, 0), (0.5, -1))
    assert np.abs(cloud(page, "prior") - before - (0.5, -1)).max() < 0.02
    choose(page, "tool", "draw")
    choose(page, "which", "codes")
    drag(page, (-4, -3), (4, -3), (4, 3), (-4, 3))  # far apart: a quick hand
    codes = cloud(page, "codes")
    assert ((abs(abs(codes[:, 1]) - 3) < 0.02) | (abs(codes[:, 0] - 4) < 0.02)).all()
    assert len(np.unique(codes, axis=0)) == 64
    assert np.median(np.linalg.norm(np.diff(codes, axis=0), axis=1)) < 0.2


def test_the_keyboard_moves_and_draws_points(watched):
    page = watched.open(URL)
    before = cloud(page, "codes")
    page.focus("#plane")
    for key in ["n", "n", "b", "ArrowRight", "Shift+ArrowDown"]:
        page.keyboard.press(key)
    codes = cloud(page, "codes")
    assert np.abs(codes[1] - before[1] - (0.1, -0.5)).max() < 1e-3
    assert (np.delete(codes, 1, 0) == np.delete(before, 1, 0)).all()
    x, y = (f"{value:.2f}".replace("-", "−") for value in codes[1])
    assert text(page, "said").startswith(f"codes 2 at {x}, {y}. W₁ ")
    page.keyboard.press("c")
    before = cloud(page, "prior")
    page.keyboard.press("ArrowUp")
    assert np.abs(cloud(page, "prior")[0] - before[0] - (0, 0.1)).max() < 1e-3
    choose(page, "tool", "draw")
    page.focus("#plane")
    for key in ["Shift+ArrowLeft", "ArrowUp", "Space"]:
        page.keyboard.press(key)
    assert np.abs(cloud(page, "prior")[0] - (-0.5, 0.1)).max() < 1e-3


def test_a_finger_on_a_phone(watched):
    page = watched.open(URL, width=360, height=740, touch=True)
    order = ["play", "plane", "tasks", "switches", "tools", "numbers"]
    tops = page.evaluate(
        "(all) => all.map((id) => document.getElementById(id).getBoundingClientRect().top)", order
    )
    assert tops == sorted(tops)
    for place in (0, 1500, 4000):  # the numbers stay in sight
        page.evaluate(f"scrollTo({{ top: {place}, behavior: 'instant' }})")
        assert 0 <= page.locator("#strip").bounding_box()["y"] <= 740 - 50
    page.locator("#ten").tap()
    assert updates(page) == 10
    page.evaluate("document.getElementById('plane').scrollIntoView({ behavior: 'instant' })")
    codes = cloud(page, "codes")
    n = lonely(codes, cloud(page, "prior"))
    scroll = page.evaluate("scrollY")
    swipe(page, pixel(page, codes[n]), pixel(page, (-3, -3)))
    assert np.abs(cloud(page, "codes")[n] - (-3, -3)).max() < 0.05
    assert page.evaluate("scrollY") == scroll
    # A finger on an empty place takes hold of nothing, and scrolls the page.
    before = state(page)
    swipe(page, pixel(page, (-4, -1)), pixel(page, (-4, 3)))
    page.wait_for_timeout(100)
    assert state(page)["codes"] == before["codes"]
    assert page.evaluate("scrollY") != scroll


# ----------------------------------------------------------------------------------- the address


def test_the_address_holds_everything(watched):
    page = watched.open(f"{URL}#seed=2&codes=bimodal&lr=0.01")
    page.click("#ten")
    page.click("#move")
    choose(page, "weight", "0")
    page.click("#one")
    codes = cloud(page, "codes")
    drag(page, codes[lonely(codes, cloud(page, "prior"))], (3, 3))
    page.click("#ten")
    choose(page, "back", "slope")
    choose(page, "show", "m")
    page.click('button[data-stage="dz"]')
    page.locator("#slow-row").fill("7")
    settled(page)
    expected = state(page)
    assert expected["t"] == 21 and expected["view"]["at"] == "dz" and expected["view"]["row"] == "7"
    again = watched.open(URL + page.get_attribute("#link", "href"))
    assert state(again) == expected and again.is_enabled("#codes")
    for part in ("stage", "numbers", "strip"):
        assert text(again, part) == text(page, part)


def test_an_address_that_means_nothing_is_said_to(watched):
    strange = "seed=1&bug=none2&weight=7&row=64&speed=3&did=u5,seed:3,clip=7&codes=~AAAA"
    page = watched.open(f"{URL}#{strange}")
    told = text(page, "status")
    assert told.startswith("Not understood in the address")
    assert all(
        part in told
        for part in ("weight=7", "clip=7", "seed:3", "codes=~AAAA", "row=64", "speed=3")
    )
    assert updates(page) == 5
    page.click("#start-over")
    settled(page)
    assert text(page, "status") == ""


def test_a_long_address_can_be_stopped_and_goes_on_from_a_checkpoint(watched):
    page = watched.open(URL)
    said = page.evaluate(
        """() => { const status = document.getElementById("status");
            window.said = [];
            new MutationObserver(() => said.push(status.textContent))
                .observe(status, { childList: true });
            return said; }"""
    )
    assert said == []
    page.evaluate("location.hash = '#seed=1&weight=1&did=u400,m2,r30,u400000'")
    page.wait_for_selector("body[data-state=replaying]")
    until(page, "JSON.parse(sessionStorage.getItem('npvae critic_lab') ?? '[0, 0]')[1] > 1200")
    assert page.is_disabled("#play") and page.is_disabled("#codes") and page.is_enabled("#stop")
    assert re.fullmatch(r"39\d,\d{3} steps left", text(page, "left"))
    assert page.evaluate("said.length") == 1  # a screen reader hears it once
    page.click("#stop")
    stopped = state(page)
    assert page.is_enabled("#play") and page.is_hidden("#replay")
    assert page.url.endswith(f"did=u400,m2,r30,u{stopped['t'] - 550}")
    page.reload()
    first = page.evaluate("criticLab.state().diary[0].value")
    ready(page)
    assert first == 400 and state(page) == stopped
    kept = page.evaluate("JSON.parse(sessionStorage.getItem('npvae critic_lab'))[1]")
    assert 0 < stopped["t"] - kept <= stopped["t"]


def test_a_checkpoint_serves_only_what_begins_like_it(watched):
    page = watched.open(URL)
    rest = page.evaluate(
        """() => {
            const read = (text) => labState.read("#seed=1&did=" + text).diary;
            const rest = (all, done) => labState.rest(read(all), read(done));
            return [rest("u9,m2,weight:1,u5", "u9,m2,weight:1,u3"), rest("u9,m2", "u9,m2"),
                    rest("u9,m2", "u9,m3"), rest("u9,m2", "u8,m2"),
                    rest("u9,weight:1", "u9,weight:0"), rest("u9", "m9"),
                    rest("r7,u1", "r2"), rest("u5", "")]; }"""
    )
    entry = lambda key, value: {"key": key, "value": value}  # noqa: E731
    expected = [[entry("u", 2)], [], None, None, None, None]
    assert rest == [*expected, [entry("r", 5), entry("u", 1)], [entry("u", 5)]]
    resumed = page.evaluate(
        """() => {
            const open = (hash) => labModel.open("#" + hash);
            const lab = open("seed=1&did=u30,m1,u10"), text = () => labModel.keep(lab);
            labModel.replay(lab, 1e6);
            return ["seed=1&did=u30,m1,u12", "seed=2&did=u30,m1,u12",
                    "seed=1&lr=0.01&did=u30,m1,u12", "seed=1&did=u30,m1,u10",
                    "seed=1&did=u30,m1,u10,m1"].map((hash) => {
                const other = open(hash);
                labModel.resume(other, text());
                return other.u.t; }); }"""
    )
    assert resumed == [40, 0, 0, 0, 0]


# ------------------------------------------------------------------------------------- the tasks


def test_a_task_is_set_up_in_sight(watched):
    page = watched.open(URL)
    link = page.get_by_role("link", name="No penalty")
    for _ in range(2):  # a second time, too
        link.click()
        ready(page)
        assert updates(page) == 300 and state(page)["settings"]["weight"] == "0"
        until(page, "Math.abs(picture.getBoundingClientRect().top) < 60")
        assert page.evaluate("document.activeElement.id") == "picture-title"
        page.click("#ten")
    for _ in range(2):
        page.go_back()
        ready(page)
    until(page, "criticLab.state().settings.weight === '10'")


# What the page promises under "what to expect" for a link, with the digits that it gives.
PROMISES = {
    "#seed=1&weight=1&did=u400": {"estimate": (5.6, 0.1)},
    "#seed=1&clip=0.1&did=u400": {"estimate": (1.2, 0.05)},
    "#seed=1&bug=batch&did=u400": {"estimate": (0.29, 0.01)},
    "#seed=1&bug=sum&did=u400": {"estimate": (0.25, 0.005)},
    "#seed=1&codes=normal&did=u400": {"estimate": (0.35, 0.01), "w1": (0.47, 0.005)},
    "#seed=1&codes=far&judge=classifier&weight=0&show=la&did=u300": {
        "estimate": (0.693, 0.0005), "w1": (4.09, 0.0005), "force": (0.002, 0.0005),
    },
}  # fmt: skip
GO_ON = {  # what a reader is told to do next: the link, what is done, and W1 after it
    "#seed=1&did=u300": ("m10", 1.38),
    "#seed=1&speed=10&moves=on&did=u300": ("r20", 0.46),
    "#seed=1&codes=far&judge=classifier&weight=0&show=la&did=u300": ("m20", 4.087),
    "#seed=1&codes=rings&did=u400": ("", None),
}


def test_the_tasks_show_what_they_promise(watched):
    page = watched.open(URL)
    links = page.locator("#tasks a[href^='#']").evaluate_all("(all) => all.map((a) => a.hash)")
    assert len(links) == 13 and set(PROMISES) | set(GO_ON) <= set(links)
    for link in links:
        told = page.locator("#tasks li", has=page.locator(f'a[href="{link}"]'))
        told = told.locator("details").text_content()
        page.evaluate("(hash) => { location.hash = hash + '&row=1'; }", link)
        until(page, "criticLab.state().view.row === '1'")
        ready(page)
        for name, (promised, tolerance) in PROMISES.get(link, {}).items():
            assert f"{promised:g}" in told
            assert abs(number(page, name) - promised) < tolerance
        if link in GO_ON and GO_ON[link][0]:
            doing, w1 = GO_ON[link]
            page.evaluate("(d) => { location.hash += ',' + d + '&row=2'; }", doing)
            until(page, "criticLab.state().view.row === '2'")
            ready(page)
            assert f"{w1:g}" in told and number(page, "w1") == pytest.approx(w1, abs=0.005)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("did=u60", "falls short"),
        ("did=u300", "It is above"),
        ("did=u300,weight:0,u40", "No penalty: the estimate is \\d+ times W₁"),
        ("clip=0.1&did=u60", "Weight clipping"),
        ("bug=alpha&did=u60", "leave the lines"),
        ("did=u200,m30", "The pull points away"),
        ("judge=classifier&did=u60", "Jensen–Shannon divergence, at \\d+(\\.\\d)? % of its"),
    ],
)
def test_the_verdict_fits_the_state(still, address, words):
    verdict = still.evaluate(
        """(hash) => { const lab = labModel.open("#seed=1&" + hash);
            labModel.replay(lab, 1e6);
            return labWords.verdict(lab, labModel.measure(lab)); }""",
        address,
    )
    assert re.search(words, verdict)
