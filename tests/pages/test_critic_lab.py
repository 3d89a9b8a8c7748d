"""The critic's laboratory in a real browser: used as a reader uses it, by mouse, keys and finger.

What its mathematics is worth is tested in test_page_mathematics.py.
"""

import numpy as np
import pytest
from page_helpers import CRITIC_LAB, choose, contrast, luminance, settled, swipe

URL = CRITIC_LAB.as_uri()
POINTS = "criticLab.state().points"


def state(page):
    """Everything that a state is, in exact numbers."""
    return page.evaluate(
        """() => {
            const { points, u, view, settings } = criticLab.state();
            return { codes: [...points.codes], prior: [...points.prior], theta: [...u.critic.theta],
                     m: [...u.critic.m], t: u.t, view: { ...view }, settings: { ...settings } };
        }"""
    )


def cloud(page, which):
    return np.array(page.evaluate(f"[...{POINTS}.{which}]")).reshape(64, 2)


def number(page, name):
    return float(page.text_content(f"#{name}").replace("−", "-").replace(",", ""))


def pixel(page, point):
    """Where a point of the plane is on the screen."""
    box = page.locator("#plane").bounding_box()
    x, y = point
    return box["x"] + (x + 4.5) / 9 * box["width"], box["y"] + (4.5 - y) / 9 * box["height"]


def drag(page, start, *ends):
    page.locator("#plane").scroll_into_view_if_needed()
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


def test_it_opens_in_a_telling_state(watched):
    page = watched.open(URL)
    assert page.text_content("#updates") == "300"
    assert 1 < number(page, "estimate") / number(page, "w1") < 1.2
    assert number(page, "cosine") > 0.99
    assert "It is above" in page.text_content("#verdict")
    assert page.text_content("#status") == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 820, 1440])
