"""npvae as a competitor: exactly the step that `run_kl.py` and `run_ws.py` train with."""

import numpy as np

from benchmarks.peers import Sizes, Step
from npvae.kernels.threads import set_threads
from npvae.models.critic import make_critic
from npvae.models.vae import make_vae
from npvae.training.options import Options
from npvae.training.run import Run
from npvae.training.train import STEP_MAKERS


def make_npvae_step(run: str, sizes: Sizes, images: np.ndarray, threads: int) -> Step:
    """Build the step of run "kl" or "ws"; see peers.py."""
    # As a user's run without --threads: up to all threads, of which the worker allows so many.
    set_threads(None)
    rng = np.random.default_rng(0)
    options = Options(
        run,
        batch_size=sizes.batch,
        latent_dim=sizes.latent,
        hidden_dim=sizes.hidden,
        critic_steps=sizes.critic_updates,
    )
    vae = make_vae(sizes.pixels, sizes.hidden, sizes.latent, np.float32, rng)
    first, second, units = sizes.critic
    critic = make_critic(sizes.latent, np.float32, rng, (first, second), units)
    state = Run(options, (1, sizes.pixels), "", "", vae, critic, epoch=0, steps=0, history=[])
    train_step = STEP_MAKERS[options.kind](state, images, sizes.batch)

    def step(index: np.ndarray) -> float:
        bce, *_ = train_step(index, rng)
        state.steps += 1
        return bce

    return step
