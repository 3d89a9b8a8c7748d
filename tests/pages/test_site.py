"""The site: laboratories stand in their chapters, and no page asks another host for anything."""

import importlib.util
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILDERS = ("sphinx", "myst_nb", "sphinx_book_theme", "latex2mathml")
spec = importlib.util.spec_from_file_location("frames", ROOT / "docs/site/frames.py")
frames = importlib.util.module_from_spec(spec)
spec.loader.exec_module(frames)


@pytest.mark.parametrize("name", frames.FRAMES)
def test_each_laboratory_stands_above_the_heading_that_it_names(name):
    text = (ROOT / f"{name}.md").read_text("utf-8")
    framed = frames.add_frames(name, text, {"critic_lab.html", "vae_lab.html", "explorer.html"})
    assert framed.count("<iframe ") == len(frames.FRAMES[name])
    for heading, *_ in frames.FRAMES[name]:
        assert re.search(rf"</figure>\n\n{re.escape(heading)}\n", framed)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built here; the explorer is in it if `make.py site` has made one."""
    if missing := [name for name in BUILDERS if importlib.util.find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)} (pip install -r requirements-site.txt)")
    out = tmp_path_factory.mktemp("site")
    options = ["-q", "-W", "-E", "-d", out / "doctrees", "-c", ROOT / "docs/site"]
    subprocess.run([sys.executable, "-m", "sphinx", *options, ROOT, out / "site"], check=True)
    return out / "site"


@pytest.mark.browser
def test_pages_load_from_the_disk_and_ask_no_other_host(site, browser):
    pages = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    assert len(pages) > 60
    asked, failed, empty = set(), [], []
    with browser.new_context() as context:
        context.on("request", lambda request: asked.add(request.url.partition(":")[0]))
        context.on("requestfailed", lambda request: failed.append(request.url))
        page = context.new_page()
        for path in pages:
            page.goto(path.as_uri())
            for frame in page.locator("iframe").all():
                frame.scroll_into_view_if_needed()
                inside = frame.content_frame.locator("body[data-state=ready]")
                inside.wait_for(timeout=60_000)
            if not page.title():
                empty.append(path)
    assert asked <= {"file", "data", "blob"}
    assert failed == [] and empty == []


def test_every_link_leads_to_a_page_and_to_a_place_on_it(site):
    texts = {path: path.read_text("utf-8") for path in site.rglob("*.html")}
    lost = []
    for page, text in texts.items():
        for href in re.findall(r'<a\s(?:[^>]*\s)?href="([^"]+)"', text):
            name, _, place = unquote(unescape(href)).partition("#")
            path = Path(os.path.normpath(page.parent / name)) if name else page
            if "://" in name or "=" in place or name.startswith("mailto:"):
                continue  # elsewhere, or a laboratory's state
            if path.name == "explorer.html":
                continue  # `make.py site` makes it first; a build without it has none
            if not path.is_file() or (place and f'id="{place}"' not in texts.get(path, "")):
                lost.append(f"{page.name}: {href}")
    assert lost == []


@pytest.mark.browser
def test_formulas_are_drawn_and_words_are_found(site, browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((site / "course/02_evidence_bound.html").as_uri())
        assert page.locator("math[display=block]").count() == 4
        assert page.locator("math mfrac").first.bounding_box()["height"] > 20
        assert "\\" not in " ".join(page.locator("math").all_text_contents())
        page.goto((site / "search.html").as_uri() + "?q=Lipschitz")
        page.locator("#search-results a[href*='07_transport']").first.wait_for()