def test_it_fits_and_is_readable(watched, scheme, width):
    page = watched.open(f"{URL}#seed=1&at=Adam&did=u2", width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colours = page.evaluate(
        """() => {
            const style = getComputedStyle(document.documentElement);
            const names = ["paper", "ground", "ink", "muted", "accent", "on-accent"];
            return names.map((name) => style.getPropertyValue("--" + name).trim());
        }"""
    )
    paper, ground, ink, muted, accent, on_accent = map(luminance, colours)
    assert (ink < paper) == (scheme == "light")
    for text, behind in [(ink, paper), (muted, paper), (muted, ground), (accent, paper)]:
        assert contrast(text, behind) > 4.5
    assert contrast(on_accent, accent) > 4.5


# ------------------------------------------------------------------------------------- buttons


def test_play_pause_and_start_over(watched):
    page = watched.open(f"{URL}#seed=5")
    start = state(page)
    page.click("#play")
    while state(page)["t"] < 20:
        page.wait_for_timeout(20)
    assert page.text_content("#play") == "Pause"
    page.click("#play")
    paused = state(page)["t"]
    page.wait_for_timeout(150)
    assert state(page)["t"] == paused
    assert page.url.endswith(f"#seed=5&did=u{paused}")
    page.click("#one")
    assert state(page)["t"] == paused + 1
    page.click("#start-over")
    assert state(page) == start
    page.click("#new-seed")
    assert page.url.endswith("#seed=6")
    assert state(page)["theta"] != start["theta"]


def test_the_keyboard_reaches_the_buttons(watched):
    page = watched.open(f"{URL}#seed=1")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "play"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert state(page)["t"] == 11


def test_every_switch_reaches_the_experiment(watched):
    page = watched.open(f"{URL}#seed=1")
    for key, values in page.evaluate("labState.CHOICES").items():
        for value in values:
            choose(page, key, value)
            assert state(page)["settings"][key] == value
    page.select_option("#codes", "rings")
    page.select_option("#prior", "wider")
    radii = np.linalg.norm(cloud(page, "codes"), axis=1)
    assert ((abs(radii - 1.2) < 0.3) | (abs(radii - 2.6) < 0.3)).all()
    assert cloud(page, "prior").std() > 1.4
    expected = "#seed=1&codes=rings&prior=wider&side=one&weight=100&clip=0.3&bug=sum&lr=0.01"
    assert sorted(page.url.partition("#")[2].split("&")) == sorted(expected[1:].split("&"))


def test_layers_are_drawn_and_taken_away(watched):
    page = watched.open(f"{URL}#seed=1&weight=1&show=&did=u40")
    picture = 'document.getElementById("plane").toDataURL()'
    pictures = {page.evaluate(picture)}
    for letter in "lasm":
        choose(page, "show", letter)
        settled(page)
        pictures.add(page.evaluate(picture))
    choose(page, "back", "slope")
    settled(page)
    pictures.add(page.evaluate(picture))
    assert len(pictures) == 6


# ------------------------------------------------------------------- mouse, keys and finger


def test_dragging_a_point(watched):
    page = watched.open(f"{URL}#seed=1")
    codes, prior = cloud(page, "codes"), cloud(page, "prior")
    n = lonely(codes, prior)
    drag(page, codes[n], (-3, 3))
    moved = cloud(page, "codes")
    assert np.abs(moved[n] - (-3, 3)).max() < 0.02  # a pixel
    assert (np.delete(moved, n, 0) == np.delete(codes, n, 0)).all()
    assert (cloud(page, "prior") == prior).all()
    assert "codes=~" in page.url
    assert page.input_value("#codes") == "drawn"


def test_dragging_a_whole_cloud(watched):
    page = watched.open(f"{URL}#seed=1&codes=bimodal")
    before = cloud(page, "prior")
    choose(page, "tool", "cloud")
    choose(page, "which", "prior")
    drag(page, (0, 0), (0.5, -1))
    shift = cloud(page, "prior") - before
    assert np.abs(shift - (0.5, -1)).max() < 0.02


def test_drawing_a_cloud(watched):
    page = watched.open(f"{URL}#seed=1")
    choose(page, "tool", "draw")
    corners = [(-4, -3), (4, -3), (4, 3), (-4, 3)]  # far apart: a quick hand
    drag(page, *corners)
    codes = cloud(page, "codes")
    on_path = (abs(abs(codes[:, 1]) - 3) < 0.02) | (abs(codes[:, 0] - 4) < 0.02)
    assert on_path.all()
    assert len(np.unique(codes, axis=0)) == 64
    gaps = np.linalg.norm(np.diff(codes, axis=0), axis=1)
    assert np.median(gaps) < 0.2


def test_the_keyboard_moves_and_draws_points(watched):
    page = watched.open(f"{URL}#seed=1")
    before = cloud(page, "codes")
    page.focus("#plane")
    for key in ["n", "n", "b", "ArrowRight", "Shift+ArrowDown"]:
        page.keyboard.press(key)
    codes = cloud(page, "codes")
    assert np.abs(codes[1] - before[1] - (0.1, -0.5)).max() < 1e-3
    assert (np.delete(codes, 1, 0) == np.delete(before, 1, 0)).all()
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
    page = watched.open(f"{URL}#seed=1", width=360, height=740, touch=True)
    page.locator("#ten").tap()
    assert state(page)["t"] == 10
    page.locator("#plane").scroll_into_view_if_needed()
    codes = cloud(page, "codes")
    n = lonely(codes, cloud(page, "prior"))
    scroll = page.evaluate("scrollY")
    swipe(page, pixel(page, codes[n]), pixel(page, (-3, -3)))
    assert np.abs(cloud(page, "codes")[n] - (-3, -3)).max() < 0.05
    assert page.evaluate("scrollY") == scroll
    # A finger on an empty place takes hold of nothing, and scrolls the page.
    before = state(page)
    swipe(page, pixel(page, (-4, 1)), pixel(page, (-4, 4)))
    page.wait_for_timeout(100)
    assert state(page)["codes"] == before["codes"]
    assert page.evaluate("scrollY") > scroll


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
    assert state(again) == expected
    assert again.text_content("#stage") == page.text_content("#stage")
    assert again.text_content("#numbers dl") == page.text_content("#numbers dl")


def test_an_address_that_means_nothing_is_said_to(watched):
    strange = "seed=1&bug=none2&weight=7&did=u5,seed:3,clip=7&codes=~AAAA"
    page = watched.open(f"{URL}#{strange}")
    told = page.text_content("#status")
    assert (
        told.startswith("Not understood in the address") and "weight=7" in told and "clip=7" in told
    )
    assert "seed:3" in told and "codes=~AAAA" in told
    assert state(page)["t"] == 5
    page.click("#start-over")
    settled(page)
    assert page.text_content("#status") == ""


def test_a_link_in_the_page_sets_up_its_task(watched):
    page = watched.open(f"{URL}#seed=1")
    page.get_by_role("link", name="No penalty").click()
    page.wait_for_selector("body[data-state=replaying]")
    page.wait_for_selector("body[data-state=ready]")
    found = state(page)
    assert found["t"] == 300 and found["settings"]["weight"] == "0"
    assert "did=u300,weight:0" in page.url


# What the page promises under "what to expect" for a link, with the digits that it gives.
PROMISES = {
    "#seed=1&weight=1&did=u400": (5.6, 0.1),
    "#seed=1&clip=0.1&did=u400": (1.2, 0.05),
    "#seed=1&bug=batch&did=u400": (0.29, 0.01),
    "#seed=1&bug=sum&did=u400": (0.25, 0.005),
    "#seed=1&codes=normal&did=u400": (0.35, 0.01),
}


@pytest.mark.parametrize("link", PROMISES)
def test_what_the_tasks_promise(watched, link):
    page = watched.open(URL + link)
    promised, tolerance = PROMISES[link]
    item = page.locator("#tasks li", has=page.locator(f'a[href="{link}"]'))
    assert f"{promised:g}" in item.locator("details").text_content()
    assert abs(number(page, "estimate") - promised) < tolerance
