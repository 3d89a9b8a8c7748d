"""The pages as files: built from their sources, closed to network and scripts, for all data."""

import re

import pytest
from explorers import IMAGES, READ, Explorer, decoded, numbers, on_map, picture
from page_helpers import COURSE, CRITIC_LAB, choose

from npvae.pages.digits import digits_text
from npvae.pages.single_file import PAGES, json_text, page_text, policy

CHAPTERS = ("08_wgan_gp", "12_spring_and_force")
BESIDE = {"../course/vae_lab.html", "../course/critic_lab.html", "../report/explorer.html"}


@pytest.mark.parametrize("name", ["critic_lab", "vae_lab", "explorer"])
def test_a_page_is_its_sources_a_policy_and_links_to_the_others(made, name):
    data = {"digits": digits_text()} if name == "vae_lab" else None
    page = made.text
    if name != "explorer":
        page = (COURSE / f"{name}.html").read_text(encoding="utf-8")
        assert page_text(name, data) == page, "run python -m npvae.pages"
    template = (PAGES / name / "template.html").read_text(encoding="utf-8")
    files = re.findall(r"\{\{text ([\w./]+)\}\}", template)
    lost = [file for file in files if (PAGES / file).read_text(encoding="utf-8") not in page]
    assert lost == ["shared/drawing.html"]  # in which this page is marked
    assert "{{" not in page
    allowed = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert allowed == policy(page) + ("; worker-src blob:" if name == "vae_lab" else "")
    assert allowed.startswith("default-src 'none'; script-src 'sha256-")
    assert allowed.count("sha256-") == page.count("<script>") + page.count("<style>")
    assert "unsafe" not in allowed and "http" not in allowed
    links = set(re.findall(r"""(?:src|href)=["']([^"'#]+)""", page))
    own = {link for link in BESIDE if link.endswith(f"/{name}.html")}
    assert links >= BESIDE - own and not links & own  # in the drawing this page is marked
    assert page.count('aria-current="page"') == page.count(">here</text>") > 0
    others = {"../course/README.md", "report.html", *map("../course/{}.md".format, CHAPTERS)}
    assert links <= BESIDE | others


def test_every_source_belongs_to_a_page_and_every_term_is_in_the_glossary():
    """No script or style sheet is left over; course/README.md#term is a row of the glossary."""
    templates = "".join(path.read_text("utf-8") for path in PAGES.glob("*/template.html"))
    sources = {path.relative_to(PAGES).as_posix() for path in PAGES.glob("*/*.[jc]s*")}
    named = set(re.findall(r"\{\{text ([\w./]+)\}\}", templates))
    assert named == sources | {"shared/drawing.html"}
    course = (COURSE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:<a[^>]*></a>)?([^|]+?) \|", course.split("## Glossary")[1], re.M)
    linked = set(re.findall(r"course/README.md#([^\"]*)", templates))
    terms = {row.lower().replace(" ", "-") for row in rows}
    assert {"critic", "prior", "wasserstein-distance"} <= linked <= terms


def test_the_policy_stops_network_and_foreign_scripts(watched):
    page = watched.open(f"{CRITIC_LAB}#seed=1")
    stopped = page.evaluate(
        """async () => {
            const found = [], script = document.createElement("script");
            document.addEventListener("securitypolicyviolation",
                                      (event) => found.push(event.effectiveDirective));
            await fetch("https://example.org/").catch(() => null);
            script.textContent = "window.foreign = true";
            document.body.append(script);
            new Image().src = "https://example.org/a.png";
            await new Promise((resolve) => setTimeout(resolve, 200));
            return [found.sort(), window.foreign === true]; }"""
    )
    assert stopped == [["connect-src", "img-src", "script-src-elem"], False]
    watched.complaints.clear()  # these were asked for
    watched.requests.remove("https://example.org/a.png")


def test_a_data_sets_name_is_only_text(watched, tmp_path):
    name = "</script><b>x</b>{{policy}}{{data}}\u2028<!--<script><img src=x onerror=alert(1)>"
    page = watched.open(Explorer(tmp_path, name=name, keys=("kl", "ws")).url)
    assert page.text_content("#data-name") == name
    assert page.locator("img").count() == 0
    assert page.locator("header b:visible").all_text_contents() == ["KL", "WS"]  # two models
    assert page.locator("#maps canvas").count() == page.locator("#lines .steps").count() == 2
    assert "<" not in json_text({"name": name})


def test_the_reference_sizes_need_less_than_5_mb(tmp_path):
    """Forty pictures, 2,000 codes and the weights of three models of the reference experiment."""
    small = Explorer(tmp_path, latent=10, shape=(28, 28), hidden=256)
    codes = 3 * (2_000 - IMAGES) * (2 * 10 + 2) * 2 * 4 / 3  # of the models, in base64
    assert len(small.text.encode()) + codes + 3 * 2_000 * 2 < 4.5e6


@pytest.mark.parametrize(
    ("latent", "shape"), [(2, (5, 9)), (64, (12, 4)), (1, (4, 4)), (70, (3, 3))]
)
def test_other_sizes(watched, tmp_path, latent, shape):
    page = watched.open(Explorer(tmp_path, latent=latent, shape=shape).url, width=700)
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
        f"(c) => {{ {READ} const d = read(c), kl = npvaePictures.rgb('kl');"
        " return d.filter((_, n) => n % 4 === 0 && kl.every((v, k) => v === d[n + k])).length; }"
    )
    assert blue > 200  # dots in the model's colour
