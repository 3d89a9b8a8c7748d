"""Networks small enough to check every parameter, in float64, with all the noise they need."""

import numpy as np

from npvae.models.critic import make_critic
from npvae.models.objectives import make_critic_batch
from npvae.models.steps import kl_step, ws_step
from npvae.models.vae import make_vae, make_vae_activations

PIXELS, HIDDEN, LATENT, BATCH, CRITIC_STEPS = 12, 9, 3, 5, 2
VAE, CRITIC = (PIXELS, HIDDEN, LATENT), ((8, 7), 4)


class Small:
    """A VAE and a critic on 100 random images, with the steps that train them."""

    def __init__(self, seed=0, batch=BATCH, dtype=np.float64, vae=VAE, critic=CRITIC):
        self.rng, self.dtype, self.steps = np.random.default_rng(seed), dtype, 0
        self.vae = make_vae(*vae, dtype, self.rng)
        self.a = make_vae_activations(self.vae.w, batch)
        self.critic = make_critic(vae[-1], dtype, self.rng, *critic)
        self.batch = make_critic_batch(self.critic.w, batch)
        self.images = self.rng.uniform(size=(100, vae[0])).astype(dtype)
        self.index = self.rng.permutation(100)[:batch]

    def normal(self, *shape):
        return self.rng.standard_normal(shape).astype(self.dtype)

    def train_kl(self, steps):
        for _ in range(steps):
            self.steps += 1
            self.a.eps[:] = self.normal(*self.a.eps.shape)
            kl_step(self.vae, self.a, self.images, self.index, beta=1.0, lr=1e-2, t=self.steps)

    def train_ws(self, steps):
        batch, latent = self.a.eps.shape
        for _ in range(steps):
            self.steps += 1
            self.a.eps[:] = self.normal(batch, latent)
            noise = self.normal(CRITIC_STEPS, 2, batch, latent)
            alpha = self.rng.uniform(size=(CRITIC_STEPS, batch)).astype(self.dtype)
            ws_step(
                self.vae, self.a, self.critic, self.batch, self.images, self.index,
                noise=noise, alpha=alpha, wasserstein_weight=0.5, gp_weight=10.0, lr=1e-2,
                critic_lr=1e-2, t=self.steps,
            )  # fmt: skip
