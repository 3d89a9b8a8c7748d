"""The critic's laboratory as a file: built from its sources, and closed to network and scripts."""

import re

from page_helpers import CRITIC_LAB

from npvae.pages.single_file import PAGES, page_text, policy

URL = CRITIC_LAB.as_uri()
POINTS = "criticLab.state().points"


def test_the_page_is_built_from_its_sources():
    page = CRITIC_LAB.read_text(encoding="utf-8")
    assert page == page_text("critic_lab"), "run python -m npvae.pages"
    for name in ("shared/mathematics.js", "critic_lab/page.js"):
        assert f"<script>{(PAGES / name).read_text(encoding='utf-8')}</script>" in page
    assert "{{" not in page


def test_every_source_belongs_to_a_page():
    """No script or style sheet is left over."""
    templates = [path.read_text(encoding="utf-8") for path in PAGES.glob("*/template.html")]
    named = {name for text in templates for name in re.findall(r"\{\{text ([\w./]+)\}\}", text)}
    sources = [path for kind in ("js", "css") for path in PAGES.glob(f"*/*.{kind}")]
    assert named == {path.relative_to(PAGES).as_posix() for path in sources}


def test_the_policy_names_every_script_and_nothing_foreign():
    page = page_text("critic_lab")
    allowed = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert allowed == policy(page)
    assert allowed.startswith("default-src 'none'; script-src 'sha256-")
    assert allowed.count("sha256-") == page.count("<script>") + page.count("<style>")
    assert "unsafe" not in allowed and "http" not in allowed
    assert not re.search(r"""(src|href)=["'](?!#)""", page)


def test_the_policy_stops_network_and_foreign_scripts(watched):
    page = watched.open(f"{URL}#seed=1")
    failures = []
    page.on("requestfailed", lambda request: failures.append(request.failure))
    stopped = page.evaluate(
        """async () => {
            const found = [];
            document.addEventListener("securitypolicyviolation",
                                      (event) => found.push(event.effectiveDirective));
            await fetch("https://example.org/").catch(() => null);
            const script = document.createElement("script");
            script.textContent = "window.foreign = true";
            document.body.append(script);
            const image = document.createElement("img");
            image.src = "https://example.org/a.png";
            document.body.append(image);
            await new Promise((resolve) => setTimeout(resolve, 200));
            return [found.sort(), window.foreign === true];
        }"""
    )
    assert stopped == [["connect-src", "img-src", "script-src-elem"], False]
    assert len(watched.complaints) >= 3
    assert failures == ["csp"]
    watched.complaints.clear()  # these were asked for
    watched.requests.remove("https://example.org/a.png")
