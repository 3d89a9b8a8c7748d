"""The explorer in a real browser: used as a reader uses it, by mouse, keys and finger."""

import re

import numpy as np
import pytest
from explorers import KEYS, READ, decoded, image_of, mode, numbers, on_map, picture
from page_helpers import Drawing, resting, settled, swipe, until

from npvae.evaluation.distances import normal_w1


def test_it_opens_with_a_draw_of_the_prior(page, made):
    assert mode(page) == "z" and np.std(numbers(page)) > 0.1
    for m, key in enumerate(KEYS):
        for place in ("#decoded", "#map-decoded"):
            assert picture(page, f"{place} canvas[data-model={key}]") == decoded(page, m)
    assert re.search(r"score −?\d.*, slope \d", page.text_content("#decoded .ws"))
    assert "critic" not in page.text_content("#decoded .kl") + page.text_content("#decoded .sw")
    draws = page.evaluate("explorer.latent.state.draws.map((z) => [...z])")
    assert len(draws) == 9 and draws[0] == numbers(page)
    for n in range(27):  # nine of each model at once
        code = f"explorer.latent.state.draws[{n % 9}]"
        assert picture(page, "#draws canvas", n) == decoded(page, n // 9, code)
    assert page.text_content("#latent-size") == "5"
    assert page.is_hidden("#missing")
    shown = page.locator("header [data-of]:visible b").all_text_contents()
    assert shown == ["KL", "WS", "SW"]


def test_a_slider_dragged_with_the_mouse(page, made):
    before, cross = numbers(page), "document.querySelector('canvas.map').toDataURL()"
    map_before = page.evaluate(cross)
    page.evaluate("z2.scrollIntoView({ behavior: 'instant', block: 'center' })")
    box = page.locator("#z2").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, y, steps=5)
    assert picture(page, "#decoded canvas") == decoded(page, 0)  # while it moves
    page.mouse.up()
    after = numbers(page)
    assert page.evaluate("[...explorer.latent.state.draws[0]]") == before  # the draw stays
    assert after[1] == page.evaluate("explorer.page.reach")
    assert after[:1] + after[2:] == before[:1] + before[2:]
    assert picture(page, "#decoded canvas", 1) == decoded(page, 1)
    resting(page, "document.querySelector('#along .strip canvas').toDataURL()")
    assert page.evaluate(cross) != map_before
    first = "explorer.latent.state.numbers.with(0, -explorer.page.reach)"
    assert picture(page, "#along .strip canvas") == decoded(page, 0, first)
    page.select_option("#strip-dimension", "1")
    assert picture(page, "#along .strip canvas", 8) == decoded(page, 0)
    label = page.locator("#along button").nth(8).get_attribute("aria-label")
    assert label == f"KL: {after[1]:g}"
    page.focus("#z2")
    page.keyboard.press("Home")
    assert numbers(page)[1] == -after[1]


