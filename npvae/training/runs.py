"""The runs: what tells a KL run from a WS run, in one table that all other rooms ask.

To add a third regulariser of the latent space, add its row here (README, "Adding something").
The functions that make a training step import the models themselves, when a training begins:
the import takes half a second, and `--help` need not wait for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from npvae.training.checkpoint import Run

# A step takes the indices of its images and the epoch's random generator. It returns the losses of
# its kind, in the order of the table, and the number that Adam watches (see `adam_update`).
Step = Callable[[np.ndarray, np.random.Generator], tuple[float, ...]]

TEST_COLUMNS = ("test_bce_mu", "test_bce_z", "test_sse_mu", "test_sse_z", "mean_sigma")


@dataclass(frozen=True)
class Loss:
    """One number that a training step returns: its column in the history, and how it is shown."""

    column: str  # in history.csv
    label: str  # on the screen
    title: str = ""  # in the chart of the training; without one the loss is not drawn
    unit: str = ""


@dataclass(frozen=True)
class RunKind:
    """The facts about one kind of run."""

    key: str  # on the command line, in file names and in checkpoints
    label: str  # in tables and pictures
    weight: str  # the option that weighs its regulariser
    symbol: str  # of that weight
    sweep: tuple[float, ...]  # the weights of the trade-off
    losses: tuple[Loss, ...]  # in the order in which a step returns them
    options: tuple[str, ...]  # those that only this kind has
    has_critic: bool
    make_step: Callable[["Run", np.ndarray, int], Step]  # of a run, its images, and a batch size
    colour: str  # two of Okabe and Ito's, which the colour-blind tell apart
    marker: str  # its shape in charts serves print in grey

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the history: a row of them is written after each epoch."""
        return ("epoch", *(loss.column for loss in self.losses), *TEST_COLUMNS, "seconds")


def make_kl_step(run: "Run", images: np.ndarray, batch: int) -> Step:
    """Allocate what KL steps on batches of this size need, and return the step."""
    from npvae.models.steps import kl_step
    from npvae.models.vae import make_vae_activations

    o, a = run.options, make_vae_activations(run.vae.w, batch)

    def step(index: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
        rng.standard_normal(out=a.eps, dtype=np.float32)
        return kl_step(
            run.vae, a, images, index, beta=o.beta, lr=o.lr, t=run.steps + 1,
            sigma_is_held=o.sigma is not None,
        )  # fmt: skip

    return step


def make_ws_step(run: "Run", images: np.ndarray, batch: int) -> Step:
    """Allocate what WS steps on batches of this size need, and return the step."""
    from npvae.models.objectives import make_critic_batch
    from npvae.models.steps import ws_step
    from npvae.models.vae import make_vae_activations

    o, a = run.options, make_vae_activations(run.vae.w, batch)
    critic_batch = make_critic_batch(run.critic.w, batch)
    noise = np.empty((o.critic_steps, 2, batch, o.latent_dim), np.float32)
    alpha = np.empty((o.critic_steps, batch), np.float32)

    def step(index: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
        rng.standard_normal(out=noise, dtype=np.float32)
        rng.random(out=alpha, dtype=np.float32)
        rng.standard_normal(out=a.eps, dtype=np.float32)
        return ws_step(
            run.vae, a, run.critic, critic_batch, images, index, noise=noise, alpha=alpha,
            wasserstein_weight=o.wasserstein_weight, gp_weight=o.gp_weight, lr=o.lr,
            critic_lr=o.critic_lr, t=run.steps + 1, sigma_is_held=o.sigma is not None,
        )  # fmt: skip

    return step


KL = RunKind(
    key="kl",
    label="KL",
    weight="beta",
    symbol="β",
    sweep=(0.1, 0.3, 1.0, 3.0, 10.0),
    losses=(
        Loss("train_bce", "BCE"),
        Loss("train_kl", "KL", "KL divergence", "nats per image"),
    ),
    options=("beta",),
    has_critic=False,
    make_step=make_kl_step,
    colour="#0072B2",
    marker="o",
)
WS = RunKind(
    key="ws",
    label="WS",
    weight="wasserstein_weight",
    symbol="λ",
    sweep=(0.1736, 1.0, 3.0, 10.0),
    losses=(
        Loss("train_bce", "BCE"),
        Loss("train_w1", "W1", "critic's estimate of W₁", "W₁ in units of z (without penalty)"),
        Loss("train_gp", "penalty"),
        Loss("critic_grad_norm", "|grad|"),
    ),
    options=("wasserstein_weight", "critic_steps", "gp_weight", "critic_lr"),
    has_critic=True,
    make_step=make_ws_step,
    colour="#D55E00",
    marker="s",
)
RUNS = {kind.key: kind for kind in (KL, WS)}
