"""What the tests of the pages share."""


def settled(page):
    """Wait until what was done is drawn: two frames."""
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
