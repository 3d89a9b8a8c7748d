"""Checkpoints: everything a run needs to go on, or another program to use the weights, in one .npz.

Each parameter is an array under its name, such as `encoder.hidden.weight` (in, out), the layout of
y = x W + b. Adam's moments follow as `adam.m.<name>` and `adam.v.<name>`. `meta` is a JSON text:
format version, options, epoch, steps done, and the history so far. Nothing in it is pickled.
"""

import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from npvae.errors import UserError
from npvae.experiment.files import replacing
from npvae.experiment.options import Options
from npvae.models.critic import CriticWeights, make_critic
from npvae.models.vae import VAEWeights, make_vae
from npvae.nn.parameters import ParameterSet

FORMAT = 1
NAMES = {
    VAEWeights: VAEWeights(
        "encoder.hidden.weight",
        "encoder.hidden.bias",
        "encoder.output.weight",
        "encoder.output.bias",
        "decoder.hidden.weight",
        "decoder.hidden.bias",
        "decoder.output.weight",
        "decoder.output.bias",
    ),
    CriticWeights: CriticWeights(
        "critic.hidden1.weight",
        "critic.hidden1.bias",
        "critic.hidden2.weight",
        "critic.hidden2.bias",
        "critic.output.weight",
        "critic.output.bias",
    ),
}


@dataclass
class Run:
    """A training run between two epochs."""

    options: Options
    image_shape: tuple[int, int]
    data: str  # the name of the data set
    vae: ParameterSet
    critic: ParameterSet | None  # only a WS run has one
    epoch: int  # epochs done
    steps: int  # steps done
    history: list[dict]  # one row per epoch


def new_run(options: Options, image_shape: tuple[int, int], data: str = "") -> Run:
    """Make the networks of a run and draw their start from the seed."""
    rng = np.random.default_rng([options.seed, 0])
    pixels = image_shape[0] * image_shape[1]
    vae = make_vae(pixels, options.hidden_dim, options.latent_dim, np.float32, rng)
    critic = make_critic(options.latent_dim, np.float32, rng) if options.run == "ws" else None
    return Run(options, image_shape, data, vae, critic, epoch=0, steps=0, history=[])


def _arrays(run: Run) -> dict[str, np.ndarray]:
    """Name every array of a run's networks: the memory itself, not copies."""
    arrays = {}
    for network in (run.vae, run.critic):
        if network is None:
            continue
        for prefix, flat in (("", network.theta), ("adam.m.", network.m), ("adam.v.", network.v)):
            for name, array in zip(NAMES[type(network.w)], network.views(flat), strict=True):
                arrays[prefix + name] = array
    return arrays


def save_checkpoint(path: Path, run: Run) -> None:
    """Write a run to `path`; the file is complete or as it was before. Raises UserError."""
    meta = {
        "format": FORMAT,
        "options": asdict(run.options),
        "image_shape": run.image_shape,
        "data": run.data,
        "epoch": run.epoch,
        "steps": run.steps,
        "history": run.history,
    }
    with replacing(path, "wb") as file:
        np.savez(file, meta=np.array(json.dumps(meta)), **_arrays(run))


def load_checkpoint(path: Path) -> Run:
    """Read a run back.

    Raises UserError if the file is missing, damaged, of another format version, or if an array is
    missing, left over, of another shape or type, or not finite.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such checkpoint; train the model first") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path}: not a readable checkpoint ({error}); train again") from error
    try:
        meta = json.loads(str(stored.pop("meta")))
        if meta["format"] != FORMAT:
            raise UserError(
                f"{path}: checkpoint format {meta['format']}, this program reads {FORMAT};"
                " use the version of npvae that wrote it"
            )
        run = new_run(Options(**meta["options"]), tuple(meta["image_shape"]), meta["data"])
        run.epoch, run.steps, run.history = meta["epoch"], meta["steps"], meta["history"]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: its `meta` does not describe a run ({error})") from error
    arrays = _arrays(run)
    if arrays.keys() != stored.keys():
        name = min(arrays.keys() ^ stored.keys())
        problem = "is missing" if name in arrays else "does not belong there"
        raise UserError(f"{path}: array {name} {problem}; train again")
    for name, array in arrays.items():
        found = stored[name]
        if found.shape != array.shape or found.dtype != array.dtype:
            raise UserError(
                f"{path}: {name} is {found.dtype}{found.shape}, expected {array.dtype}{array.shape}"
            )
        if not np.isfinite(found).all():
            raise UserError(f"{path}: {name} holds NaN or infinity; train again")
        array[...] = found
    return run
