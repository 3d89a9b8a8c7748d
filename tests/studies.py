"""A made-up study: three models at three budgets, controls and a sweep, with plausible numbers."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from npvae.data.dataset import Dataset
from npvae.evaluation.calibration import Calibrated
from npvae.evaluation.encoded import MODELS
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import RESAMPLES
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.metrics import METRICS
from npvae.evaluation.results import Study, Trained
from npvae.report.text import verdicts, write_report
from npvae.training.options import Options
from npvae.training.run import new_run
from npvae.training.study import SIGMAS

# KL, WS and AE at the reference setting; what a metric is at other budgets follows from it
WORLD = {
    "sse_mu": (11.67, 10.98, 10.9), "sse_z": (13.35, 10.98, 10.9), "sse_mu_spread": (6.0, 5.5, 5.4),
    "sse_z_spread": (6.5, 5.5, 5.4), "sse_mu_mode": (8.5, 8.5, 8.5), "sse_z_mode": (11.5, 8.5, 8.5),
    "bce_mu": (83.8, 81.8, 81.6), "bce_z": (88.7, 81.8, 81.6), "gap_bce_mu": (1.0, 1.7, 1.9),
    "blur": (0.62, 0.55, 0.54), "w1_sliced": (0.084, 0.49, 9.1), "w1_low": (0.2, 2.4, 28),
    "w1_high": (1.5, 3.1, 30), "critic_w1": (None, 2.63, None), "critic_slope": (None, 1.2, None),
    "centre": (0.03, 0.24, 4.0), "width": (1.03, 1.45, 11.0),
    "eigen_least": (0.9, 1.2, 50), "eigen_most": (1.2, 3.1, 300), "mardia_skewness": (1.1, 2.4, 3),
    "mardia_kurtosis": (0.02, 0.06, 0.1), "mean_sigma": (0.168, 0.00003, 0.00002),
    "frechet": (26.2, 215, 600),
    "frechet_gauss": (18.9, 21.4, 17.6), "frechet_mix": (5.0, 3.3, 3.0),
    "frechet_codes": (3.0, 2.0, 1.9), "bound_prior": (-103.1, -105.0, -130),
    "knn": (96.4, 96.6, 96.5),
    "bound_gauss": (-102.6, -102.0, -102.1), "bound_mix": (-101.1, -99.5, -99.4),
    "probe": (89.5, 91.2, 91.3), "silhouette": (0.11, 0.14, 0.13), "tsne_knn": (95.9, 96.0, 96.1),
    "tsne_silhouette": (0.34, 0.36, 0.35), "path": (1.31, 1.22, 1.21), "jump": (1.72, 1.62, 1.61),
    "jumpy": (11.0, 8.0, 8.2), "off_data": (1.21, 1.24, 1.25), "confidence": (0.86, 0.85, 0.85),
    "fade_path": (1.1, 1.08, 1.08), "fade_jump": (1.4, 1.4, 1.4), "fade_jumpy": (1.2, 1.1, 1.1),
    "fade_off_data": (1.5, 1.5, 1.5), "fade_confidence": (0.7, 0.7, 0.7),
}  # fmt: skip
LABELLED = {m.key for m in METRICS if m.section in ("samples", "structure", "interpolation")}
PERFECT = {"w1_sliced": 0.016, "frechet": 0.54, "bce_mu": 45.5}
BASELINES = {
    "classifier": {"accuracy": 98.1},
    "pixels": {"knn": 97.3, "probe": 92.0, "silhouette": 0.06},
    "PCA-10": {"knn": 92.8, "probe": 80.0, "silhouette": 0.07},
    "fade": {"path": 1.05, "jump": 1.3, "jumpy": 1.0, "off_data": 1.4, "confidence": 0.7},
}
TRUTHS = [(1, 1.06), (2, 2.2), (3.08, 3.3)]
CALIBRATION = [
    Calibrated(name="shift", truth=w, estimate=e, slope=1.05, low=e - 0.05, high=e + 0.05)
    for w, e in TRUTHS
]


def measurement(values, seed=0, images=0.01, trainings=0.01, labels=True):
    """Numbers that a training with this seed has in a world, and their bootstrap replicates.

    Both spreads are relative; the first seed's numbers are those of the world.
    """
    rng = np.random.default_rng(7)  # the same images for every model
    kept = {k: v for k, v in values.items() if v is not None}
    if not labels:
        kept = {k: v for k, v in kept.items() if k not in LABELLED and not k.startswith("fade")}
    off = trainings * (0, 1, -1, 2, -2)[seed % 5]
    shift = rng.standard_normal((len(METRICS) + 9, RESAMPLES))
    return Measurement(
        values={k: v * (1 + off) for k, v in kept.items()},
        replicates={k: v * (1 + off + images * shift[i]) for i, (k, v) in enumerate(kept.items())},
    )  # fmt: skip


def world(model, **changes):
    """The numbers of a model, some multiplied."""
    column = ("kl", "ws", "ae").index(model)
    values = {key: triple[column] for key, triple in WORLD.items()}
    return values | {k: values[k] * factor for k, factor in changes.items()}


OPTIONS = {"kl": Options("kl"), "ws": Options("ws"), "ae": Options("kl", beta=0.0)}
SPEED = {"kl": 2, "ws": 18, "ae": 2}  # seconds an epoch


def make_study(seeds=3, budgets=(35, 70, 140), controls=True, sweep=True, labels=True, longer=()):
    """A study as `analyze.py` makes it, with all parts or without some.

    `longer` are budgets of which there is one training of WS and none of the others.
    """
    models = ("kl", "ws", "ae") if controls else ("kl", "ws")
    trained = []

    def add(options, values, swept=False, seeds=seeds):
        for seed in range(seeds):
            model = "ae" if options.beta == 0 else options.kind
            settled = model != "ws" or options.epochs > 70
            found = measurement(values, seed, labels=labels)
            held_out = (1.25 * values["frechet"] if labels else np.nan) if swept else None
            seconds = SPEED[model] * options.epochs
            o = replace(options, seed=seed)
            trained.append(Trained(o, seconds, settled, found, held_out))

    for model in models:
        for epochs in (*budgets, *(longer if model == "ws" else ())):
            less = (budgets[0] / epochs) ** (1.1 if model == "ws" else 0.25)
            changes = {
                "frechet": less,
                "w1_sliced": less,
                "sse_mu": less**0.05,
                "sse_z": less**0.05,
            }
            own = 1 if epochs in longer else seeds
            add(replace(OPTIONS[model], epochs=epochs), world(model, **changes), seeds=own)
    if controls:
        for sigma in SIGMAS:
            for model in ("kl", "ws"):
                error = {0.17: 13.3, 0.03: 11.1}[sigma] * (1.01 if model == "kl" else 1)
                values = world(model) | {"sse_z": error, "sse_mu": error * 0.9}
                add(replace(OPTIONS[model], sigma=sigma), values)
    if sweep:
        for model, option, weights in (
            ("kl", "beta", (0.1, 0.3, 1, 3, 10)),
            ("ws", "wasserstein_weight", (0.1736, 1, 3, 10)),
        ):
            for weight in weights:
                low = 10.6 + (0.9 * weight**0.5 if model == "ws" else 2.6 * weight**0.6) * 0.5
                frechet = 20 + (12 if model == "kl" else 9) * np.log(weight / 3) ** 2
                values = world(model) | {"sse_mu": low * 0.95, "sse_z": low, "frechet": frechet}
                values["w1_sliced"] = 0.08 / weight
                add(replace(OPTIONS[model], limit=50000, **{option: weight}), values, swept=True)
    return Study(trained, perfect_match(labels))


def perfect_match(labels=True):
    return {k: v for k, v in PERFECT.items() if labels or k not in LABELLED}


def make_instruments(labels=True):
    blank = np.zeros((5, 6), np.uint8)
    marks = np.zeros(5, int) if labels else None
    data = Dataset(blank, marks, blank, marks, (2, 3), "blank <images>", is_sample=False)
    return Instruments(data, perfect_match(labels), BASELINES if labels else {})


def pictured(study):
    """Models as `encode_run` makes them, as far as the report looks at them."""
    z = np.random.default_rng(3).standard_normal((50, 20))
    return [
        SimpleNamespace(key=m, label=MODELS[m], run=new_run(replace(o, hidden_dim=9), (2, 3)), z=z)
        for m, o in OPTIONS.items()
        if study.at(m, min(study.stations))
    ]


def report(study, labels=True, calibration=()):
    """The report on a study."""
    return write_report(study, make_instruments(labels), pictured(study), calibration)


def judged(study, labels=True):
    """The verdicts on a study."""
    return verdicts(study, make_instruments(labels))
