"""Real browsers, and pages whose console and requests are watched.

Tests that drive a browser carry the marker "browser". Without the browser they skip with the
reason. In CI they fail: there, .ci/run installs both.
"""

import os
import shutil

import pytest
from explorers import Explorer
from page_helpers import CRITIC_LAB, Laboratory


def pytest_collection_modifyitems(items):
    for item in items:
        if {"browser", "firefox"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)


def found(*names):
    """Return the first of these programs that is installed, or skip the test."""
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        missing(f"no {names[0]}: apt-get install {names[0]}")
    return executable


def missing(reason):
    if os.environ.get("CI"):
        pytest.fail(f"CI must drive a real browser: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    """Chromium, started once."""
    executable = found("chromium", "chromium-browser", "google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no Playwright: pip install playwright")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        started = playwright.chromium.launch(executable_path=executable, args=options)
        yield started
        started.close()


@pytest.fixture(scope="session")
def firefox(tmp_path_factory):
    """Firefox, started once."""
    try:
        from firefox import Firefox
    except ImportError:
        missing("no websockets: pip install websockets")
    started = Firefox(found("firefox-esr", "firefox"), tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


# A smooth scroll that goes on would move what a test is about to click.
STAND_STILL = "document.documentElement.style.scrollBehavior = 'auto'"
CONTEXTS = {}  # of all tests, by screen and media: they are made once


class Watched:
    """Opens pages, and remembers what they complained of and asked for."""

    def __init__(self, browser):
        self.browser = browser
        self.pages, self.complaints, self.requests = [], [], []

    def open(self, url, *, width=1280, height=900, touch=False, **media):
        screen = {"width": width, "height": height}
        key = str((screen, touch, media))
        if key not in CONTEXTS:
            CONTEXTS[key] = self.browser.new_context(viewport=screen, has_touch=touch, **media)
            CONTEXTS[key].set_default_timeout(60_000)  # loaded machines are slow
        page = CONTEXTS[key].new_page()
        page.set_viewport_size(screen)
        self.pages.append(page)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self.note)
        page.goto(url)
        page.wait_for_selector("body[data-state=ready]")
        page.evaluate(STAND_STILL)
        return page

    def note(self, request):
        if not request.url.startswith("blob:"):  # a worker that the page made of its own scripts
            self.requests.append(request.url)

    def close(self):
        """No page may have complained, or asked for anything but its own file."""
        for page in self.pages:
            page.close()
        assert self.complaints == []
        files = {url.partition("#")[0] for url in self.requests}
        assert len(files) <= 1 and all(url.startswith("file:") for url in files)


def opener(browser):
    pages = Watched(browser)
    yield pages
    pages.close()


watched = pytest.fixture(opener)
watcher = pytest.fixture(opener, scope="module")  # for a page that all tests of a module share


@pytest.fixture(scope="module")
def still(watcher):
    """A page that nobody clicks on: one for all tests that only ask its functions."""
    return watcher.open(CRITIC_LAB + "#seed=1")


@pytest.fixture(scope="module")
def lab(watcher):
    return Laboratory(watcher.open(CRITIC_LAB))


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """An explorer of three small runs."""
    return Explorer(tmp_path_factory.mktemp("explorer"))


@pytest.fixture(scope="module")
def desk(watcher, made):
    """Its page, for all tests of a module."""
    return watcher.open(made.url)


@pytest.fixture
def page(desk, made):
    """The page as it opens, on a screen that stands on a desk."""
    desk.goto(made.url)
    desk.evaluate(STAND_STILL)
    return desk
