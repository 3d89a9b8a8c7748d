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


def luminance(colour):
    """The relative luminance of a colour #rrggbb, as WCAG 2 defines it."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """The contrast of two luminances: from 1 to 21; text needs 4.5."""
    low, high = sorted([one, other])
    return (high + 0.05) / (low + 0.05)


def choose(page, name, value):
    """Press a switch."""
    page.locator(f'input[name="{name}"][value="{value}"]').click()
