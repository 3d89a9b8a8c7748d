"""Networks small enough to check every parameter, in float64, with all the noise they need."""

import numpy as np

from npvae.models.critic import make_critic
from npvae.models.objectives import make_critic_batch
from npvae.models.steps import kl_step, ws_step
from npvae.models.vae import make_vae, make_vae_activations

PIXELS, HIDDEN, LATENT, BATCH, CRITIC_STEPS = 12, 9, 3, 5, 2


class Small:
    """A VAE and a critic on 100 random images, with the steps that train them."""

    def __init__(
        self, seed=0, batch=BATCH, dtype=np.float64, latent=LATENT, pixels=PIXELS, hidden=HIDDEN,
        critic=(8, 7), units=4,
    ):  # fmt: skip
        self.rng, self.dtype, self.steps = np.random.default_rng(seed), dtype, 0
        self.vae = make_vae(pixels, hidden, latent, dtype, self.rng)
        self.a = make_vae_activations(self.vae.w, batch)
        self.critic = make_critic(latent, dtype, self.rng, critic, units)
        self.batch = make_critic_batch(self.critic.w, batch)
        self.images = self.rng.uniform(size=(100, pixels)).astype(dtype)
        self.index = self.rng.permutation(100)[:batch]

    def normal(self, *shape):
        return self.rng.standard_normal(shape).astype(self.dtype)

    def train_kl(self, steps, lr=1e-2):
        for _ in range(steps):
            self.steps += 1
            self.a.eps[:] = self.normal(*self.a.eps.shape)
            self.losses = kl_step(
                self.vae, self.a, self.images, self.index, beta=1.0, lr=lr, t=self.steps
            )

    def train_ws(self, steps, lr=1e-2, critic_lr=1e-2, weight=0.5):
        batch, latent = self.a.eps.shape
        for _ in range(steps):
            self.steps += 1
            self.a.eps[:] = self.normal(batch, latent)
            noise = self.normal(CRITIC_STEPS, 2, batch, latent)
            alpha = self.rng.uniform(size=(CRITIC_STEPS, batch)).astype(self.dtype)
            self.losses = ws_step(
                self.vae, self.a, self.critic, self.batch, self.images, self.index,
                noise=noise, alpha=alpha, wasserstein_weight=weight, gp_weight=10.0, lr=lr,
                critic_lr=critic_lr, t=self.steps,
            )  # fmt: skip


def sized(pixels=784, hidden=256, batch=64, critic=(512, 256), dtype=np.float32):
    """Networks of any size, at first the reference experiment's."""
    return Small(0, batch, dtype, 10, pixels, hidden, critic, 10)
