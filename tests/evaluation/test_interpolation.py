"""Paths whose length is known: the classifier's features are the pixels."""

import numpy as np
import pytest
from known import PIXELS_ARE_FEATURES

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import EncodedRun
from npvae.evaluation.instruments import Instruments
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.structure import POINTS, measure_structure, path_lengths
from npvae.training.options import Options
from npvae.training.run import new_run


def test_lengths_of_paths_drawn_by_hand():
    def path(*corners):
        """Even steps from corner to corner, POINTS in all."""
        t = np.linspace(0, len(corners) - 1, POINTS)
        return np.transpose([np.interp(t, range(len(corners)), x) for x in np.transpose(corners)])

    straight, corner = path((0, 0), (1, 1)), path((0, 0), (0, 1), (1, 1))
    sudden = np.repeat([[0.0, 1.0], [1.0, 0.0]], [POINTS - 1, 1], axis=0)
    still = np.full((POINTS, 2), 0.3)
    images = np.concatenate([straight, corner, sudden, still]).astype(np.float32)
    found = path_lengths(PIXELS_ARE_FEATURES, images)
    assert found == pytest.approx([1, np.sqrt(2), 1, 1])


def test_a_model_is_measured_on_its_way_and_on_the_fade_between_its_own_ends():
    """Its two pixels rise one after the other: s(-3 max(0, -z)) and s(3 max(0, z)).

    Decoded: from (0.5, s(-6)) up to (0.5, 0.5), then over to (s(6), 0.5): two equal legs.
    """
    run = new_run(Options("kl", latent_dim=1, hidden_dim=2), (1, 2))
    run.vae.theta[:] = 0
    run.vae.w.W3[:], run.vae.w.W4[:] = [[1, -1]], [[3, 0], [0, -3]]
    mu, pairs = np.array([[-2.0], [2.0], [0.5]], np.float32), np.array([[0, 1], [2, 1]])
    labels = np.array([0, 0, 1])
    data = Dataset(None, np.repeat(labels, 5), None, np.array([0, 1, 1]), (1, 2), "", False)
    instruments = Instruments(data, {}, classifier=PIXELS_ARE_FEATURES, pairs=pairs)
    # Decoding z, which is elsewhere, would give other paths.
    found = Measurement()
    model = EncodedRun(run, mu, mu, mu**2, None, None)
    measure_structure(found, model, instruments, np.repeat(mu, 5, axis=0))
    assert found.values["knn"] == pytest.approx(100 * 2 / 3)  # the second is told wrongly
    assert found.values["path"] == pytest.approx((np.sqrt(2) + 1) / 2, rel=1e-4)
    assert found.values["fade_path"] == pytest.approx(1, rel=1e-5)
    # Of two paths, the standard error is half of their distance over √2.
    error = (np.sqrt(2) - 1) / 2 / np.sqrt(2)
    assert found.replicates["path"].std() == pytest.approx(error, rel=0.25)
