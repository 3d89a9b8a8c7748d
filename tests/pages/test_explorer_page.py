"""The explorer's file: what is in it, and that it opens for all sizes, screens and data."""

import re

import pytest
from explorers import IMAGES, READ, Explorer, decoded, numbers, on_map, picture
from page_helpers import choose, contrast, luminance

from npvae.pages.single_file import PAGES, json_text, policy

# ------------------------------------------------------------------------------ the file itself


def test_the_page_holds_its_sources_and_a_policy_for_them(made):
    for name in ("shared/mathematics.js", "shared/vae.js", "explorer/page.js"):
        assert f"<script>{(PAGES / name).read_text(encoding='utf-8')}</script>" in made.text
    assert "{{" not in made.text
    allowed = re.search(r'Content-Security-Policy" content="([^"]*)"', made.text)[1]
    assert allowed == policy(made.text)
    assert allowed.startswith("default-src 'none'; script-src 'sha256-")
    assert allowed.count("sha256-") == made.text.count("<script>") + made.text.count("<style>")
    assert "unsafe" not in allowed and "http" not in allowed
    assert set(re.findall(r"""(?:src|href)=["']([^"']*)""", made.text)) == {"report.html", "#image"}


def test_a_data_sets_name_is_only_text(watched, tmp_path):
    name = "</script><b>x</b>{{policy}}{{data}}\u2028<!--<script><img src=x onerror=alert(1)>"
    page = watched.open(Explorer(tmp_path, name=name).url)
    assert page.text_content("#data-name") == name
    assert page.locator("img").count() == 0
    assert page.locator("header b").all_text_contents() == ["KL", "WS", "decoder", "encoder"]
    assert "<" not in json_text({"name": name})


def test_the_reference_sizes_need_less_than_4_mb(tmp_path):
    """Forty pictures, 2,000 codes and the weights of the reference experiment."""
    small = Explorer(tmp_path, latent=10, shape=(28, 28), hidden=256)
    codes = 2 * (2_000 - IMAGES) * (2 * 10 + 2) * 2 * 4 / 3  # of both models, in base64
    labels = 2 * 2_000 * 2
    assert len(small.text.encode()) + codes + labels < 3.1e6


# ----------------------------------------------------------------- sizes, screens, what is missing


@pytest.mark.parametrize(
    ("latent", "shape"), [(2, (5, 9)), (64, (12, 4)), (1, (4, 4)), (70, (3, 3))]
)
def test_other_sizes(watched, tmp_path, latent, shape):
    other = Explorer(tmp_path, latent=latent, shape=shape)
    page = watched.open(other.url, width=700)
    shown = min(latent, 64)
    assert page.locator("#sliders input").count() == page.locator(".histogram").count() == shown
    canvas = page.locator("#decoded canvas").first
    assert canvas.evaluate("(c) => [c.height, c.width]") == list(shape)
    assert picture(page, "#decoded canvas") == decoded(page, 0)
    page.locator(f"#z{shown}").fill("1.5")
    assert numbers(page)[shown - 1] == 1.5
    page.mouse.click(*on_map(page, "kl", (0.5, 0.75)))
    assert numbers(page)[:2] == pytest.approx([0.5, 0.75][:latent], abs=0.05)
    choose(page, "view", "tsne")
    missing = page.text_content("#missing")
    assert ("makes no plane" in missing) == (latent < 2)
    assert page.is_disabled("input[value=components]") == (latent < 2)
    assert ("first 64 dimensions" in missing) == (latent > 64)
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_without_labels_it_says_what_is_missing(watched, tmp_path):
    page = watched.open(Explorer(tmp_path, labels=False).url)
    assert "no labels" in page.text_content("#missing") and page.is_visible("#missing")
    assert page.text_content("#picked") == "test image 1"
    page.mouse.click(*on_map(page, "kl", (0.5, 0.5)))
    assert numbers(page)[0] == pytest.approx(0.5, abs=0.05)
    blue = page.locator("canvas.map").first.evaluate(
        f"(c) => {{ {READ} const d = read(c), kl = [0, 0x72, 0xb2];"
        " return d.filter((_, n) => n % 4 === 0 && kl.every((v, k) => v === d[n + k])).length; }"
    )
    assert blue > 200  # dots in the model's colour


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 820, 1440])
def test_it_fits_and_is_readable(watched, made, scheme, width):
    page = watched.open(made.url, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate(
        """[...document.querySelectorAll("button, select, input, canvas")].filter((e) => {
            const [box, panel] = [e, e.closest(".panel")].map((one) => one.getBoundingClientRect());
            return box.width && (box.left < panel.left || box.right > panel.right + 0.5);
        }).map((e) => e.id || e.textContent)"""
    )
    assert outside == []
    names = ["paper", "ground", "ink", "muted", "accent", "on-accent", "kl", "ws"]
    names += [f"class-{n}" for n in range(10)]
    found = page.evaluate("(names) => names.map(explorerPictures.colour)", names)
    paper, ground, ink, muted, accent, on_accent, *marks = map(luminance, found)
    assert (ink < paper) == (scheme == "light")
    pairs = [(ink, paper), (muted, paper), (muted, ground), (accent, paper), (on_accent, accent)]
    for text, behind in pairs + [(colour, paper) for colour in marks]:
        assert contrast(text, behind) > 4.5
