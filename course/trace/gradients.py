"""Which gradient belongs to what, and each one measured by running the program again.

    d loss / d y[i]  is about  (loss with y[i] + h  -  loss with y[i] - h) / 2h        h = 1e-6

The gradient of y is called dy, but y may have been made in another function, under a name of its
own. And until a second part is added, a gradient belongs to a part of the loss.
"""

import copy
from collections.abc import Callable
from types import ModuleType

from course.trace.watch import CRITIC_GRADIENTS, SHORT, Call, Made, Watch

STEP = 1e-6

Program = tuple[dict, Callable[[ModuleType, dict], dict[str, float]]]  # inputs; their losses

MU, LOGVAR, Z = "encode.mu", "encode.logvar", "step.z"
SCORES, WEIGHTED, PART = "sum of score", "sum of dscore * score", "BCE, or in WS loss"
UP = {
    "dunits": "score.units",
    "dh2": "hidden_layers.h2",
    "da2": "hidden_layers.a2",
    "dh1": "hidden_layers.h1",
    "da1": "hidden_layers.a1",
}

# By function, for each gradient: the array that it belongs to, named by the function that makes it
# (by its name alone if it is an input), and the loss.
GRADIENTS = {
    "bce": {"dlogits": ("decode.logits", "BCE")},
    "kl": {"dmu": (MU, "KL"), "dlogvar": (LOGVAR, "KL")},
    "kl_step": {"pull[1]": (MU, "beta * KL"), "pull[2]": (LOGVAR, "beta * KL")},
    "ws_step": {"dz": (Z, "-weight * mean score")},
    "vae_backward": {name: (name[1:], "loss") for name in (*CRITIC_GRADIENTS, "dW4", "db4")}
    | {f"d{y}": (f"decode.{y}", "loss") for y in ("h_dec", "a_dec")}
    | {f"d{y}": (f"encode.{y}", "loss") for y in ("stats", "h_enc", "a_enc")}
    | {"dz_dec": (Z, "BCE"), "dz": (Z, PART), "dmu_z": (MU, PART), "dlogvar_z": (LOGVAR, PART)}
    | {"dmu": (MU, "loss"), "dlogvar": (LOGVAR, "loss")},
    "first_pass": {name: (y, SCORES) for name, y in UP.items()} | {"dz": ("z", SCORES)},
    "score_gradients": {name: (y, WEIGHTED) for name, y in UP.items()}
    | {name: (name[1:], WEIGHTED) for name in CRITIC_GRADIENTS}
    | {"dscore": ("score.score", WEIGHTED)},
    "norm_backward": {"ddz": ("first_pass.dz", "P")},
    # dda1 and dda2 are those of the products in da1 and da2, before the gate. They can be measured
    # behind it: the gate of the largest entry is open.
    "second_pass": {"dda1": ("first_pass.da1", "P"), "dda2": ("first_pass.da2", "P")}
    | {name: (name[1:], "P") for name in CRITIC_GRADIENTS[::2]},
    "critic_loss": {f"grads[{n}]": (g[1:], "loss") for n, g in enumerate(CRITIC_GRADIENTS)}
    | {"dscore": ("score.score 2", "loss")},  # the second one made: that of fake
}


def gradient(made: Made) -> tuple[str, str] | None:
    """Return the array and the loss that a gradient belongs to; None for other arrays."""
    target, loss = GRADIENTS.get(made.call.function, {}).get(made.name, ("", ""))
    step = made.call.stack()[0].function
    if loss == PART:  # of the loss, what mu and logvar change through z
        loss = "BCE" if step == "kl_step" else "loss"
    return (target.replace("step", step), loss) if target else None


def program(call: Call, critic: dict | None) -> Program:
    """Return what is run again to measure the gradients that were made in a call.

    That is the whole step, or the function in it whose result they belong to. The step runs with
    the critic of its end, because the VAE's gradients take the critic as fixed.
    """
    inside = ("critic_loss", "first_pass", "score_gradients")
    call = next(c for c in reversed(call.stack()) if c.function in inside or not c.caller)
    given = copy.deepcopy(call.arguments)
    dscore = given.pop("dscore", 1.0)

    def kl_step(plain: ModuleType, vae: dict) -> dict[str, float]:
        loss, BCE, KL = plain.kl_step(**copy.deepcopy(given) | {"vae": vae})
        return {"loss": loss, "BCE": BCE, "KL": KL, "beta * KL": loss - BCE}

    def ws_step(plain: ModuleType, vae: dict) -> dict[str, float]:
        loss, BCE, *_ = plain.ws_step(**copy.deepcopy(given) | {"vae": vae, "critic": critic})
        return {"loss": loss, "BCE": BCE, "-weight * mean score": loss - BCE}

    def critic_loss(plain: ModuleType, critic: dict) -> dict[str, float]:
        loss, distance, P, *_ = plain.critic_loss(**given | {"critic": critic})
        return {"loss": loss, "distance": distance, "P": P}

    def scores(plain: ModuleType, inputs: dict) -> dict[str, float]:
        score = plain.score(**inputs)
        return {SCORES: score.sum(), WEIGHTED: (dscore * score).sum()}

    losses = {"kl_step": kl_step, "ws_step": ws_step, "critic_loss": critic_loss}
    inputs = given.get("vae") or given.get("critic") or given
    return inputs, losses.get(call.function, scores)


def measure(
    program: Program, plain: ModuleType, target: str, loss: str, place: tuple[int, ...]
) -> tuple[float, bool] | None:
    """Return the central difference for one entry, and whether a ReLU flips on the way.

    None if no line makes the array.
    """
    target, _, n = target.partition(" ")
    losses = []
    for h in (-STEP, 0.0, STEP):
        inputs, function = copy.deepcopy(program[0]), program[1]
        if target in inputs:
            inputs[target][place] += h
        watch = Watch(plain, SHORT, (target, int(n or 1), place, h))
        losses.append(watch.run(function, plain, inputs)[loss])
        if target not in inputs and not watch.met:
            return None
    low, middle, high = losses
    flips = abs(high - 2 * middle + low) > 1e-3 * max(abs(high - low), 1e-2 * STEP)
    return float(high - low) / (2 * STEP), bool(flips)
