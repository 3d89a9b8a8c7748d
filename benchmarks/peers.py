"""What the competitors of the benchmarks share: sizes, constants, work, first weights, names.

One competitor is one function `make_<name>_step(run, sizes, images, threads)`. It returns
`step(index)`, which performs one whole training step, synchronously, on the images of that index:

    KL step   L = BCE + KL, both averaged over the batch; one Adam update of the VAE
    WS step   the encoder's mu and logvar of the batch, once; then, each time with fresh noise,
              L = mean s(fake) - mean s(prior) + 10 mean((|grad s(mixed)| - 1)^2)
                  and one Adam update of the critic, `critic_updates` times,
              L = BCE - 0.1736 mean s(fake) and one Adam update of the VAE

with fake = mu + eps exp(logvar / 2), mixed = alpha prior + (1 - alpha) fake (one uniform alpha per
sample) and s(z) the mean of the critic's output units. All of it is float32. As in npvae, the VAE
is not charged for mean s(prior): that part of its distance to the prior does not depend on it.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import SupportsFloat

import numpy as np

LEARNING_RATE, BETA1, BETA2, ADAM_EPSILON = 1e-3, 0.9, 0.999, 1e-8
PENALTY_WEIGHT = 10.0
WS_WEIGHT = 0.1736

# Name -> where its make function lives. Modules are imported only in the worker that runs them, so
# a framework that is not installed harms nobody. A competitor joins by adding its line here.
COMPETITORS = {
    "npvae": "benchmarks.npvae_peer:make_npvae_step",
    "torch eager": "benchmarks.torch_peer:make_torch_eager_step",
    "torch compile": "benchmarks.torch_peer:make_torch_compile_step",
    "jax jit": "benchmarks.jax_peer:make_jax_step",
}

Layer = tuple[np.ndarray, np.ndarray]  # weight (in, out), bias (out,)
Step = Callable[[np.ndarray], SupportsFloat]  # index (batch,) int64 -> the loss


class Unavailable(Exception):
    """The competitor cannot run here; the message says why in one line."""


@dataclass(frozen=True)
class Sizes:
    """Widths of both networks, images in a batch, critic updates in a WS step."""

    pixels: int = 784
    hidden: int = 256
    latent: int = 10
    critic: tuple[int, int, int] = (512, 256, 10)
    batch: int = 64
    critic_updates: int = 6


def step_flop(run: str, sizes: Sizes) -> int:
    """Count the floating-point operations of the matrix products of one step, 2 m k n for each.

    A product x W costs as much again for the gradient of W and, where it is needed, that of x.
    """
    p, h, z, b = sizes.pixels, sizes.hidden, sizes.latent, sizes.batch
    c1, c2, units = sizes.critic
    first, inner = p * h, h * 2 * z + z * h + h * p  # the encoder's input needs no gradient
    vae = 2 * first + 3 * inner
    if run == "kl":
        return 2 * b * vae
    critic = z * c1 + c1 * c2 + c2 * units
    # All 3 B rows: forward pass, weights' gradients, and the gradients back to the first hidden
    # layer. The B mixed ones: the gradient for z, and the second backward pass, which ends at h2.
    every = critic + critic + (critic - z * c1)
    mixed = z * c1 + (critic - c2 * units)
    update = 3 * every + mixed
    return 2 * b * (vae + sizes.critic_updates * update + 2 * critic)


def initial_layers(sizes: Sizes, seed: int = 0) -> tuple[list[Layer], list[Layer]]:
    """Return the first weights of the VAE (2 encoder, 2 decoder layers) and of the critic (3).

    Weights and biases are float32, uniform in ±1/√fan_in, the same for every competitor.
    """
    rng = np.random.default_rng(seed)

    def layers(*widths: int) -> list[Layer]:
        made = []
        for fan_in, out in pairwise(widths):
            bound = fan_in**-0.5
            weight = rng.uniform(-bound, bound, (fan_in, out)).astype(np.float32)
            made.append((weight, rng.uniform(-bound, bound, out).astype(np.float32)))
        return made

    encoder = layers(sizes.pixels, sizes.hidden, 2 * sizes.latent)
    decoder = layers(sizes.latent, sizes.hidden, sizes.pixels)
    return encoder + decoder, layers(sizes.latent, *sizes.critic)


def make_step(name: str, run: str, sizes: Sizes, images: np.ndarray, threads: int) -> Step:
    """Build the step of competitor `name` for run "kl" or "ws" on `images` (N, pixels), uint8.

    The thread limit of the process must already be set (worker.py does it).
    Raises Unavailable if the competitor's framework, or something that it needs, is missing.
    """
    module, function = COMPETITORS[name].split(":")
    try:
        make = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        raise Unavailable(f"{error.name} is not installed") from error
    return make(run, sizes, images, threads)