def test_the_keyboard_and_each_models_own_shape(page, made):
    page.click("#zero")
    page.focus("input[name=mode]:checked")  # the switch between z and epsilon
    for key in ("ArrowRight", "Tab", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert mode(page) == "eps" and numbers(page) == pytest.approx([0.15, 0, 0, 0, 0])
    assert page.text_content("#sliders output") == "0.15"
    plain = "explorer.latent.state.numbers"
    for m in range(3):
        shaped = decoded(page, m, f"explorerNetworks.shaped(model, {plain})")
        assert picture(page, "#decoded canvas", m) == shaped != decoded(page, m, plain)
    page.click("#zero")
    assert picture(page, "#decoded canvas") == decoded(page, 0, "model.mean")
    for button, expected in (("prior", "z"), ("fitted", "eps")):
        page.click(f"#{button}")
        assert mode(page) == expected and np.std(numbers(page)) > 0.1
    assert page.text_content("#sliders label") == "ε1"
    shaped = "explorerNetworks.shaped(model, explorer.latent.state.draws[1])"
    assert picture(page, "#draws canvas", 10) == decoded(page, 1, shaped)


def test_draws_and_strips_can_be_taken(page, made):
    page.click("#prior")
    page.locator("#draws .strip").nth(1).locator("button").nth(4).click()
    assert numbers(page) == page.evaluate("[...explorer.latent.state.draws[4]]")
    assert picture(page, "#draws .strip canvas", 4) == decoded(page, 0)
    before = numbers(page)
    page.select_option("#strip-dimension", "3")
    page.locator("#along button").first.click()
    reach = page.evaluate("explorer.page.reach")
    assert numbers(page)[3] == -reach and numbers(page)[:3] == before[:3]
    # A row is one stop for the keyboard: arrows go along it, Tab to the next row.
    page.locator("#along button").first.focus()
    for key in ("End", "ArrowRight", "ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert numbers(page)[3] == pytest.approx(reach * 0.75, abs=0.026)
    focused = "document.activeElement.closest('.strip').firstChild.textContent"
    focused += " + document.activeElement.ariaLabel"
    before = page.evaluate(focused)
    page.keyboard.press("Tab")
    assert page.evaluate(focused).startswith("WS")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(focused) == before  # the row's stop is where one was


def test_picking_a_test_image(page, made):
    page.locator("#picker button").nth(7).click()
    pixels = page.evaluate("[...explorerNetworks.row(explorer.image.tests, 7)]")
    assert image_of(page).tolist() == pixels
    assert page.text_content("#picked") == "test image 8, label 3"
    assert np.round(255 * np.array(pixels)).tolist() == picture(page, "#pad")
    code = "explorerNetworks.encode(model, explorer.image.state.x).mu"
    for m, card in enumerate((".kl", ".ws")):
        assert picture(page, f"#encoded {card} .pixels") == decoded(page, m, code)
        told = page.locator(f"#encoded {card} figcaption span").first.text_content()
        expected = page.evaluate(
            """(m) => { const model = explorer.page.models[m], x = explorer.image.state.x;
                const { sse, bce } = explorerNetworks.reconstruct(model,
                    explorerNetworks.encode(model, x).mu, x);
                return [sse, bce].map((x) => npvaePictures.format(x, 2)); }""",
            m,
        )
        assert told == f"squared error {expected[0]}, BCE {expected[1]} nats"
    page.keyboard.press("ArrowRight")
    assert page.text_content("#picked") == "test image 9, label 0"
    page.locator("#encoded .ws button").click()
    assert numbers(page) == page.evaluate("[...explorer.image.state.codes[1].mu]")
    assert mode(page) == "z"


def test_sampling_again_moves_the_wide_posterior_only(page, made):
    cards = (".kl", ".ws")
    shown = lambda n: [picture(page, f"#encoded {card} .pixels", n) for card in cards]  # noqa: E731
    still, before = shown(0), shown(1)
    page.click("#again")
    after = shown(1)
    assert np.abs(np.subtract(before[0], after[0])).max() > 20
    assert np.abs(np.subtract(before[1], after[1])).max() <= 8
    assert still == shown(0)
    for gap, one, other in zip(shown(2), after, still, strict=True):  # grey where nothing changed
        change = np.clip(np.subtract(one, other), -127.5, 127.5)
        assert np.abs(np.array(gap) - 127.5 - change).max() < 2


# What eps is after frames at these milliseconds of a wobble, and after it has been stopped.
WOBBLE = """() => { const frames = [], eps = () => [...explorer.image.state.eps], found = [eps()];
    const { requestAnimationFrame } = window, wobble = document.getElementById("wobble");
    window.requestAnimationFrame = (frame) => frames.push(frame);
    const pressed = () => wobble.getAttribute("aria-pressed");
    wobble.click();
    found.push(pressed());
    for (const time of [100, 350, 1099, 1100, 1600]) { frames.pop()(time); found.push(eps()); }
    wobble.click();
    frames.forEach((frame) => frame(3000));
    found.push(eps(), pressed());
    Object.assign(window, { requestAnimationFrame });
    return found; }"""


@pytest.mark.parametrize("calm", [False, True])
def test_a_wobble_goes_round_until_it_is_stopped(watched, made, calm):
    """From draw to draw, eps = cos(a) from + sin(a) to; for who wants less motion, it jumps."""
    page = watched.open(made.url, reduced_motion="reduce" if calm else "no-preference")
    first, on, start, quarter, almost, second, half, stopped, off = page.evaluate(WOBBLE)
    assert (on, off) == ("true", "false") and start == first != second and stopped == half
    turn = np.radians(0 if calm else 22.5)
    expected = np.cos(turn) * np.array(first) + np.sin(turn) * np.array(second)
    assert quarter == pytest.approx(expected)
    assert almost == pytest.approx(first if calm else second, abs=0.01)
    assert (half == second) == calm
    code = "(({ mu, sigma }) => npvaeVae.reparameterise(mu, sigma, explorer.image.state.eps))"
    code += "(explorer.image.state.codes[0])"
    assert picture(page, "#encoded .kl .pixels", 1) == decoded(page, 0, code)


def test_the_bars_are_mu_and_sigma(page, made):
    """Those of mu about a line at 0; those of sigma logarithmic, from 1e-8 over nine decades."""
    bars = (
        f"(canvas, key) => {{ {READ}"
        """ const { width, height } = canvas, data = read(canvas), rgb = npvaePictures.rgb(key);
            return Array.from({ length: 5 }, (_, j) => {
                const x = Math.round(36 + ((width - 36) * (j + 0.5)) / 5), rows = [];
                for (let y = 0; y < height - 16; y++) {
                    const at = 4 * (y * width + x);
                    if (rgb.every((c, k) => c === data[at + k])) rows.push(y);
                }
                return [rows[0], rows.length];
            }); }"""
    )
    codes = "explorer.image.state.codes.map(({ mu, sigma }) => [[...mu], [...sigma]])"
    codes = np.array(page.evaluate(codes))
    far = page.evaluate("npvaePictures.roundUp", max(1, np.abs(codes)[:, 0].max()))
    whole = 112 - 24  # pixels
    for key, (mu, sigma) in zip(KEYS, codes, strict=True):
        canvases = page.locator(f"#encoded .{key} .bars")
        for n, values in enumerate((mu, sigma)):
            label = canvases.nth(n).get_attribute("aria-label")
            told = [float(x) for x in label.split(": ")[1].replace("−", "-").split("; ")]
            assert told == pytest.approx(values, rel=0.06, abs=5e-4 if values[0] > 1e-3 else 0)
        tops, sizes = np.transpose(canvases.nth(0).evaluate(bars, key))
        assert sizes == pytest.approx(np.maximum(2, whole * np.abs(mu) / 2 / far), abs=2)
        assert tops[mu > 0].max(initial=0) < tops[mu < 0].min(initial=200)  # below 0: they hang
        sizes = [size for _, size in canvases.nth(1).evaluate(bars, key)]
        assert sizes == pytest.approx(whole * np.log10(sigma / 1e-8) / 9, abs=2)
        assert (sigma < 1e-5).all() == (key != "kl") and min(sizes) > 5
    width = page.locator("#encoded .bars").first.evaluate("(canvas) => canvas.clientWidth")
    texts = Drawing(page, "() => explorer.image.show()").all("fillText")
    below = [(n, x) for n, x, y in texts if y == 112 - 3]  # the dimensions' numbers
    places = [(j + 1, pytest.approx(36 + (width - 36) * (j + 0.5) / 5)) for j in range(5)]
    assert below == places * 6


def test_drawing_with_the_mouse_and_with_keys(page, made):
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.75 * box["height"])
    page.mouse.up()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])  # draws no more
    settled(page)
    image = image_of(page).reshape(8, 6)
    assert (image[2:6, 1] > 0.4).all()  # the stroke, on an empty pad
    assert image[:, 2:].sum() == 0
    assert page.text_content("#picked") == "your drawing"
    assert np.round(255 * image).ravel().tolist() == picture(page, "#pad")
    code = "explorerNetworks.encode(model, explorer.image.state.x).mu"
    assert picture(page, "#encoded .kl .pixels") == decoded(page, 0, code)
    page.click("#centre")
    settled(page)
    centred = image_of(page).reshape(8, 6)
    columns = centred.sum(axis=0)
    assert (columns * (np.arange(6) + 0.5)).sum() / columns.sum() == pytest.approx(3, abs=0.5)
    assert centred.sum() == pytest.approx(image.sum())
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.1 * box["height"])
    settled(page)
    assert image_of(page).sum() > centred.sum()  # a drawing goes on
    page.click("#clear")
    settled(page)
    assert image_of(page).sum() == 0
    page.focus("#pad")
    for key in ["ArrowLeft", "Shift+ArrowDown", "Shift+ArrowDown", "Space"]:
        page.keyboard.press(key)
    settled(page)
    image = image_of(page).reshape(8, 6)
    assert image[4:7, 2].min() > 0.4 and image[:3].sum() == 0
    drawn = np.round(255 * image).ravel()
    assert np.flatnonzero(picture(page, "#pad") != drawn).tolist() == [6 * 6 + 2]  # the cursor
    page.locator("#pad").blur()
    assert picture(page, "#pad") == drawn.tolist()


