"""One training step in numbers: every array that changes, and every gradient checked.

The step is that of run_kl.py or run_ws.py and is done by the functions that train, on 2 images of
4 pixels, with 2 latent dimensions and a few hidden units, in float64.
"""

import os
import sys

from npvae.cli import OneLineParser, run_program, whole

# A step's parts, in their order.
PARTS = {
    "kl": ("start", "encoder", "sampler", "decoder", "bce", "kl", "adam", "end"),
    "ws": (
        *("start", "encoder", "mixing", "critic", "penalty"),
        *("sampler", "decoder", "bce", "adam", "end"),
    ),
}
SEED = 1525  # with it, each hidden layer has ReLUs that are on and ReLUs that are off


def main() -> None:
    """Read the options and print the step."""
    parser = OneLineParser("python -m npvae.trace", description=__doc__)
    parser.add_argument("run", choices=PARTS, help="the step of the KL run or of the WS run")
    parser.add_argument(
        "--seed", type=whole(0), default=SEED, help=f"of weights, images and noise (default {SEED})"
    )
    parts = "; ".join(f"{run}: {', '.join(names)}" for run, names in PARTS.items())
    parser.add_argument("--part", help=f"show this part of the step only ({parts})")
    options = parser.parse_args()
    if options.part not in (None, *PARTS[options.run]):
        known = ", ".join(PARTS[options.run])
        parser.error(f"--part: a {options.run} step has no part {options.part!r}, only {known}")

    from npvae.trace.stages import Trace
    from npvae.trace.start import make_start
    from npvae.trace.story import kl_story, print_head, ws_story

    start, real = make_start(options.seed), make_start(options.seed)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    trace = Trace(start.arrays(), options.part, colour)
    print_head(trace, options.run, options.seed)
    {"kl": kl_story, "ws": ws_story}[options.run](trace, start, real)


if __name__ == "__main__":
    sys.argv[0] = "npvae.trace"  # the name that messages begin with, not __main__.py
    run_program(main)
