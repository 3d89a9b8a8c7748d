"""All pages on all screens: widths, zoom, light, dark, the reader's own colours, two browsers."""

from pathlib import Path

import numpy as np
import pytest
from page_helpers import CRITIC_LAB, VAE_LAB, Drawing, contrast, settled

from npvae.report.page import write_page

LAB = CRITIC_LAB + "#seed=1&did=u20&at=Adam"
VAE = VAE_LAB + "#seed=1&t=2&show=ef&task=2"


@pytest.fixture(params=["lab", "vae", "explorer"])
def url(request, made):
    return {"lab": LAB, "vae": VAE}.get(request.param) or made.url


def axe(page):
    """What axe-core finds: the rule and where."""
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js")
    page.evaluate(source.read_text(encoding="utf-8"))
    return page.evaluate(
        """async () => (await axe.run()).violations.map(({ id, nodes }) =>
            [id, nodes.map(({ target, failureSummary }) => [target, failureSummary])])"""
    )


OUTSIDE = """[...document.querySelectorAll("button, select, input, canvas, svg, #strip")]
    .filter((e) => {
    const box = e.getBoundingClientRect(), width = document.documentElement.clientWidth;
    return box.width && (box.left < -0.5 || box.right > width + 0.5) && !e.closest(".scroller");
}).map((e) => e.id || e.outerHTML.slice(0, 80))"""
SMALL = """[...document.querySelectorAll("button")].filter((b) => b.offsetWidth &&
    b.offsetHeight < 24 && !b.closest(".strip, #picker")).map((b) => b.id || b.textContent)"""
CANVAS = "document.querySelector('#plane, .plane, .map')"
INKS = ["paper", "ink", *(f"class-{n}" for n in range(10)), "heat-low", "heat-high"]


