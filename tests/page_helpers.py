"""What the tests of the pages share."""


def settled(page):
    """Wait until what was done is drawn: two frames."""
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")


def swipe(page, start, end):
    """Draw a finger over the screen."""
    touch = page.context.new_cdp_session(page)
    for k in range(11):
        x, y = (a + (b - a) * k / 10 for a, b in zip(start, end, strict=True))
        kind = "touchStart" if k == 0 else "touchMove"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
