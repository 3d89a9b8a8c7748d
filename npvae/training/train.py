"""The training loop of every kind of run: steps in epochs, then a row of history and a checkpoint.

All randomness of epoch n comes from a generator seeded with (seed, n): the order of the images, the
noise of every step. An epoch therefore does not depend on how the ones before it were run.
"""

import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from platform import python_version

import numba
import numpy as np
from tqdm import tqdm

from npvae.data.dataset import Dataset, load_data
from npvae.errors import UserError
from npvae.files import make_directory, move_aside, only_user, write_text
from npvae.kernels.threads import set_threads
from npvae.models.inference import errors_on_test_images
from npvae.models.objectives import make_critic_batch
from npvae.models.sliced import make_lines
from npvae.models.steps import kl_step, sw_step, ws_step
from npvae.models.vae import make_vae_activations
from npvae.training.checkpoint import load_checkpoint, save_checkpoint
from npvae.training.kinds import KINDS
from npvae.training.options import Options, Settings
from npvae.training.run import Run, check_data, new_run

# A step takes the indices of its images and the epoch's random generator. It returns the losses of
# its kind, in the order of the table, and the largest absolute number that Adam met.
Step = Callable[[np.ndarray, np.random.Generator], tuple[float, ...]]


def make_kl_step(run: Run, images: np.ndarray, batch: int) -> Step:
    """Allocate what KL steps on batches of this size need, and return the step."""
    o, act = run.options, make_vae_activations(run.vae.w, batch)

    def step(index: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
        rng.standard_normal(out=act.eps, dtype=np.float32)
        return kl_step(
            run.vae, act, images, index, beta=o.beta, lr=o.lr, t=run.steps + 1,
            sigma_is_held=o.sigma is not None,
        )  # fmt: skip

    return step


def make_ws_step(run: Run, images: np.ndarray, batch: int) -> Step:
    """Allocate what WS steps on batches of this size need, and return the step."""
    o, act = run.options, make_vae_activations(run.vae.w, batch)
    critic_batch = make_critic_batch(run.critic.w, batch)

    def step(index: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
        noise = rng.standard_normal((o.critic_steps, 2, batch, o.latent_dim), np.float32)
        alpha = rng.random((o.critic_steps, batch), np.float32)
        rng.standard_normal(out=act.eps, dtype=np.float32)
        return ws_step(
            run.vae, act, run.critic, critic_batch, images, index, noise=noise, alpha=alpha,
            wasserstein_weight=o.wasserstein_weight, gp_weight=o.gp_weight, lr=o.lr,
            critic_lr=o.critic_lr, t=run.steps + 1, sigma_is_held=o.sigma is not None,
        )  # fmt: skip

    return step


def make_sw_step(run: Run, images: np.ndarray, batch: int) -> Step:
    """Allocate what SW steps on batches of this size need, and return the step."""
    o, act = run.options, make_vae_activations(run.vae.w, batch)
    lines = make_lines(o.directions, batch, o.latent_dim, np.float32)

    def step(index: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
        for noise in (act.eps, lines.prior, lines.directions):
            rng.standard_normal(out=noise, dtype=np.float32)
        return sw_step(
            run.vae, act, lines, images, index, wasserstein_weight=o.wasserstein_weight, lr=o.lr,
            t=run.steps + 1, sigma_is_held=o.sigma is not None,
        )  # fmt: skip

    return step


STEP_MAKERS = {"kl": make_kl_step, "ws": make_ws_step, "sw": make_sw_step}  # by kind


def train(
    options: Options, settings: Settings, wait: bool = False, start: Path | None = None
) -> Run:
    """Train one model and write `config.json`, `history.csv` and `checkpoint.npz` to settings.out.

    With settings.resume it goes on from the checkpoint there, if there is one, or else from that in
    the directory `start`, if it is given; otherwise it first moves the run that is there aside, and
    prints where to. It can `wait` for another process that holds settings.out.
    Raises UserError for unusable data or output, for a checkpoint of other options, and when a loss
    turns NaN or infinite; KeyboardInterrupt, saying how to go on, after Ctrl-C.
    """
    set_threads(settings.threads)
    data = load_data(settings.data_dir, options.limit)
    out = make_directory(settings.out)
    with only_user(out, wait):
        run = _begin(options, settings, data, start)
        print(f"{data.name}; results go to {out}")
        write_text(out / "config.json", _config(run, data))
        if run.history:
            write_text(out / "history.csv", _csv(run))
        saved = run.epoch
        if saved == options.epochs:
            print(f"nothing to do: {saved} epochs are done")
        try:
            while run.epoch < options.epochs:
                run.history.append(_train_epoch(run, data))
                save_checkpoint(out / "checkpoint.npz", run)
                saved = run.epoch
                write_text(out / "history.csv", _csv(run))
                print(_summary(run, len(data.train_images)), flush=True)
        except KeyboardInterrupt as error:  # files are written so that it may come at any moment
            raise KeyboardInterrupt(
                f"in epoch {saved + 1}; the {saved} before are saved: the same command with"
                " --resume goes on from there"
            ) from error
    return run


def _begin(options: Options, settings: Settings, data: Dataset, start: Path | None) -> Run:
    """Return the run to go on with: the one in the checkpoint, or a new one in its place."""
    path = settings.out / "checkpoint.npz"
    if path.is_file() and not settings.resume:
        # The checkpoint goes first: `--resume` can write the other two again from it.
        aside = move_aside(settings.out, ("checkpoint.npz", "history.csv", "config.json"))
        print(f"{settings.out}: the run that was here is now in {aside}")
    if start is not None and not path.exists():
        path = start / "checkpoint.npz"
    if not (settings.resume and path.exists()):
        return new_run(options, data.image_shape, data.name, data.fingerprint)
    run = load_checkpoint(path)
    check_data(path, run, data)
    for name, new in asdict(options).items():
        old = getattr(run.options, name)
        if old != new and (name != "epochs" or run.epoch > new):
            raise UserError(
                f"{path}: was trained with {name} {old}, not {new}; give {name} {old}, or another"
                " --out"
            )
    run.options = options
    return run


def _train_epoch(run: Run, data: Dataset) -> dict[str, float]:
    """Train on every image once, and return the epoch's row of history."""
    options, images = run.options, data.train_images
    n, size, epoch = len(images), options.batch_size, run.epoch + 1
    rng = np.random.default_rng([options.seed, epoch])
    order = rng.permutation(n)
    names = [loss.column for loss in KINDS[options.kind].losses]
    sums, steps = np.zeros(len(names)), {}
    start = time.perf_counter()
    title = f"epoch {epoch}/{options.epochs}"
    with tqdm(range(0, n, size), title, leave=False, unit=" steps", disable=None) as firsts:
        for first in firsts:
            index = order[first : first + size]
            if len(index) not in steps:
                steps[len(index)] = STEP_MAKERS[options.kind](run, images, len(index))
            *losses, largest = steps[len(index)](index, rng)
            run.steps += 1
            _check_finite(run, dict(zip(names, losses, strict=True)), largest)
            sums += np.multiply(losses, len(index))
            firsts.set_postfix_str(_losses(options, losses), refresh=False)
    seconds = time.perf_counter() - start
    row = {"epoch": epoch} | {name: float(v) for name, v in zip(names, sums / n, strict=True)}
    tested = errors_on_test_images(run.vae.w, data.test_images, options.seed)
    _check_finite(run, tested, largest)
    run.epoch = epoch
    return row | tested | {"seconds": seconds}


def _losses(options: Options, values: Iterable[float]) -> str:
    """Return the losses as the screen shows them."""
    losses = zip(KINDS[options.kind].losses, values, strict=True)
    return "  ".join(f"{loss.label} {value:.3f}" for loss, value in losses)


def _summary(run: Run, n_images: int) -> str:
    """Return the line that stands for an epoch on the screen, with notes on what it is worth.

    A model that knows nothing has p = 1/2 for every pixel, and BCE D ln 2; with all its codes at 0,
    the distance is E|z|, about sqrt(latent).
    """
    row, notes = run.history[-1], ""
    losses = _losses(run.options, [row[loss.column] for loss in KINDS[run.options.kind].losses])
    bce, w1 = math.prod(run.image_shape) * math.log(2), math.sqrt(run.options.latent_dim)
    distance = row.get("train_w1", row.get("train_sw", 0))
    if max(row["train_bce"], row["test_bce_z"]) > 2 * bce or abs(distance) > 100 * w1:
        notes += f"  (this run diverges: knowing nothing gives BCE {bce:.0f}, W1 {w1:.1f})"
    if run.critic is not None and run.options.gp_weight == 0:
        notes += "  (W1 is no distance: with --gp-weight 0 nothing keeps the critic's slope at 1)"
    if run.epoch == 1:
        notes += "  (training: the mean over the epoch; test: after it)"
    return (
        f"epoch {run.epoch:3d}/{run.options.epochs}  {losses}  |  test BCE {row['test_bce_z']:.2f}"
        f"  SSE {row['test_sse_z']:.2f}  |  {n_images / row['seconds']:,.0f} images/s{notes}"
    )


def _check_finite(run: Run, losses: dict[str, float], largest: float) -> None:
    """Raise UserError if a loss, or the largest gradient or parameter, is not finite."""
    if not math.isfinite(sum(losses.values()) + largest):
        values = ", ".join(f"{k.removeprefix('train_')} {value:g}" for k, value in losses.items())
        raise UserError(
            f"step {run.steps} (epoch {run.epoch + 1}): a loss, gradient or parameter is no longer"
            f" finite ({values}, largest gradient or parameter {largest:g}); the learning rate or a"
            f" weight is likely too large. {run.epoch} epochs are saved"
        )


def _config(run: Run, data: Dataset) -> str:
    versions = {m.__name__: m.__version__ for m in (np, numba)} | {"python": python_version()}
    about = {"data": data.name, "image_shape": data.image_shape, "versions": versions}
    return json.dumps({"options": asdict(run.options)} | about, indent=2) + "\n"


def _csv(run: Run) -> str:
    epoch, *columns = KINDS[run.options.kind].columns
    rows = [[str(row[epoch]), *(f"{row[c]:.6g}" for c in columns)] for row in run.history]
    return "".join(",".join(line) + "\n" for line in ([epoch, *columns], *rows))