def test_it_follows_the_screen(watched, url):
    """It fits, is sharp, can be read, and a frame without a size does no harm. At 640 pixels it is
    as on 1,280 at 200 % zoom."""
    page = watched.open(url, device_scale_factor=2)
    for width in (360, 640, 820, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OUTSIDE) == page.evaluate(SMALL) == []
        drawn, shown = page.evaluate(f"[{CANVAS}.width, 2 * {CANVAS}.clientWidth]")
        assert drawn == shown
    pictures = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        settled(page)
        paper, ink, *others = page.evaluate("(all) => all.map(npvaePictures.rgb)", INKS)
        assert (sum(ink) < sum(paper)) == (scheme == "light") and contrast(ink, paper) > 7
        *marks, low, high = others  # labels can be read over the critic's score
        assert min(contrast(mark, at) for mark in marks for at in (low, high, paper)) > 4.5
        assert axe(page) == []
        pictures.add(page.evaluate(f"{CANVAS}.toDataURL()"))
    assert len(pictures) == 2
    page.evaluate("document.body.hidden = true")
    page.emulate_media(color_scheme="light")
    settled(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_report(browser, tmp_path, scheme):
    """A short one: its head with the drawing, a table, a fold."""
    text = "# The report\n\n## One\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    (tmp_path / "report.html").write_text(write_page(text, tmp_path), encoding="utf-8")
    page = browser.new_page(color_scheme=scheme)
    page.goto((tmp_path / "report.html").as_uri())
    links = page.locator("nav.drawing a").evaluate_all(
        "(all) => all.map((a) => a.getAttribute('href').split('/').at(-1))"
    )
    assert links == ["vae_lab.html", "explorer.html", "vae_lab.html", "critic_lab.html"]
    found = axe(page)
    page.close()
    assert found == []


def test_the_readers_own_colours_and_less_motion(watched, url):
    """With forced colours the canvases are painted in them, and what is chosen can be seen."""
    page = watched.open(url)
    behaviour = """() => { const html = document.documentElement;
        html.style.scrollBehavior = "";  // what the tests set
        return getComputedStyle(html).scrollBehavior; }"""
    assert page.evaluate(behaviour) == "smooth"
    before = page.evaluate(f"{CANVAS}.toDataURL()")
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    assert page.evaluate(behaviour) == "auto"
    settled(page)
    assert page.evaluate(f"{CANVAS}.toDataURL()") != before
    own = page.evaluate(
        """() => { const probe = document.createElement("i");
            document.body.append(probe);
            return ["Canvas", "CanvasText"].map((name) => {
                probe.style.color = name;
                const { color } = getComputedStyle(probe);
                return color.match(/\\d+/g).slice(0, 3).map(Number); }); }"""
    )
    assert page.evaluate("['paper', 'ink'].map(npvaePictures.rgb)") == own
    look = "(e) => getComputedStyle(e).backgroundColor"
    radios = page.locator("fieldset label:has(input)")
    chosen = radios.locator("input:checked + span").first.evaluate(look)
    assert chosen != radios.locator("input:not(:checked) + span").first.evaluate(look)


def test_numbers_as_text(still):
    found = still.evaluate(
        """[0, 2.4821, 26412.6, 1e6 - 1, 1e6, -0.5, 1e-7, -3e12, NaN, 0.0004].map((x) =>
            npvaePictures.format(x))"""
    )
    told = ["0.000", "2.482", "26,413", "999,999", "1.0e+6", "−0.500", "1.0e−7", "−3.0e+12"]
    assert found == [*told, "not finite", "4.0e−4"]
    rounded = "[0.011, 0.2, 3, 51, 100].map((x) => npvaePictures.roundUp(x))"
    assert still.evaluate(rounded) == pytest.approx([0.02, 0.2, 5, 100, 100])


def test_a_field_is_drawn_as_it_is(still):
    """Of f(x, y) = x + 2y: contours at multiples of 0.5, a thick one at 0; colours follow f."""
    drawing = Drawing(
        still,
        """() => {
            const { NODES, nodePlace, contours, heatMap } = npvaeField, size = 400;
            const canvas = new OffscreenCanvas(size, size);
            const ctx = canvas.getContext("2d", { willReadFrequently: true });
            const values = Float64Array.from({ length: NODES ** 2 }, (_, n) =>
                nodePlace(n % NODES, 1) + 2 * nodePlace(Math.floor(n / NODES), 1));
            contours(ctx, size, values, 0.5, 0);
            const at = ([x, y]) => [...ctx.getImageData(x, y, 1, 1).data];
            const inks = [[200, 200], [300, 200]].map(at);
            heatMap(ctx, size, values, [-3, 3]);
            return [...inks, ...[[0, 399], [399, 399], [0, 0], [399, 0]].map(at)]; }""",
    )
    x, y = (drawing.lines().reshape(-1, 2) / 200 - 1).T * [[1], [-1]]
    assert len(x) > 100 and np.abs((x + 2 * y) * 2 - np.round((x + 2 * y) * 2)).max() < 1e-9
    ink, contour, low, high = np.array(still.evaluate(
        "['ink', 'contour', 'heat-low', 'heat-high'].map(npvaePictures.rgb)"))  # fmt: skip
    colours = np.array(drawing.result)
    expected = [ink, contour, low, low + (high - low) / 3, high - (high - low) / 3, high]
    assert np.abs(colours[:, :3] - expected).max() < 7
    assert colours[0, 3] == 255 > colours[1, 3] > 0


GREY_GAP = """(() => { const canvas = document.querySelector("#decoded canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const model = explorer.page.models[0];
    const { image } = explorerNetworks.decode(model, explorer.latent.codeOf(model));
    return Math.max(...image.map((v, n) => Math.abs(Math.round(255 * v) - data[4 * n]))); })()"""
# What is clicked (and where in it), and what must then become true.
IN_FIREFOX = {
    "lab": [
        ("#play", "criticLab.state().u.t > 40"),
        ("#play", "document.getElementById('play').textContent === 'Play'"),
        ("input[name=tool][value=draw]", "document.querySelector('[value=draw]').checked"),
        ("#plane", 0.25, 0.25, "Math.abs(criticLab.state().points.codes[1] - 2.25) < 0.03"),
    ],
    "vae": [
        ("#one", "vaeLab.present()?.t === 3"),
        ("#play", "vaeLab.present()?.t > 5"),
        ("#play", "!vaeLab.playing()"),
    ],
    "explorer": [
        ("#zero", "explorer.latent.state.numbers[1] === 0"),
        ("#z2", 0.75, 0.5, "explorer.latent.state.numbers[1] > 1"),
        ("#picker button:nth-child(5)", "explorer.image.state.picked === 4"),
        ("input[name=layer][value=score]", "explorer.map.maps[1].canvas.dataset.layer === 'score'"),
        ("#prior", f"{GREY_GAP} === 0"),
    ],
}


@pytest.mark.parametrize("name", IN_FIREFOX)
def test_in_firefox(firefox, watched, made, name):
    url = {"lab": LAB, "vae": VAE}.get(name, made.url)
    firefox.open(url)
    if name == "vae":
        firefox.wait("vaeLab.present()?.t === 2")
    for selector, *place, condition in IN_FIREFOX[name]:
        firefox.click(selector, *place)
        firefox.wait(condition)
    firefox.open(url, 360, 740)
    assert firefox.evaluate("document.documentElement.scrollWidth") <= 360
    assert firefox.log == []
    if name == "lab":  # it computes what Chromium does
        expected = watched.open(url).evaluate(theta := "[...criticLab.state().u.critic.theta]")
        assert firefox.evaluate(theta) == pytest.approx(expected, abs=1e-6)
