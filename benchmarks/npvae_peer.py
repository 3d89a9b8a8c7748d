"""npvae as a competitor: exactly the step that `run_kl.py` and `run_ws.py` train with."""

import numpy as np

from benchmarks.peers import Sizes, Step
from npvae.kernels.threads import set_threads
from npvae.training.options import Options
from npvae.training.run import new_run
from npvae.training.train import STEP_MAKERS


def make_npvae_step(run: str, sizes: Sizes, images: np.ndarray, threads: int) -> Step:
    """Build the step of run "kl" or "ws"; see peers.py. The critic has the reference's widths."""
    # As a user's run without --threads: up to all threads, of which the worker allows so many.
    set_threads(None)
    options = Options(
        run,
        batch_size=sizes.batch,
        latent_dim=sizes.latent,
        hidden_dim=sizes.hidden,
        critic_steps=sizes.critic_updates,
    )
    state = new_run(options, (1, sizes.pixels))
    train_step = STEP_MAKERS[options.kind](state, images, sizes.batch)
    rng = np.random.default_rng(0)

    def step(index: np.ndarray) -> float:
        bce, *_ = train_step(index, rng)
        state.steps += 1
        return bce

    return step
