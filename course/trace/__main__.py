"""One training step in numbers: npvae/plain.py runs, and you see each array that a line makes.

Beside each gradient stands a finite difference. The example is as small as it can be: two images of
four pixels, two latent dimensions, float64.
"""

import copy
import sys
from types import ModuleType

import numpy as np

from course.mine import load_mine
from course.replace import plain_with
from course.trace.gradients import program
from course.trace.tell import Teller, block, decimal, rule, say, show
from course.trace.watch import SHORT, Watch
from course.trace.words import END, HEAD, LOSSES, MEASURED, START
from npvae.cli import OneLineParser, run_program, whole

P, H, L, B, H1, H2, U = 4, 3, 2, 2, 3, 2, 2
SETTINGS = {
    "kl": {"beta": 0.5, "lr": 0.01},
    "ws": {"weight": 0.5, "gp_weight": 10.0, "lr": 0.01, "critic_lr": 0.01, "updates": 2},
}
SEED = 14663  # with it, each hidden layer has ReLUs that are on and ReLUs that are off


class Noise:
    """A random generator of numbers with one decimal, so that a pencil can follow.

    Each shape has its own stream, so that both steps draw the same eps for the decoder.
    """

    def __init__(self, seed: int):
        """Begin all streams of a seed."""
        self.seed, self.streams = seed, {}

    def _stream(self, shape: tuple[int, ...]) -> np.random.Generator:
        return self.streams.setdefault(shape, np.random.default_rng([self.seed, *shape]))

    def standard_normal(self, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        """Draw from N(0, 1)."""
        return self._stream(shape).standard_normal(shape, dtype).round(1)

    def random(self, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        """Draw uniformly from 0 to 1."""
        return self._stream(shape).random(shape, dtype).round(1)


def new_arguments(plain: ModuleType, run: str, seed: int) -> dict:
    """Return the arguments of `plain.kl_step` or `plain.ws_step`: images and rounded weights."""
    rng = np.random.default_rng([seed, 0])
    arguments = {"x": rng.random((B, P)).round(1), "rng": Noise(seed), **SETTINGS[run]}
    sizes = {"vae": [(P, H), (H, 2 * L), (L, H), (H, P)], "critic": [(L, H1), (H1, H2), (H2, U)]}
    for name, state in (("vae", "state"), ("critic", "critic_state"))[: 2 if run == "ws" else 1]:
        network, arguments[state] = plain.new_network(sizes[name], rng, float)
        arguments[name] = {key: w.round(2) for key, w in network.items()}
    return arguments


def main() -> None:
    """Read the options, watch the step and tell it."""
    parser = OneLineParser("python -m course.trace", description=__doc__)
    parser.add_argument("run", choices=SETTINGS, help="the step of the KL or of the WS model")
    parser.add_argument(
        "--part", help="show one part only: start, end, or a function such as encode or penalty"
    )
    parser.add_argument(
        "--seed", type=whole(0), default=SEED, help=f"of weights, images and noise (default {SEED})"
    )
    parser.add_argument(
        "--mine", action="store_true", help="run your functions of course/exercises, where written"
    )
    options = parser.parse_args()

    mine, to_do = load_mine() if options.mine else ({}, [])
    plain = plain_with(**mine)
    before = new_arguments(plain, options.run, options.seed)
    after = copy.deepcopy(before)
    watch = Watch(plain, SHORT - {"adam"} if options.part == "adam" else SHORT)
    watch.run(lambda: getattr(plain, f"{options.run}_step")(**after))
    parts = ["start", *watch.functions, "end"]
    if options.part not in (None, *parts):
        parser.error(f"--part: this step has no {options.part!r}, only {', '.join(parts)}")

    # Gradients are measured while no weight moves: in the learner's functions, or else in npvae's.
    stop = {"update": lambda *_: None}
    still = [plain_with(**functions) for functions in ([mine | stop, stop] if mine else [stop])]
    print(f"One {options.run.upper()} step in numbers (seed {options.seed})")
    if options.mine:
        say(f"Yours: {', '.join(mine) or 'nothing yet'}.")
        say(f"Still npvae's, as you have not written them: {', '.join(to_do) or 'nothing'}.")
    if options.part is None:
        for text in (LOSSES[options.run], HEAD, MEASURED):
            print()
            say(text)
    if options.part in (None, "start"):
        rule("start")
        say(START)
        networks = {name: before[name] for name in ("vae", "critic") if name in before}
        weights = {f"{n} {key}": array for n in networks for key, array in networks[n].items()}
        show([block(name, array, 2) for name, array in ({"x": before["x"]} | weights).items()])
    Teller(still, after.get("critic"), options.part).tell(watch.made)
    if options.part in (None, "end"):
        rule("end")
        say(END[options.run])
        tell_change(watch, after, still[0])


def tell_change(watch: Watch, after: dict, plain: ModuleType) -> None:
    """Print the losses with the weights of before and after the step."""
    calls = {made.call.function: made.call for made in reversed(watch.made)}  # the first of each
    print(f"\n    {'':36}{'before':>10}{'after':>10}")
    for function in ("critic_loss", "kl_step", "ws_step"):
        if function in calls:
            network = "critic" if function == "critic_loss" else "vae"
            inputs, losses = program(calls[function], after.get("critic"))
            new = losses(plain, after[network])
            for name, old in losses(plain, inputs).items():
                print(f"    {network + ': ' + name:36}{decimal(old):>10}{decimal(new[name]):>10}")


if __name__ == "__main__":
    sys.argv[0] = "course.trace"  # the name that messages begin with, not __main__.py
    run_program(main)
