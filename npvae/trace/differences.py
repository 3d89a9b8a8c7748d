"""Finite differences of whole losses, which are written here once more in plain NumPy.

    d loss / d y[i]  is about  (loss with y[i] + h  -  loss with y[i] - h) / (2 h)        h = 1e-5

`y` is any array on the way to the loss, a weight or an activation. The losses take a function
`nudge(name, array)`, through which each such array passes on its way; it adds h to one entry of one
array and leaves all others as they are. There are no buffers and no gradients here, and no function
of npvae is used: so a mistake in the real code cannot hide in both.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from npvae.models.critic import CriticWeights
from npvae.models.vae import VAEWeights

STEP = 1e-5

Nudge = Callable[[str, np.ndarray], np.ndarray]
Losses = dict[str, float]


def unchanged(name: str, array: np.ndarray) -> np.ndarray:
    """Nudge nothing."""
    return array


def numeric_gradient(
    losses: Callable[[Nudge], Losses], which: str, name: str, place: tuple[int, ...]
) -> float:
    """Return the central difference of one of the losses for the entry `place` of one array.

    Raises ValueError if the losses do not have an array of this name.
    """
    found = False

    def loss(h: float) -> float:
        def nudge(passing: str, array: np.ndarray) -> np.ndarray:
            nonlocal found
            if passing != name:
                return array
            found = True
            array = array.copy()
            array[place] += h
            return array

        return losses(nudge)[which]

    difference = (loss(STEP) - loss(-STEP)) / (2 * STEP)
    if not found:
        raise ValueError(f"no loss has an array called {name}")
    return difference


class Forward(NamedTuple):
    """What the VAE makes of a batch, as far as the losses need it."""

    mu: np.ndarray  # (B, L)
    logvar: np.ndarray  # (B, L)
    z: np.ndarray  # (B, L)
    bce: float


def vae_forward(nudge: Nudge, w: VAEWeights, x: np.ndarray, eps: np.ndarray) -> Forward:
    """Encode, sample, decode; compute the mean BCE."""
    w = nudged_weights(nudge, "vae", w)
    h_enc = relu(nudge("act.a_enc", x @ w.W1 + w.b1))
    mu, logvar = np.split(h_enc @ w.W2 + w.b2, 2, axis=1)
    mu, logvar = nudge("act.mu", mu), nudge("act.logvar", logvar)
    z = nudge("act.z", mu + np.exp(logvar / 2) * eps)
    h_dec = relu(nudge("act.a_dec", z @ w.W3 + w.b3))
    logits = nudge("act.logits", h_dec @ w.W4 + w.b4)
    nll = np.logaddexp(0, logits) - logits * x  # -x log s - (1-x) log(1-s)
    return Forward(mu, logvar, z, nll.sum() / len(x))


def kl_losses(nudge: Nudge, w: VAEWeights, x: np.ndarray, eps: np.ndarray, beta: float) -> Losses:
    """Compute the loss of the KL run, BCE + beta * KL, and its terms."""
    mu, logvar, _, bce = vae_forward(nudge, w, x, eps)
    kl = (mu**2 + np.exp(logvar) - 1 - logvar).sum() / 2 / len(x)
    return {"bce": bce, "kl": kl, "loss": bce + beta * kl}


def ws_losses(
    nudge: Nudge,
    w: VAEWeights,
    x: np.ndarray,
    eps: np.ndarray,
    critic_w: CriticWeights,
    weight: float,
) -> Losses:
    """Compute the loss of the WS run's VAE, BCE - weight * mean score(z), and its terms."""
    _, _, z, bce = vae_forward(nudge, w, x, eps)
    score, _, _ = critic_forward(nudge, critic_w, z, "fake")
    return {"bce": bce, "mean score(z)": score.mean(), "loss": bce - weight * score.mean()}


def critic_forward(
    nudge: Nudge, w: CriticWeights, z: np.ndarray, rows: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the score of each row of z, and which hidden units are on in both layers."""
    a1 = nudge(f"{rows}.a1", nudge(f"{rows}.z", z) @ w.W1 + w.b1)
    a2 = nudge(f"{rows}.a2", relu(a1) @ w.W2 + w.b2)
    units = nudge(f"{rows}.units", relu(a2) @ w.W3 + w.b3)
    return nudge(f"{rows}.score", units.mean(axis=1)), a1 > 0, a2 > 0


def critic_losses(
    nudge: Nudge,
    w: CriticWeights,
    fake: np.ndarray,
    prior: np.ndarray,
    mixed: np.ndarray,
    gp_weight: float,
) -> Losses:
    """Compute the critic's loss, gp_weight * penalty - distance, and its terms.

    "score" is the sum of the scores of the mixed rows: its gradient for each row is that of the
    row's own score.
    """
    w = nudged_weights(nudge, "critic", w)
    fake_score, _, _ = critic_forward(nudge, w, fake, "fake")
    prior_score, _, _ = critic_forward(nudge, w, prior, "prior")
    distance = prior_score.mean() - fake_score.mean()
    mixed_score, on1, on2 = critic_forward(nudge, w, mixed, "mixed")
    # The input gradient, as a function of the weights. Its links have names of their own, because
    # the loss is differentiated for them too, in the second backward pass.
    dunits = np.full((len(mixed), len(w.b3)), 1 / len(w.b3))
    da2 = nudge("mixed.da2", dunits @ w.W3.T) * on2
    da1 = nudge("mixed.da1", da2 @ w.W2.T) * on1
    dz = nudge("mixed.dz", da1 @ w.W1.T)
    penalty = ((np.sqrt((dz**2).sum(axis=1)) - 1) ** 2).mean()
    return {
        "distance": distance,
        "penalty": penalty,
        "score": mixed_score.sum(),
        "loss": gp_weight * penalty - distance,
    }


def nudged_weights(nudge: Nudge, network: str, w: NamedTuple) -> NamedTuple:
    """Let each of a network's parameters pass through `nudge`."""
    return type(w)(*(nudge(f"{network}.w.{name}", array) for name, array in w._asdict().items()))


def relu(a: np.ndarray) -> np.ndarray:
    """Compute max(0, a)."""
    return np.maximum(0, a)
