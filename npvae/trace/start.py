"""What a traced step starts from: two small networks, two images of four pixels, all the noise.

Weights, images and noise are rounded to one or two decimals, so that a pencil can follow. Whatever
the step computes holds NaN at first: a number that is read before it is written would show.
"""

from dataclasses import dataclass

import numpy as np

from npvae.models.critic import make_critic
from npvae.models.objectives import CriticBatch, make_critic_batch
from npvae.models.steps import kl_step, ws_step
from npvae.models.vae import VAEActivations, make_vae, make_vae_activations
from npvae.nn.parameters import ParameterSet

PIXELS, HIDDEN, LATENT, BATCH = 4, 3, 2, 2
CRITIC_HIDDEN, UNITS, CRITIC_STEPS = (3, 2), 2, 2
BETA, WASSERSTEIN_WEIGHT, GP_WEIGHT, RATE = 1.0, 0.5, 10.0, 0.01


@dataclass
class Start:
    """Everything that `kl_step` or `ws_step` works on. The KL step leaves the critic alone."""

    vae: ParameterSet
    act: VAEActivations
    critic: ParameterSet
    batch: CriticBatch
    images: np.ndarray  # (B, P)
    index: np.ndarray  # (B,)
    noise: np.ndarray  # (n, 2, B, L)  eps and prior samples of each critic update
    alpha: np.ndarray  # (n, B)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays that a step can change, by the names that the code gives them.

        `stats` and `dstats` are left out because their halves are there, and so is scratch memory.
        """
        named = {f"act.{name}": array for name, array in self.act._asdict().items()}
        for rows in ("fake", "prior", "mixed"):
            part = getattr(self.batch, rows)._asdict()
            named |= {f"{rows}.{name}": array for name, array in part.items()}
        named["batch.norm"] = self.batch.norm
        for name, p in {"vae": self.vae, "critic": self.critic}.items():
            for owner, flat in {"w": p.theta, "dw": p.dtheta, "m": p.m, "v": p.v}.items():
                views = p.views(flat)._asdict()
                named |= {f"{name}.{owner}.{field}": array for field, array in views.items()}
        left_out = ("stats", "dstats", "scratch")
        return {n: array for n, array in named.items() if n.split(".")[-1] not in left_out}

    def inputs(self, owners: str) -> dict[str, np.ndarray]:
        """Return what a step starts from, by name; `owners` are those of `arrays`, and "noise"."""
        named = {"images": self.images, "act.eps": self.act.eps}
        if "noise" in owners.split():
            for k, (eps, prior) in enumerate(self.noise):
                named |= {f"noise[{k}] eps": eps, f"noise[{k}] prior": prior}
                named |= {f"alpha[{k}]": self.alpha[k]}
        weights = self.arrays().items()
        return named | {n: array for n, array in weights if n.rpartition(".")[0] in owners.split()}

    def kl_step(self) -> None:
        """Do the real KL step."""
        kl_step(self.vae, self.act, self.images, self.index, beta=BETA, lr=RATE, t=1)

    def ws_step(self) -> None:
        """Do the real WS step."""
        ws_step(
            self.vae,
            self.act,
            self.critic,
            self.batch,
            self.images,
            self.index,
            noise=self.noise,
            alpha=self.alpha,
            wasserstein_weight=WASSERSTEIN_WEIGHT,
            gp_weight=GP_WEIGHT,
            lr=RATE,
            critic_lr=RATE,
            t=1,
        )


def make_start(seed: int) -> Start:
    """Draw the start that belongs to a seed, in float64."""
    rng = np.random.default_rng(seed)
    vae = make_vae(PIXELS, HIDDEN, LATENT, np.float64, rng)
    critic = make_critic(LATENT, np.float64, rng, CRITIC_HIDDEN, UNITS)
    for p in (vae, critic):
        p.theta[:] = p.theta.round(2)
    start = Start(
        vae=vae,
        act=make_vae_activations(vae.w, BATCH),
        critic=critic,
        batch=make_critic_batch(critic.w, BATCH),
        images=rng.uniform(size=(BATCH, PIXELS)).round(1),
        index=np.arange(BATCH),
        noise=rng.standard_normal((CRITIC_STEPS, 2, BATCH, LATENT)).round(1),
        alpha=rng.uniform(size=(CRITIC_STEPS, BATCH)).round(1),
    )
    for name, array in start.arrays().items():
        if ".w." not in name and ".m." not in name and ".v." not in name:
            array[...] = np.nan
    start.act.eps[:] = rng.standard_normal((BATCH, LATENT)).round(1)
    return start
