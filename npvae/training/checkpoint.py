"""Checkpoints: everything a run needs to go on, or another program to use the weights, in one .npz.

Each parameter is an array under its name, such as `encoder.hidden.weight` (in, out), the layout of
y = x W + b. Adam's moments follow as `adam.m.<name>` and `adam.v.<name>`. `meta` is a JSON text:
format version, options, data and its fingerprint, epoch, steps done, and the history so far.
Nothing in it is pickled.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npvae.errors import UserError
from npvae.files.archive import load_npz, told
from npvae.files.atomic import replacing
from npvae.models.critic import CriticWeights, critic_shapes
from npvae.models.vae import VAEWeights, vae_shapes
from npvae.training.kinds import KINDS
from npvae.training.options import Options, as_stored, options_from
from npvae.training.run import Run, new_run

FORMAT = 1
LAYERS = {  # each has a weight and a bias
    VAEWeights: ("encoder.hidden", "encoder.output", "decoder.hidden", "decoder.output"),
    CriticWeights: ("critic.hidden1", "critic.hidden2", "critic.output"),
}


def _named(networks: Iterable[Sequence[NamedTuple]]) -> dict[str, Any]:
    """Name the arrays, or the shapes, of networks: of each its parameters and Adam's moments."""
    named = {}
    for network in networks:
        for prefix, arrays in zip(("", "adam.m.", "adam.v."), network, strict=True):
            layers = LAYERS[type(arrays)]
            names = [f"{prefix}{layer}.{part}" for layer in layers for part in ("weight", "bias")]
            named |= zip(names, arrays, strict=True)
    return named


def _arrays(run: Run) -> dict[str, np.ndarray]:
    """Name every array of a run's networks: the memory itself, not copies."""
    networks = [run.vae] if run.critic is None else [run.vae, run.critic]
    return _named((n.w, n.views(n.m), n.views(n.v)) for n in networks)


def save_checkpoint(path: Path, run: Run) -> None:
    """Write a run to `path`; the file is complete or as it was before. Raises UserError."""
    meta = {
        "format": FORMAT,
        "options": as_stored(run.options),
        "image_shape": run.image_shape,
        "data": run.data,
        "fingerprint": run.fingerprint,
        "epoch": run.epoch,
        "steps": run.steps,
        "history": run.history,
    }
    with replacing(path, "wb") as file:
        np.savez(file, meta=np.array(json.dumps(meta)), **_arrays(run))


def load_checkpoint(path: Path) -> Run:
    """Read a run back.

    Raises UserError if the file is missing, damaged, of another format version, if `meta` does not
    describe a run, or if an array is missing, left over, of another shape or type, or not finite.
    """
    if not path.exists():
        raise UserError(f"{path}: no such checkpoint; train the model first")
    with told(path, "train again"):
        stored = load_npz(path)
    if "meta" not in stored:
        raise UserError(f"{path}: not a checkpoint, it has no array `meta`; train again")
    meta = _checked_meta(path, str(stored.pop("meta")))
    options, image_shape = meta["options"], meta["image_shape"]
    _check_arrays(path, stored, _shapes(options, image_shape))
    run = new_run(options, image_shape, meta["data"], meta["fingerprint"])
    run.epoch, run.steps, run.history = meta["epoch"], meta["steps"], meta["history"]
    for name, array in _arrays(run).items():
        array[...] = stored[name]
    return run


def _shapes(options: Options, image_shape: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    """Name every array that a checkpoint of such a run holds, with its shape."""
    networks = [vae_shapes(math.prod(image_shape), options.hidden_dim, options.latent_dim)]
    if KINDS[options.kind].has_critic:
        networks.append(critic_shapes(options.latent_dim))
    return _named([shapes] * 3 for shapes in networks)


def _check_arrays(
    path: Path, stored: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]
) -> None:
    for name in sorted(stored.keys() | shapes.keys()):
        array, shape = stored.get(name), shapes.get(name)
        if array is None or shape is None:
            problem = "is missing" if array is None else "does not belong there"
        elif array.shape != shape or array.dtype != np.float32:
            problem = f"is {array.dtype}{array.shape}, not float32{shape}"
        elif not np.isfinite(array).all():
            problem = "holds NaN or infinity"
        else:
            continue
        raise UserError(f"{path}: array {name:.60} {problem}; train again")


def _checked_meta(path: Path, text: str) -> dict:
    """Return what `meta` says, with Options made of its options; raises UserError."""
    try:
        meta = {"fingerprint": ""} | json.loads(text)  # older versions wrote none
        if meta["format"] != FORMAT:
            raise UserError(
                f"{path}: checkpoint format {meta['format']!r:.40}, this program reads {FORMAT};"
                " use the version of npvae that wrote it"
            )
        options = options_from(meta["options"])
        shape, history = tuple(meta["image_shape"]), meta["history"]
        counts = (*shape, meta["epoch"], meta["steps"])
        if len(shape) != 2 or 0 in shape or not all(type(n) is int and n >= 0 for n in counts):
            raise ValueError("a count is wrong")
        if not type(meta["data"]) is type(meta["fingerprint"]) is str:
            raise ValueError("data or fingerprint is not a text")
        if [row["epoch"] for row in history] != list(range(1, meta["epoch"] + 1)):
            raise ValueError("the history does not fit the epoch")
        if any(row.keys() != set(KINDS[options.kind].columns) for row in history):
            raise ValueError("the history has other columns")
        if not all(math.isfinite(value) for row in history for value in row.values()):
            raise ValueError("the history holds NaN or infinity")
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: `meta` does not describe a run ({reason:.80})") from error
    return meta | {"options": options, "image_shape": shape}
