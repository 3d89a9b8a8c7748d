"""Draw docs/dataflow.svg: what one training step computes, forwards, backwards, and once more.

    python docs/draw_dataflow.py

Boxes are arrays with their shapes, arrows are the functions between them. The arrays' names are
those of npvae/models, and the suite checks that they exist there.
"""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OUT = Path(__file__).with_name("dataflow.svg")
INK, FORWARD, BACKWARD, SECOND = "#222222", "#0072B2", "#D55E00", "#117733"
WIDTH, HEIGHT = 1.15, 0.56  # of a box

# name: (column, row, shape). Columns run with the forward pass.
VAE_FORWARD = {
    "x": (0, 7, "B, P"),
    "h_enc": (1.6, 7, "B, H"),
    "mu": (3.2, 7.4, "B, L"),
    "logvar": (3.2, 6.6, "B, L"),
    "z": (4.8, 7, "B, L"),
    "h_dec": (6.4, 7, "B, H"),
    "logits": (8, 7, "B, P"),
    "nll": (9.6, 7, "B"),
}
VAE_BACKWARD = {
    "da_enc": (1.6, 5.3, "B, H"),
    "dmu": (3.2, 5.7, "B, L"),
    "dlogvar": (3.2, 4.9, "B, L"),
    "dz": (4.8, 5.3, "B, L"),
    "da_dec": (6.4, 5.3, "B, H"),
    "dlogits": (8, 5.3, "B, P"),
}
CRITIC_FORWARD = {
    "z": (0, 3, "3B, L"),
    "h1": (1.6, 3, "3B, H1"),
    "h2": (3.2, 3, "3B, H2"),
    "units": (4.8, 3, "3B, U"),
    "score": (6.4, 3, "3B"),
}
CRITIC_BACKWARD = {
    "dz": (0, 1.8, "B, L"),
    "da1": (1.6, 1.8, "3B, H1"),
    "da2": (3.2, 1.8, "3B, H2"),
    "dunits": (4.8, 1.8, "3B, U"),
    "dscore": (6.4, 1.8, "3B"),
}
SECOND_PASS = {
    "ddz": (0, 0.2, "B, L"),
    "dda1": (1.6, 0.2, "B, H1"),
    "dda2": (3.2, 0.2, "B, H2"),
}


