"""One training step in numbers: npvae/plain.py runs, and you see each array that a line makes.

Beside each gradient stands a finite difference. The example is as small as it can be: two images of
four pixels, two latent dimensions, float64.
"""

import copy
import linecache
import sys
import textwrap
from functools import partial
from itertools import groupby, zip_longest
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace

import numpy as np

from course.mine import load_mine
from course.replace import plain_with
from course.trace.watch import GRADIENTS, SCORES, SHORT, VIA_Z, WEIGHTED, Call, Made, Watch
from npvae.cli import OneLineParser, run_program, whole

P, H, L, B, H1, H2, U = 4, 3, 2, 2, 3, 2, 2
SETTINGS = {
    "kl": {"beta": 0.5, "lr": 0.01},
    "ws": {"weight": 0.5, "gp_weight": 10.0, "lr": 0.01, "critic_lr": 0.01, "updates": 1},
}
SEED = 14663  # with it, each hidden layer has ReLUs that are on and ReLUs that are off
WORDS = dict(
    part.split("\n\n", 1)
    for part in Path(__file__).with_name("words.md").read_text("utf-8").split("\n## ")[1:]
)
WIDTH, GAP, STEP = 100, "    ", 1e-6


def new_arguments(plain: ModuleType, run: str, seed: int) -> dict:
    """Return the arguments of `plain.kl_step` or `plain.ws_step`, rounded for a pencil.

    Each shape of noise has its own numbers, so that both steps draw the same eps for the decoder.
    """

    def draw(method: str, size: tuple[int, ...], dtype: type = float) -> np.ndarray:
        return getattr(np.random.default_rng([seed, B, *size[1:]]), method)(size).round(1)

    rng = np.random.default_rng([seed, 0])
    arguments = {"x": rng.random((B, P)).round(1), **SETTINGS[run]}
    noise = {method: partial(draw, method) for method in ("standard_normal", "random")}
    arguments["rng"] = SimpleNamespace(**noise)
    networks = [("vae", "state", [(P, H), (H, 2 * L), (L, H), (H, P)])]
    if run == "ws":
        networks.append(("critic", "critic_state", [(L, H1), (H1, H2), (H2, U)]))
    for name, state, sizes in networks:
        network, arguments[state] = plain.new_network(sizes, rng, float)
        arguments[name] = {key: w.round(2) for key, w in network.items()}
    return arguments


def decimal(x: float, places: int = 4, **pads: int) -> str:
    """Return x rounded, without zeros at the end.

    It is enlarged a little, to be the same on every processor, though last bits may differ.
    """
    rounded = round(float(x) * (1 + 1e-6), places) + 0.0  # + 0.0 makes 0 of -0
    return np.format_float_positional(rounded, trim="-", **pads)


def block(name: str, array: np.ndarray) -> list[str]:
    """Return the lines of an array: its name and shape, the longest line, then its rows."""
    if array.ndim == 0:
        return [f"{name} = {decimal(array)}"]
    places = 8 if 0 < np.abs(array).max() < 1e-3 else 4  # Adam's v is small
    cells = partial(decimal, places=places, pad_left=2, pad_right=places)
    rows = ["  ".join(map(cells, row)) for row in array.reshape(-1, array.shape[-1])]
    width = max(map(len, [title := f"{name} {array.shape}", *rows]))
    return [title.ljust(width), *rows]


def show(blocks: list[list[str]]) -> None:
    """Print arrays, as many beside each other as fit."""
    n = len(blocks)
    while n > 1 and sum(len(GAP + b[0]) for b in blocks[:n]) > WIDTH:
        n -= 1
    print()
    for cells in zip_longest(*blocks[:n], fillvalue=""):
        padded = (GAP + cell.ljust(len(b[0])) for cell, b in zip(cells, blocks, strict=False))
        print("".join(padded).rstrip())
    if blocks[n:]:
        show(blocks[n:])


def say(text: str) -> None:
    """Print a paragraph."""
    text = " ".join(text.split())
    print(textwrap.fill(text, WIDTH, initial_indent=GAP, subsequent_indent=GAP))


def rule(left: str, right: str = "") -> None:
    """Print a head line."""
    print("\n\n" + f"{left} ".ljust(WIDTH - len(right), "-") + right)


def source(code: CodeType, line: int) -> str:
    """Return a line of a file, with its number."""
    return f"{line:3} {linecache.getline(code.co_filename, line).strip()}"


def losses(plain: ModuleType, function: str, given: dict) -> dict[str, float]:
    """Run a function of the step, and return its losses; where it has none, that of its scores."""
    if function == "kl_step":
        loss, BCE, KL = plain.kl_step(**given)
        return {"loss": loss, "BCE": BCE, "KL": KL, "beta * KL": loss - BCE, VIA_Z: BCE}
    if function == "ws_step":
        loss, BCE, *_ = plain.ws_step(**given)
        return {"loss": loss, "BCE": BCE, "-weight * mean score": loss - BCE, VIA_Z: loss}
    if function == "critic_loss":
        loss, distance, P, *_ = plain.critic_loss(**given)
        return {"loss": loss, "distance": distance, "P": P}
    dscore = given.pop("dscore", 1.0)
    score = plain.score(**given)
    return {SCORES: score.sum(), WEIGHTED: (dscore * score).sum()}


