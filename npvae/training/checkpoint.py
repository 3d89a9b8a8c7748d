"""Checkpoints: everything a run needs to go on, or another program to use the weights, in one .npz.

Each parameter is an array under its name, such as `encoder.hidden.weight` (in, out), the layout of
y = x W + b. Adam's moments follow as `adam.m.<name>` and `adam.v.<name>`. `meta` is a JSON text:
format version, options, data and its fingerprint, epoch, steps done, and the history so far.
Nothing in it is pickled.
"""

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np

from npvae.errors import UserError
from npvae.files import load_npz, replacing, told
from npvae.training.kinds import KINDS
from npvae.training.options import Options
from npvae.training.run import Run, new_run

FORMAT = 1
LAYERS = {  # each has a weight and a bias
    "vae": ("encoder.hidden", "encoder.output", "decoder.hidden", "decoder.output"),
    "critic": ("critic.hidden1", "critic.hidden2", "critic.output"),
}


def save_checkpoint(path: Path, run: Run) -> None:
    """Write a run to `path`; the file is complete or as it was before. Raises UserError."""
    options = asdict(run.options)
    meta = {
        "format": FORMAT,
        "options": {"run": options.pop("kind"), **options},  # its first name
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
            raise ValueError("it has no array `meta`")
        run = _run_from({"fingerprint": ""} | json.loads(str(stored.pop("meta"))), stored)
        arrays = _arrays(run)
        for name in sorted(stored.keys() ^ arrays.keys()):
            raise ValueError(f"array {name:.60} is missing, or does not belong there")
        for name, array in arrays.items():
            found = stored[name]
            if found.shape != array.shape or found.dtype != array.dtype:
                raise ValueError(f"array {name} is not {array.dtype}{array.shape}")
            if not np.isfinite(found).all():
                raise ValueError(f"array {name} holds NaN or infinity")
            array[...] = found
    return run


def _arrays(run: Run) -> dict[str, np.ndarray]:
    """Name every array of a run's networks: the memory itself, not copies."""
    named = {}
    for key, layers in LAYERS.items():
        network = getattr(run, key)
        names = [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]
        for prefix, flat in {"": "theta", "adam.m.": "m", "adam.v.": "v"}.items():
            if network is not None:
                views = network.views(getattr(network, flat))
                named |= {prefix + n: view for n, view in zip(names, views, strict=True)}
    return named


def _run_from(meta: dict, stored: dict[str, np.ndarray]) -> Run:
    """Make the run that `meta` describes, with new networks. Raises whatever is wrong with it."""
    if meta["format"] != FORMAT:
        raise ValueError(f"format {meta['format']!r:.40}, and this version of npvae reads {FORMAT}")
    o, shape = Options(kind=meta["options"].pop("run"), **meta["options"]), meta["image_shape"]
    # Before memory is taken: sizes that ask for gigabytes are not those of the arrays.
    found = stored["encoder.hidden.weight"].shape + stored["decoder.hidden.weight"].shape
    if found != (math.prod(shape), o.hidden_dim, o.latent_dim, o.hidden_dim):
        raise ValueError("its options and image shape do not fit its arrays")
    run = new_run(o, tuple(shape), meta["data"], meta["fingerprint"])
    run.epoch, run.steps, run.history = meta["epoch"], meta["steps"], meta["history"]
    rows = [(row["epoch"], row.keys() == set(KINDS[o.kind].columns)) for row in run.history]
    if rows != [(epoch, True) for epoch in range(1, run.epoch + 1)]:
        raise ValueError("the history does not fit the epoch, or the kind of run")
    return run
