"""A real browser, and a page whose console and requests are watched.

Without a browser the tests skip with the reason. In CI they fail: there, .ci/run installs one.
"""

import os
import shutil

import pytest
from explorers import Explorer
from page_helpers import CRITIC_LAB

NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing(reason):
    if os.environ.get("CI"):
        pytest.fail(f"CI must drive a real browser: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        missing("no Chromium: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no Playwright: pip install playwright")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        found = playwright.chromium.launch(executable_path=executable, args=options)
        yield found
        found.close()


class Watched:
    """Opens pages in contexts of their own, and remembers what they complained of and asked for."""

    def __init__(self, browser):
        self.browser = browser
        self.contexts, self.complaints, self.requests = [], [], []

    def open(self, url, *, width=1280, height=900, scheme="light", touch=False):
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=touch
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self.note)
        page.goto(url)
        page.wait_for_selector("body[data-state=ready]")
        return page

    def note(self, request):
        if not request.url.startswith("blob:"):  # a worker that the page made of its own scripts
            self.requests.append(request.url)

    def close(self):
        """No page may have complained, or asked for anything but its own file."""
        for context in self.contexts:
            context.close()
        assert self.complaints == []
        files = {url.partition("#")[0] for url in self.requests}
        assert len(files) <= 1 and all(url.startswith("file:") for url in files)


@pytest.fixture
def watched(browser):
    pages = Watched(browser)
    yield pages
    pages.close()


@pytest.fixture(scope="module")
def watcher(browser):
    """The same for a page that all tests of a module share."""
    pages = Watched(browser)
    yield pages
    pages.close()


@pytest.fixture(scope="module")
def still(browser):
    """A page that nobody clicks on: one for all tests that only ask its functions."""
    pages = Watched(browser)
    yield pages.open(CRITIC_LAB.as_uri() + "#seed=1")
    pages.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """An explorer of two small runs."""
    return Explorer(tmp_path_factory.mktemp("explorer"))


@pytest.fixture(scope="module")
def desk(watcher, made):
    """Its page, for all tests of a module."""
    return watcher.open(made.url)


@pytest.fixture
def page(desk, made):
    """The page as it opens, on a screen that stands on a desk."""
    desk.goto(made.url)
    return desk