def draw_row(ax: Axes, boxes: dict[str, tuple[float, float, str]], colour: str) -> None:
    """Draw a row of arrays."""
    for name, (x, y, shape) in boxes.items():
        ax.add_patch(
            matplotlib.patches.FancyBboxPatch(
                (x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT,
                boxstyle="round,pad=0,rounding_size=0.1", facecolor="white", edgecolor=colour,
            )
        )  # fmt: skip
        ax.text(x, y + 0.08, name, ha="center", va="center", fontsize=10, color=INK)
        ax.text(x, y - 0.15, f"({shape})", ha="center", va="center", fontsize=7, color="#555555")


def arrow(ax: Axes, start: tuple, end: tuple, colour: str, dashes: str = "-") -> None:
    """Draw an arrow between the facing sides of two boxes."""
    (x0, y0, _), (x1, y1, _) = start, end
    if abs(x1 - x0) > 0.5:
        side = WIDTH / 2 if x1 > x0 else -WIDTH / 2
        tail, head = (x0 + side, y0), (x1 - side, y1)
    else:
        side = HEIGHT / 2 if y1 > y0 else -HEIGHT / 2
        tail, head = (x0, y0 + side), (x1, y1 - side)
    look = {"arrowstyle": "-|>", "color": colour, "linestyle": dashes, "linewidth": 1.2}
    ax.annotate("", head, tail, arrowprops={**look, "shrinkA": 0, "shrinkB": 0})


def draw() -> Figure:
    """Return the whole drawing."""
    figure = Figure((10.4, 8.2))
    ax = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    ax.set(xlim=(-0.8, 10.4), ylim=(-0.55, 8.5), aspect="equal")
    ax.set_axis_off()
    f, b, cf, cb, s = VAE_FORWARD, VAE_BACKWARD, CRITIC_FORWARD, CRITIC_BACKWARD, SECOND_PASS

    def heading(y: float, text: str) -> None:
        ax.text(-0.6, y, text, fontsize=12, weight="bold", color=INK)

    def note(x: float, y: float, text: str, colour: str, ha: str = "left") -> None:
        ax.text(x, y, text, fontsize=8.5, color=colour, ha=ha, va="center")

    heading(8.1, "VAE")
    draw_row(ax, f, FORWARD)
    draw_row(ax, b, BACKWARD)
    for pair in ("x h_enc", "h_enc mu", "h_enc logvar", "mu z", "logvar z", "z h_dec",
                 "h_dec logits", "logits nll"):  # fmt: skip
        arrow(ax, *(f[name] for name in pair.split()), FORWARD)
    for pair in ("dlogits da_dec", "da_dec dz", "dz dmu", "dz dlogvar", "dmu da_enc",
                 "dlogvar da_enc"):  # fmt: skip
        arrow(ax, *(b[name] for name in pair.split()), BACKWARD)
    (x, y, _), (x1, y1, _) = f["nll"], b["dlogits"]
    ax.plot([x, x], [y - HEIGHT / 2, y1], color=BACKWARD, linewidth=1.2)
    arrow(ax, (x + WIDTH / 2, y1, ""), (x1, y1, ""), BACKWARD)
    note(4.8, 7.62, "+ sigma * eps", FORWARD, "center")
    note(7.2, 7.62, "decode_forward", FORWARD, "center")
    note(1.6, 7.62, "encode_forward", FORWARD, "center")
    note(0.55, 5.3, "encode_backward", BACKWARD, "right")
    note(7.2, 4.8, "decode_backward", BACKWARD, "center")
    note(3.2, 4.35, "KL run: kl_backward_add", BACKWARD, "center")
    note(4.8, 4.75, "WS run: + the score's dz", BACKWARD)

    heading(3.75, "Critic: 3B rows, which are fake, prior and mixed")
    draw_row(ax, cf, FORWARD)
    draw_row(ax, cb, BACKWARD)
    for pair in ("z h1", "h1 h2", "h2 units", "units score"):
        arrow(ax, *(cf[name] for name in pair.split()), FORWARD)
    for pair in ("dscore dunits", "dunits da2", "da2 da1", "da1 dz"):
        arrow(ax, *(cb[name] for name in pair.split()), BACKWARD)
    arrow(ax, cf["score"], cb["dscore"], BACKWARD)
    note(7.15, 3, "score_forward", FORWARD)
    first = (
        "score_backward_hidden, score_backward_input:\n"
        "the first backward pass; mixed rows end in\n"
        "the score's input gradient dz"
    )
    note(7.15, 1.8, first, BACKWARD)

    draw_row(ax, s, SECOND)
    arrow(ax, cb["dz"], s["ddz"], SECOND)
    arrow(ax, s["ddz"], s["dda1"], SECOND)
    arrow(ax, s["dda1"], s["dda2"], SECOND)
    note(0.12, 1.0, "norm = |dz|,  P = mean (norm - 1)²", SECOND)
    second = (
        "penalty_backward: the second backward pass goes through the\n"
        "first one, from its end to its start: ddz W1, dda1 W2"
    )
    note(4.0, 0.35, second, SECOND)
    sums = "dW1 = zᵀ da1 + ddzᵀ da1", "dW2 = h1ᵀ da2 + dda1ᵀ da2", "dW3 = h2ᵀ dunits + dda2ᵀ dunits"
    note(4.0, -0.25, "    ".join(sums), INK)
    return figure


if __name__ == "__main__":
    with matplotlib.rc_context({"svg.hashsalt": "npvae", "svg.fonttype": "path"}):
        draw().savefig(OUT, metadata={"Date": None})
