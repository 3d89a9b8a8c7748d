"""Samples of known images; the classifier where the class is plain to see; blurs of known width."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import softmax
from studies import PIXELS_ARE_FEATURES

from npvae.data.dataset import Dataset
from npvae.evaluation import images as measures
from npvae.evaluation.densities import fit_density
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.images import blur_in_pixels, histogram_mode, sharpness
from npvae.evaluation.instruments import (
    Instruments,
    features,
    principal_components,
    train_classifier,
)
from npvae.evaluation.intervals import Measurement
from npvae.nn.pixels import unit_range
from npvae.training.options import Options
from npvae.training.run import new_run

N = 1500


@pytest.fixture(scope="module")
def brightness():
    """Two pixels that agree, bright or dark with a gap between, encoded as z = 8 (brightness).

    The decoder's pixels are sigmoid(4 z - 16). One in ten of the test images is nearly black.
    """
    run = new_run(Options("kl", latent_dim=1, hidden_dim=2), (1, 2))
    run.vae.theta[:] = 0
    w = run.vae.w
    w.W1[:, 0], w.W2[0, 0], w.b2[1] = 0.5, 8, -20
    w.W3[0, 0], w.W4[0], w.b4[:] = 1, 4, -16
    rng = np.random.default_rng(4)

    def images(dark):
        is_dark = rng.uniform(size=N) < dark
        value = np.where(is_dark, rng.uniform(0.40, 0.44, N), rng.uniform(0.56, 0.6, N))
        return np.repeat(value[:, None], 2, axis=1).astype(np.float32)

    train, test = images(0.5), images(0.5)
    test[::10] = rng.uniform(0, 3e-3, (N // 10, 1))
    data = Dataset(train, None, test, None, (1, 2), "brightness", False)
    known = {"classifier": PIXELS_ARE_FEATURES, "test_features": test}
    return run, Instruments(data, {}, principal_components(train), **known)


def measured(run, instruments, codes):
    found, model = Measurement(), encode_run(run, instruments.data.test_images, 0)
    measures.measure_samples(found, model, instruments, codes, fit_density(codes, 10))
    return found


def test_each_source_of_codes_gives_the_samples_that_it_must(brightness):
    run, instruments = brightness
    data, z = instruments.data, 8 * instruments.data.train_images[:, :1]
    found = measured(run, instruments, z)
    decoded = 1 / (1 + np.exp(16 - 4 * z))

    def distance(made):  # between Gaussians of two equal columns: twice that of one
        test = data.test_images[:, :1]
        return 2 * ((test.mean() - made.mean()) ** 2 + (test.std() - made.std()) ** 2)

    # The codes themselves: what remains is that the decoder is steeper than the encoder.
    assert found.values["frechet_codes"] == pytest.approx(distance(decoded), rel=2e-3)
    # Ten Gaussians know of the two heaps; a single one fills the gap between them.
    assert found.values["frechet_mix"] == pytest.approx(distance(decoded), rel=0.05)
    rng = np.random.default_rng(5)
    gauss = rng.normal(z.mean(), z.std(), 100_000)
    expected = distance(1 / (1 + np.exp(16 - 4 * gauss)))
    assert found.values["frechet_gauss"] == pytest.approx(expected, rel=0.1)
    # Draws of N(0, I) are decoded to black, as some test images are: codes lie at 3.2 and above.
    prior = 1 / (1 + np.exp(16 - 4 * np.maximum(rng.standard_normal(100_000), 0)))
    assert found.values["frechet"] == pytest.approx(distance(prior), rel=0.05)
    # Two components of two pixels are these, turned.
    assert found.values["pca_mix"] == pytest.approx(found.values["frechet_mix"], rel=1e-3)
    assert found.values.keys() == found.replicates.keys()
    without = measured(run, replace(instruments, classifier=None), z)
    assert without.values == {"pca_mix": found.values["pca_mix"]}


def test_fewer_training_codes_are_compared_with_as_many_images_at_random(brightness):
    run, instruments = brightness
    test, codes = instruments.test_features, 8 * instruments.data.train_images[: N // 2, :1]
    by_brightness = replace(instruments, test_features=test[test[:, 0].argsort()])
    given = [measured(run, i, codes).values["frechet_codes"] for i in (instruments, by_brightness)]
    assert given[0] == pytest.approx(given[1], rel=0.1)


def test_principal_components_are_those_that_vary_most():
    """Two patterns of 80 pixels, one three times as strong as the other, and faint noise."""
    rng = np.random.default_rng(6)
    patterns = np.linalg.qr(rng.standard_normal((80, 2)))[0].T
    x = rng.standard_normal((500, 2)) * [0.9, 0.3] @ patterns + 0.5
    x = (x + 0.001 * rng.standard_normal(x.shape)).astype(np.float32)
    spread = principal_components(x).transform(x).std(axis=0)
    assert len(spread) == 64 and spread[:2] == pytest.approx([0.9, 0.3], rel=0.1)
    assert spread[2] < 0.002
    images = rng.integers(256, size=(30, 3)).astype(np.uint8)  # few pixels: as many components
    x = (images / 255).astype(np.float32)
    distances = np.square(principal_components(images).transform(x)).sum(axis=1)
    np.testing.assert_allclose(distances, np.square(x - x.mean(axis=0)).sum(axis=1), rtol=1e-4)


def stripes(seed, n):
    """Noisy byte images of 4 x 4 pixels, of which the row numbered by the label is bright."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=n)
    images = rng.integers(100, size=(n, 4, 4))
    images[np.arange(n), labels] += 100
    return images.reshape(n, 16).astype(np.uint8), labels