def check(plain: ModuleType, made: Made) -> str:
    """Return the line about the largest entry of a gradient: by hand, and measured.

    What runs again is the step, or the function in it whose losses the gradient belongs to.
    """
    y, loss = GRADIENTS[made.call.function][made.name]
    largest = np.abs(made.array).round(6).argmax()  # rounded, so that all processors agree
    place = tuple(int(n) for n in np.unravel_index(largest, made.array.shape))
    inside = ("critic_loss", "first_pass", "score_gradients")
    stack = [*made.call.callers, made.call]
    call = next((c for c in reversed(stack) if c.function in inside), stack[0])
    nth = 2 if (call.function, y) == ("critic_loss", "score") else 1  # of fake; prior is before
    found = []
    for h in (-STEP, 0.0, STEP):
        given = copy.deepcopy(call.arguments)
        inputs = given.get("vae") or given.get("critic") or given
        if y in inputs:
            inputs[y][place] += h
        watch = Watch(plain, nudge=(y, nth, place, h))
        found.append(watch.run(losses, plain, call.function, given)[loss])
    low, middle, high = found
    by_hand, measured = made.array[place], (high - low) / (2 * STEP)
    line = f"{GAP}{f'd {loss} / d {y}{list(place)}':44}{decimal(by_hand):>9}    "
    if y not in inputs and not watch.met:
        return f"{line}not measured, as no line makes {y}"
    flips = abs(high - 2 * middle + low) > 1e-3 * max(abs(high - low), 1e-2 * STEP)
    agree = np.isclose(by_hand, measured, rtol=1e-4, atol=1e-8)
    note = "" if agree else "  a ReLU flips" if flips else "  THEY DIFFER"
    return f"{line}measured {decimal(measured):>9}{note}"


def head(call: Call, last: Call | None, told: set) -> None:
    """Print where a function is called and what it is for; above it those that called it."""
    if call in told and call is not last:
        rule(f"{call.function}, continued")
    for c in [*call.callers, call]:
        if c not in told:
            where = f", from line {c.called_from} of {c.callers[-1].function}" if c.callers else ""
            rule(c.function, f" {Path(c.code.co_filename).name}{where}")
            if c.callers:
                print(source(c.callers[-1].code, c.called_from))
            if c.function not in told:
                say(WORDS[c.function])
            told |= {c, c.function}


def tell(watch: Watch, plain: ModuleType, part: str | None) -> None:
    """Print each line that made an array, the array, and its gradient measured."""
    told, last = set(), None  # calls, functions and arrays
    made = [m for m in watch.made if not m.name.startswith(("m[", "v["))]  # Adam's in `update`
    for (call, line), group in groupby(made, lambda m: (m.call, m.line)):
        here, short = list(group), call.short.get(line, {})
        start = [] if line or call.callers else ["start"]
        if part not in (None, *start, *short, call.function, *(c.function for c in call.callers)):
            continue
        gradients = [m for m in here if m.name in GRADIENTS.get(call.function, {})]
        keys = {(call.function, m.name, m.array.tobytes()) for m in here}
        if not gradients and keys <= told:  # all computed once more
            continue
        head(call, last, told)
        last = call
        if line:
            print("\n" + source(call.code, line))
        for name, code in short.items():
            if name not in told:
                print(f"{GAP}{source(code, max(n for *_, n in code.co_lines() if n))}  # {name}")
        told |= keys | set(short)
        show([block(m.name, m.array) for m in here])
        for n, m in enumerate(gradients):
            print("" if n else "\n", check(plain, m), sep="")


def tell_change(watch: Watch, plain: ModuleType, after: dict) -> None:
    """Print the losses with the weights of before and after the step."""
    print(f"\n    {'':36}{'before':>10}{'after':>10}")
    calls = {made.call.function: made.call.arguments for made in watch.made}
    for function, network in (("critic_loss", "critic"), ("kl_step", "vae"), ("ws_step", "vae")):
        if given := calls.get(function):
            old = losses(plain, function, given)
            new = losses(plain, function, given | {network: after[network]})
            for name in [n for n in old if n != VIA_Z]:
                label = f"{network}: {name}"
                print(f"    {label:36}{decimal(old[name]):>10}{decimal(new[name]):>10}")


def main() -> None:
    """Read the options, watch the step and tell it."""
    parser = OneLineParser("python -m course.trace", description=__doc__)
    parser.add_argument("run", choices=SETTINGS, help="the step of the KL or of the WS model")
    parser.add_argument("--part", help="only this function, as encode or penalty, or start, or end")
    parser.add_argument("--seed", type=whole(0), default=SEED, help="of images, weights and noise")
    parser.add_argument("--mine", action="store_true", help="run your functions, where written")
    options = parser.parse_args()

    mine, to_do = load_mine() if options.mine else ({}, [])
    plain = plain_with(**mine)
    after = new_arguments(plain, options.run, options.seed)
    watch = Watch(plain, SHORT - {"adam"} if options.part == "adam" else SHORT)
    watch.run(getattr(plain, f"{options.run}_step"), **after)
    parts = ["start", *watch.functions, "end"]
    if options.part not in (None, *parts):
        parser.error(f"--part: this step has no {options.part!r}, only {', '.join(parts)}")
    print(f"One {options.run.upper()} step in numbers (seed {options.seed})")
    if options.mine:
        say(f"Yours: {', '.join(mine) or 'nothing yet'}.")
        say(f"Still npvae's, as you have not written them: {', '.join(to_do) or 'nothing'}.")
    if options.part is None:
        for text in WORDS["head"].split("\n\n"):
            print()
            say(text)
    # Gradients are measured while no weight moves, and those of the VAE with the new critic.
    still = plain_with(**mine | {"update": lambda *_: None})
    watch.made[0].call.arguments |= {name: after[name] for name in ("critic",) if name in after}
    tell(watch, still, options.part)
    if options.part in (None, "end"):
        rule("end")
        say(WORDS["end"])
        tell_change(watch, still, after)


if __name__ == "__main__":
    sys.argv[0] = "course.trace"  # the name that messages begin with, not __main__.py
    run_program(main)
