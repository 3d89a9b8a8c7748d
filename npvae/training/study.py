"""The trainings of a study: which there are, and where they are kept.

A setting is what trainings have in common that differ in their seeds and epochs only. The study
trains every setting of one table for 35 epochs, and from there on for 140: stations of one run.
Nothing is chosen by what it finds, so all of it can be shown, and no images need be held out.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from npvae.training.kinds import KINDS
from npvae.training.options import Options
from npvae.training.run import Run

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
    """Return where a training of the study is kept, below the study's directory."""
    sigma = "" if options.sigma is None else f"-sigma{options.sigma:g}"
    limit = "" if options.limit is None else f"-limit{options.limit}"
    name = f"{options.kind}-{options.weight:g}{sigma}{limit}-seed{options.seed}"
    return Path(name, str(options.epochs))


# What follows goes as soon as the report does without it.
BUDGETS = (1, 2, 4)  # times the epochs of the given runs
LONGEST = 16  # the same, of a run that does not settle
SIGMAS = (0.17, 0.03)  # held: about what the KL model learns, and a small one
HELD_OUT = 6  # one of so many training images is held out in the sweep
ERROR_LIMIT, REGULARISER_LIMIT = 0.02, 0.10  # of the rule for "settled"


def other_trainings(
    given: Sequence[Options], seeds: int, budgets: bool, controls: bool
) -> list[Options]:
    """Return the options of the trainings beside the given ones, without those of the sweep.

    The controls add an autoencoder, where none is given: KL, which comes first, with beta = 0.
    """
    lacks_autoencoder = all(options.weight for options in given)
    models = [*given, replace(given[0], beta=0.0)] if controls and lacks_autoencoder else given
    wanted = []
    for options in models:
        times = BUDGETS if budgets else (1,)
        variants = [replace(options, epochs=options.epochs * n) for n in times]
        if controls and options.weight:
            variants += [replace(options, sigma=sigma) for sigma in SIGMAS]
        seeds_of = _seeds(options.seed, seeds)
        wanted += [replace(variant, seed=seed) for seed in seeds_of for variant in variants]
    return [options for options in wanted if options not in given]


def longer_trainings(given: Sequence[Options], seeds: int, runs: Sequence[Run]) -> list[Options]:
    """Return twice the epochs for each given run of which the longest station has not settled.

    All seeds are continued then. `runs` are those trained so far. LONGEST is the limit, and the
    autoencoder is not continued.
    """
    wanted = []
    for options in given:
        stations = [run for run in runs if replace(run.options, epochs=options.epochs) == options]
        last = max(stations, key=lambda run: run.epoch)
        longer = replace(options, epochs=2 * last.epoch)
        may = longer.epochs <= LONGEST * options.epochs
        if options.weight and may and not is_settled(last):
            wanted += [replace(longer, seed=seed) for seed in _seeds(options.seed, seeds)]
    return wanted


def sweep_trainings(given: Sequence[Options], images: int, seeds: int) -> list[Options]:
    """Return the options of the sweep's trainings, on all but the held-out training images.

    `images` is the number of training images that there are.
    """
    wanted = []
    for options in given:
        kind, limit = KINDS[options.kind], held_out_rows(options, images).start
        weights = kind.sweep if options.weight else ()
        for seed in _seeds(options.seed, seeds):
            variant = replace(options, limit=limit, seed=seed)
            wanted += [replace(variant, **{kind.weight: weight}) for weight in weights]
    return wanted


def held_out_rows(options: Options, images: int) -> slice:
    """Return which of `images` training images the sweep holds out: a sixth of those used."""
    used = min(images, options.limit or images)
    return slice(used - used // HELD_OUT, used)


def is_settled(run: Run) -> bool:
    """Tell whether the run has settled by the rule at the head; a single epoch never has."""
    half, window = run.epoch // 2, max(1, run.epoch // 10)
    if not half:
        return False
    regulariser = KINDS[run.options.kind].losses[1].column
    limits = {"test_bce_mu": ERROR_LIMIT, regulariser: REGULARISER_LIMIT}
    for column, limit in limits.items():
        values = np.array([row[column] for row in run.history])
        before, after = values[half - window : half].mean(), values[-window:].mean()
        if not abs(after - before) <= limit * abs(before):  # nor for NaN
            return False
    return True


def _seeds(first: int, count: int) -> list[int]:
    """Return `count` seeds, the given run's first."""
    return [first, *(seed for seed in range(count + 1) if seed != first)][:count]
