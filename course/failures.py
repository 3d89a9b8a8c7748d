"""Make the page of failures: `python -m course.failures` trains, draws, and writes failures.md.

A fault is npvae/plain.py with a function replaced; on the page it is a letter. The words stand in
failures/page.md. The numbers in them are put in here: the losses are those that the run shows, all
else is measured with plain's own functions.
"""

import course.one_thread  # noqa: F401

# isort: split
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from course.grading.marking import write_whole
from course.replace import edited, plain_with
from course.train import load_digits, pictures
from npvae import plain
from npvae.cli import OneLineParser, run_program
from npvae.errors import UserError

HERE = Path(__file__).parent
WEIGHTS = {"KL": 1.0, "WS": 3.0}  # beta; and a lambda with which few epochs give digits


def changed(name, *texts):
    """Return plain's function of this name with new text for old."""
    return {name: getattr(edited(plain, name, *texts), name)}


def noisy_backward(dz, logvar, eps):
    """Draw other noise on the way back: a function of eps, so that a run can be repeated."""
    rng = np.random.default_rng((abs(eps[0]) * 1e6).astype(int))
    return plain.sample_backward(dz, logvar, rng.standard_normal(eps.shape, eps.dtype))


def sum_first_pass(*args):
    """Give the penalty the slope of the sum of the units, where the score is their mean."""
    found = plain.first_pass(*args)
    return *(plain.UNITS * gradient for gradient in found[:4]), *found[4:]


# Letter: the kind of run, what is replaced, and what shows it: a measure, and between which bounds
# it is, in units of the right run's.
FAULTS: dict[str, tuple[str, dict[str, Callable], dict[str, tuple[float, float]]]] = {
    "a": ("KL", changed("bce", "sum(axis=1).mean(), (s - x) / len(x)", "mean(), (s - x) / x.size"),
          {"KL": (0, 0.1), "BCE": (1.05, 9)}),
    "b": ("WS", {"critic_loss": lambda *args: plain.critic_loss(*args[:-1], 0.0)},
          {"slope": (5, np.inf)}),
    "c": ("KL", changed("sample", "logvar / 2", "logvar")
          | changed("sample_backward", "np.exp(logvar / 2) / 2", "np.exp(logvar)"),
          {"loss": (0, 0.99), "true loss": (1.01, 9)}),
    "d": ("WS", changed("row_norms", "axis=1", "axis=0"), {"shown slope / slope": (1.7, 3)}),
    "e": ("KL", {"sample_backward": noisy_backward}, {"sigma": (1.2, 9), "BCE": (1.02, 9)}),
    "f": ("WS", {"input_gradient": lambda *args: -plain.input_gradient(*args)},
          {"width": (2, np.inf), "W1": (3, np.inf)}),
    "g": ("KL", {"kl_step": lambda *args: plain.kl_step(*args[:-1], 10 * args[-1])},
          {"KL": (0, 0.5), "BCE": (1.05, 9)}),
    "h": ("WS", {"ws_step": lambda *args: plain.ws_step(*args[:-1], 0.0)},
          {"width": (1.5, np.inf), "W1": (3, np.inf)}),
    "i": ("WS", {"first_pass": sum_first_pass, "input_gradient": plain.input_gradient},
          {"slope": (0, 0.2), "width": (1.5, 9)}),
}  # fmt: skip