def test_the_tasks_set_the_page_up(page, made):
    assert page.locator("#task-list li").count() == 5
    report = page.locator("#task-list details p").all_text_contents()
    for n, told in {
        2: "Width of z: KL 1.250*, WS 1.50*", 1: "Posterior σ: KL 0.50*, WS 0[.0]*",
        4: "The critic's W₁: KL –, WS 2.50*.* The critic's slope: KL –, WS 1.50*",
    }.items():  # fmt: skip
        assert re.search(told + r"(, SW –)?\. ", report[n])
    assert "(prior): not measured: it takes labels of two classes" in report[0]
    before = numbers(page)
    page.locator("#picker button").nth(7).click()
    for key, panel in {
        "draws": "latent", "again": "image", "histograms": "histograms", "line": "interpolation",
        "critic": "map-panel",
    }.items():  # fmt: skip
        page.click(f"button[data-task={key}]")
        assert page.locator(f"#{panel} h2").evaluate("(h) => h === document.activeElement")
        top = f"document.getElementById('{panel}').getBoundingClientRect().top"
        until(page, f"-5 < {top} && {top} < 900")
    assert numbers(page) != before and page.text_content("#picked").startswith("test image 1,")
    page.wait_for_selector("canvas[data-model=ws][data-layer=score]")
    assert page.is_checked("input[name=layer][value=score]")


