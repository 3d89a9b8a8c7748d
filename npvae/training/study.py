"""The trainings of a study: which there are, and where they are kept.

A setting is what trainings have in common that differ in their seeds and epochs only. The study
trains every setting of one table for 35 epochs, and from there on for 140: stations of one run.
Nothing is chosen by what it finds, so all of it can be shown, and no images need be held out.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from npvae.training.kinds import KINDS
from npvae.training.options import Options

SETTINGS = {  # setting: the epochs after which it is measured
    Options("kl"): (35, 140),
    Options("ws"): (35, 140),
    Options("ws", wasserstein_weight=1.0): (35,),
    Options("ws", wasserstein_weight=3.0): (35, 140),
    Options("sw"): (35, 140),
    Options("sw", wasserstein_weight=3.0): (35, 140),
    Options("sw", wasserstein_weight=10.0): (35, 140),
    Options("kl", beta=0.0): (35, 140),  # the plain autoencoder: nothing regularises it
}
LONG, LONG_SEEDS = 140, 3  # so long are the first three seeds trained only


def study_trainings(seeds: int = 5) -> list[Options]:
    """Return the options of all trainings of the study, with seeds 0, 1, .. of each setting."""
    return [
        replace(setting, epochs=epochs, seed=seed)
        for setting, stations in SETTINGS.items()
        for seed in range(seeds)
        for epochs in stations
        if epochs < LONG or seed < LONG_SEEDS
    ]


def seed_trainings(given: Sequence[Options], seeds: int) -> list[Options]:
    """Return the given trainings with further seeds, so that there are `seeds` of each.

    These are the given seed, which is not among the results, and the first others.
    """
    wanted = []
    for options in given:
        others = [seed for seed in range(seeds) if seed != options.seed][: seeds - 1]
        wanted += [replace(options, seed=seed) for seed in others]
    return wanted


def directory_of(options: Options) -> Path:
    """Return where a training of the study is kept, below the study's directory.

    The name tells the kind, the weight, the seed, and every option that is not at its default.
    """
    named = "kind", KINDS[options.kind].weight, "seed", "epochs"
    others = [
        f"-{field.name.replace('_', '')}{getattr(options, field.name)}"
        for field in fields(options)
        if field.name not in named and getattr(options, field.name) != field.default
    ]
    name = f"{options.kind}-{options.weight:g}{''.join(others)}-seed{options.seed}"
    return Path(name, str(options.epochs))
