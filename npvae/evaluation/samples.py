"""How real a model's samples look: decoded draws of four sources, in the classifier's features.

    frechet          z from the prior N(0, I)
    frechet_gauss    z from one Gaussian fitted to training codes
    frechet_mix      z from ten
    frechet_codes    z the training codes themselves: what is left is the decoder's fault

The bootstrap draws rows of both sides, of the test images and of the images made, with one index.
They are unrelated row by row, so it contains the chance on either side.
"""

import numpy as np

from npvae.evaluation.classifier.features import classify
from npvae.evaluation.distances import frechet_from_features, precision_recall
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import DRAWS, Instruments, prior_draws, some_rows
from npvae.evaluation.measurement import Measurement
from npvae.evaluation.samplers import Samplers, draw, training_codes
from npvae.models.inference import decode

MANIFOLD_SIZE = 5_000  # images on each side of precision and recall


def measure_samples(
    found: Measurement, model: EncodedRun, instruments: Instruments, samplers: Samplers
) -> None:
    """Measure the section "samples" of `metrics.py`. As many images are made as there are tests."""
    n, latent = model.z.shape
    sources = {
        "frechet": prior_draws(n, latent, draw=DRAWS),
        "frechet_gauss": draw(samplers.gauss, n),
        "frechet_mix": draw(samplers.mix, n),
        "frechet_codes": training_codes(model, instruments.data.train_images, n),
    }
    for key, z in sources.items():
        made = classify(instruments.classifier, decode(model.w, z)).features
        add_frechet(found, key, instruments.test_features, made)
        if key == "frechet":
            add_precision_recall(found, instruments.test_features, made)


def perfect_samples(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """Return what features (m, 64) of other real images, made perfectly as it were, score."""
    distance = frechet_from_features(real, made)
    inside, reached = (float(among.mean()) for among in _among(real, made))
    keys = "frechet", "frechet_gauss", "frechet_mix", "frechet_codes"
    return dict.fromkeys(keys, distance) | {"precision": inside, "recall": reached}


def add_frechet(found: Measurement, key: str, real: np.ndarray, made: np.ndarray) -> None:
    """Add the Fréchet distance of features made (m, 64) to as many of the real ones (n, 64)."""
    found.add(key, frechet_from_features, real[some_rows(len(real), len(made))], made)


def add_precision_recall(found: Measurement, real: np.ndarray, made: np.ndarray) -> None:
    """Add both, with bootstraps over single images among manifolds that stay as they are."""
    inside, reached = _among(real, made)
    found.add_means(precision=inside, recall=reached)


def _among(real: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which random rows of `made` lie among random rows of `real`, and the reverse."""
    return precision_recall(*(f[some_rows(len(f), MANIFOLD_SIZE)] for f in (real, made)))