def test_every_dimension_has_a_histogram_and_its_numbers(page, made):
    captions = page.locator("#histogram-list figcaption").all_text_contents()
    assert len(captions) == 5
    shapes = [(normal_w1(model.z), model.z.std(axis=0)) for model in made.models]
    expected = np.array([values for pair in zip(*shapes, strict=True) for values in pair])
    for j, caption in enumerate(captions):
        three = r"KL (\S+), WS (\S+), SW (\S+)"
        told = re.fullmatch(rf"z{j + 1} W₁ {three}; std {three}", caption).groups()
        assert [float(x) for x in told] == pytest.approx(expected[:, j], abs=0.006)
    drawing = Drawing(
        page,
        """() => { explorer.histograms.show();
            const { clientWidth, clientHeight } = document.querySelector(".histogram");
            const { models } = explorer.page, reach = Math.max(...models.map((m) => m.edges[1]));
            return [clientWidth, clientHeight, reach, models.map(({ edges }) => edges)]; }""",
    )
    width, height, reach, edges = drawing.result
    bins = [np.linspace(*ends, 61) for ends in edges]
    counts = [
        np.histogram(model.z[:, 0], ends)[0] / len(model.z)
        for model, ends in zip(made.models, bins, strict=True)
    ]
    values = np.array(counts) / np.diff(bins)
    texts, paths = drawing.all("fillText"), drawing.paths()[:4]
    place = lambda x: width * (np.add(x, reach)) / 2 / reach  # noqa: E731
    assert [text for text, *_ in texts[:3]] == ["−2", "0", "2"]
    assert [x for _, x, _ in texts[:3]] == pytest.approx(place([-2, 0, 2]))
    ways = [(c["name"], c["dash"]) for c in drawing.calls if c["name"] in ("fill", "stroke")]
    assert ways[:4] == [("fill", 0), ("stroke", 0), ("stroke", 2), ("stroke", 2)]  # without colour
    highest = min(1.2, max(0.45, np.max(values)))
    for ends, value, path in zip(bins, values, paths[:3], strict=True):
        x, y, _ = np.transpose(path)
        assert x[:-1] == pytest.approx(place(np.repeat(ends, 2)[1:-1]))
        tops = np.append(np.repeat(np.minimum(value, highest) / highest, 2), 0)
        assert (height - 16 - y) / (height - 20) == pytest.approx(tops)
    x, y, _ = np.transpose(paths[3])  # N(0, 1)
    density = np.exp(-((x / width * 2 * reach - reach) ** 2) / 2) / np.sqrt(2 * np.pi)
    assert (height - 16 - y) / (height - 20) == pytest.approx(density / highest, abs=0.01)


def test_a_finger_on_a_phone(watched, made):
    page = watched.open(made.url, width=360, height=740, touch=True)
    page.locator("#zero").tap()
    page.evaluate("document.getElementById('z4').scrollIntoView({ behavior: 'instant' })")
    shown = page.locator("#decoded canvas").first.bounding_box()
    assert 0 <= shown["y"] < 120  # the images stay in sight while a slider moves
    page.locator("#z1").scroll_into_view_if_needed()
    box = page.locator("#z1").bounding_box()
    page.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
    assert numbers(page)[0] > 0.5
    page.locator("#pad").scroll_into_view_if_needed()
    scroll, box = page.evaluate("scrollY"), page.locator("#pad").bounding_box()
    corner = box["x"] + 5, box["y"] + 5
    swipe(page, corner, (corner[0], corner[1] + 0.9 * box["height"]))
    settled(page)
    image = image_of(page).reshape(8, 6)
    assert (image[1:7, 0] > 0.4).all() and image[:, 3:].sum() == 0
    assert page.evaluate("scrollY") == scroll  # the page stays where it is while one draws
    page.touchscreen.tap(*on_map(page, "ws", (1, 1)))
    assert numbers(page)[:2] == pytest.approx([1, 1], abs=0.05)