def run(kind: str, functions: Mapping[str, Callable], images: np.ndarray, epochs: int, **sizes):
    """Train plain with these functions and sizes; return the run's curves, measures and weights.

    Curves have a row for each step: the losses, then sigma and the width of mu, the standard
    deviation of mu over the images. Measures are of the last epoch.
    """
    copy, curves, name = plain_with(**functions), [], f"{kind.lower()}_step"
    step = getattr(copy, name)

    def kept_step(*args):
        _, mu, logvar = plain.encode(args[0], args[2 if kind == "KL" else 4])
        codes = np.exp(logvar / 2).mean(), mu.std(axis=0).mean()
        curves.append([*step(*args), *codes])
        return curves[-1][:-2]

    vars(copy).update({name: kept_step, "print": lambda *_, **__: None}, **sizes)  # say nothing
    with np.errstate(all="ignore"):
        vae, critic = copy.train(kind, images, epochs, 0, WEIGHTS[kind])
        measures = _measures(kind, vae, critic, images[::5])
    shown = np.mean(curves[-(len(curves) // epochs) :], axis=0)
    measures |= {"loss": shown[0], "shown BCE": shown[1], "W1": shown[2], "shown slope": shown[-3]}
    measures["shown slope / slope"] = measures["shown slope"] / measures["slope"]
    return SimpleNamespace(curves=np.array(curves), measures=measures, vae=vae)


def does_what_the_page_says(letter: str, found: Mapping, right: Mapping) -> bool:
    """Tell whether the measures of a faulty run are where FAULTS says."""
    bounds = FAULTS[letter][2]
    return all(low <= found[name] / right[name] <= high for name, (low, high) in bounds.items())


def _measures(kind, vae, critic, x):
    """Return what plain's own functions find in trained networks."""
    rng = np.random.default_rng(1)
    _, mu, logvar = plain.encode(vae, x)
    eps, prior = rng.standard_normal((2, *mu.shape), x.dtype)
    z = plain.sample(mu, logvar, eps)
    dz = plain.input_gradient(plain.mix(z, prior, rng), *critic.values())
    bce, kl = plain.bce(plain.decode(vae, z)[1], x)[0], plain.kl(mu, logvar)[0]
    return {
        "BCE": bce,
        "KL": kl,
        "true loss": bce + kl,
        "sigma": np.exp(logvar / 2).mean(),
        "width": mu.std(axis=0).mean(),
        "slope": plain.row_norms(dz).mean(),
    }


def _png(panels: Mapping[str, list], epochs: int, picture: np.ndarray | None = None) -> bytes:
    """Draw panels of curves over the epochs, and a picture, with few colours."""
    from matplotlib.figure import Figure
    from PIL import Image

    count = len(panels) + (picture is not None)
    figure = Figure(figsize=(2.4 * count + (count > 3), 2.1), dpi=90, layout="constrained")
    grid = figure.add_gridspec(1, count, width_ratios=[1] * 3 + [1.7] if count > 3 else None)
    for n, (title, curves) in enumerate(panels.items()):
        ax, drawn = figure.add_subplot(grid[n]), []
        for (label, y), style in zip(curves, ("C3-", "k:", "C0-"), strict=False):
            y = y[: len(y) // 20 * 20].reshape(-1, 20).mean(axis=1)  # of 20 steps each
            drawn.append(y)
            ax.plot(np.linspace(0, epochs, len(y)), y, style, label=label, linewidth=1.2)
        if np.ptp(drawn) > 30 * np.median(np.abs(drawn)):
            ax.set_yscale("symlog", linthresh=np.median(np.abs(drawn)) / 10)
        ax.set_title(title, fontsize=8)
        ax.tick_params(labelsize=6, which="both")
        ax.legend(fontsize=6)
    if picture is not None:
        ax = figure.add_subplot(grid[-1])
        ax.imshow(picture, cmap="gray", vmin=0, vmax=1)
        ax.axis("off")
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn)
    Image.open(drawn).convert("RGB").quantize(32).save(small, "PNG", optimize=True)
    return small.getvalue()


def main() -> None:
    """Train the right runs and the faulty ones, draw each, and write the page."""
    OneLineParser("python -m course.failures", description=__doc__).parse_args()
    images = load_digits()[:4992]  # in full batches: with fewer rows, case d differs
    epochs, right, numbers = 10, {}, {}
    cases = {kind: (kind, {}, {}) for kind in WEIGHTS} | FAULTS
    for name, (kind, functions, _) in cases.items():
        found = run(kind, functions, images, epochs)
        right.setdefault(kind, found)
        numbers[name] = found.measures
        usual = right[kind]
        if name in FAULTS and not does_what_the_page_says(name, found.measures, usual.measures):
            raise UserError(f"case {name} does not do what FAULTS says: {found.measures}")
        columns = {"BCE": 1, **({"KL": 2, "sigma": -2} if kind == "KL" else {"W1": 2, "slope": -3})}
        panels = {
            title: [(name, found.curves[:, n]), ("right", usual.curves[:, n])]
            for title, n in columns.items()
        }
        with np.errstate(all="ignore"):
            picture = pictures(plain, found.vae, images)
        write_whole(HERE / "failures" / f"{name.lower()}.png", _png(panels, epochs, picture))
        print(f"{name}: {', '.join(f'{k} {v:.3g}' for k, v in found.measures.items())}", flush=True)
    panels = {}
    for kind, found in right.items():
        sigma, width = found.curves[:, -2:].T
        spread = ("spread of z", np.hypot(sigma, width))
        panels[f"{kind}: codes"] = [("sigma", sigma), spread, ("width of mu", width)]
    write_whole(HERE / "failures" / "codes.png", _png(panels, epochs))
    page = (HERE / "failures" / "page.md").read_text(encoding="utf-8")
    write_whole(HERE / "failures.md", page.format(**numbers).encode())


if __name__ == "__main__":
    run_program(main)
