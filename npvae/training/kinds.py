"""The kinds of run: what tells KL, WS and SW runs apart, in one table that all other rooms ask.

To add a regulariser of the latent space, add its row here, and its step in `train.py`
(docs/adding.md).
"""

from dataclasses import dataclass

TEST_COLUMNS = ("test_bce_mu", "test_bce_z", "test_sse_mu", "test_sse_z", "mean_sigma")


@dataclass(frozen=True)
class Loss:
    """One number that a training step returns: its column in the history, and how it is shown."""

    column: str  # in history.csv
    label: str  # on the screen
    title: str = ""  # in the chart of the training; without one the loss is not drawn
    unit: str = ""


@dataclass(frozen=True)
class Kind:
    """The facts about one kind of run."""

    key: str  # on the command line, in file names and in checkpoints
    label: str  # in tables and pictures
    weight: str  # the option that weighs its regulariser
    symbol: str  # of that weight
    losses: tuple[Loss, ...]  # in the order in which a step returns them
    options: tuple[str, ...]  # those that not every kind has
    program: str  # that trains it
    distance: str = ""  # its word for that program's option --distance, if it has this option
    has_critic: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the history: a row of them is written after each epoch."""
        return ("epoch", *(loss.column for loss in self.losses), *TEST_COLUMNS, "seconds")


KL = Kind(
    key="kl",
    label="KL",
    weight="beta",
    symbol="β",
    losses=(Loss("train_bce", "BCE"), Loss("train_kl", "KL", "KL divergence", "nats per image")),
    options=("beta",),
    program="run_kl.py",
)
WS = Kind(
    key="ws",
    label="WS",
    weight="wasserstein_weight",
    symbol="λ",
    losses=(
        Loss("train_bce", "BCE"),
        Loss("train_w1", "W1", "critic's estimate of W₁", "W₁ in units of z (without penalty)"),
        Loss("train_gp", "penalty"),
        Loss("critic_grad_norm", "|grad|"),
    ),
    options=("wasserstein_weight", "critic_steps", "gp_weight", "critic_lr"),
    program="run_ws.py",
    distance="critic",
    has_critic=True,
)
SW = Kind(
    key="sw",
    label="SW",
    weight="wasserstein_weight",
    symbol="λ",
    losses=(
        Loss("train_bce", "BCE"),
        Loss("train_sw", "SW", "sliced Wasserstein distance", "SW in units of z"),
    ),
    options=("wasserstein_weight", "directions"),
    program="run_ws.py",
    distance="sliced",
)
KINDS = {kind.key: kind for kind in (KL, WS, SW)}