def test_the_classifier_tells_what_shows_and_features_are_the_layer_from_which_it_reads():
    (images, labels), (unseen, marks) = stripes(0, 50), stripes(1, 600)  # fewer than a batch
    net, again, other = (train_classifier(images, labels, seed) for seed in (0, 0, 1))
    assert np.array_equal(net.coefs_[0], again.coefs_[0])
    assert not np.array_equal(net.coefs_[0], other.coefs_[0])
    assert net.score(unit_range(unseen), marks) > 0.99
    found = features(net, images)
    assert (found.shape, found.dtype, found.min()) == ((50, 64), np.float32, 0)
    p = softmax(found @ net.coefs_[-1] + net.intercepts_[-1], axis=1)
    np.testing.assert_allclose(p, net.predict_proba(unit_range(images)), atol=1e-5)
    np.testing.assert_array_equal(features(net, unit_range(images)), found)


def test_sharpness_of_a_plain_image_and_of_stripes():
    rows, columns = np.indices((4, 6))
    images = [0.7 + 0 * rows, columns % 2, rows % 2, (rows + columns) % 2, 0.5 * (columns == 5)]
    expected = [0, 4 * 5 / 24, 6 * 3 / 24, (4 * 5 + 6 * 3) / 24, 0.5 * 4 / 24]
    assert sharpness(np.reshape(images, (5, 24)), (4, 6)) == pytest.approx(expected)


def test_the_blur_of_blurred_originals_is_the_one_they_got_and_sharper_ones_have_none():
    """Black images with three white strokes each, a few pixels wide."""
    rng, images, shape = np.random.default_rng(0), np.zeros((60, 28, 28), np.uint8), (28, 28)
    for image in images:
        for row, column in rng.integers(4, 18, size=(3, 2)):
            image[row : row + 3, column : column + 9] = 255
    table = measures.blur_originals(images.reshape(60, -1), shape)
    for s in (0.33, 0.7, 1.234, 2.5):  # the table's steps are 0.05
        made = sharpness(gaussian_filter(images / 255, s, axes=(1, 2), mode="constant"), shape)
        assert blur_in_pixels(made, table) == pytest.approx(s, abs=0.007)
    as_sharp = sharpness((images / 255).astype(np.float32), shape)
    assert blur_in_pixels(as_sharp, table) == pytest.approx(0, abs=1e-6)
    assert blur_in_pixels(1.2 * as_sharp, table) == 0
    assert blur_in_pixels(0 * as_sharp, table) == measures.BLURS[-1]  # no more is looked for


def test_the_gap_is_that_of_two_samples_which_both_vary():
    rng, found = np.random.default_rng(1), Measurement()
    test, train = rng.normal(5, 1, 400), rng.normal(4, 2, 400)
    found.add_means(bce_mu=test)
    # With the training mean held still the first error would be 0.05. Resampled with one index,
    # two equal samples would cancel.
    for seen, variance in ((train, 5 / 400), (test, 2 / 400)):
        measures.measure_gap(found, seen)
        assert found.values["gap_bce_mu"] == pytest.approx(test.mean() - seen.mean())
        error = found.replicates["gap_bce_mu"].std(ddof=1)
        assert error == pytest.approx(variance**0.5, rel=0.2)


def test_histogram_mode_is_the_centre_of_the_fullest_bin():
    values = np.array([0.1, 1.2, 1.9, 2.5, 2.6, 2.7, 3.1, 30])
    assert (histogram_mode(values, bin_width=1), histogram_mode(values, bin_width=2)) == (2.5, 3)
    assert histogram_mode(np.array([-0.1, -0.2, 0.3]), bin_width=1) == -0.5
    assert histogram_mode(np.array([5.5, 1.5]), bin_width=1) == 1.5  # a tie goes to the lower bin
