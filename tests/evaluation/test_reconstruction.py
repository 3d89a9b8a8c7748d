"""Blurs of images that were blurred by a known amount, and the gap of two known samples."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from npvae.evaluation.images import (
    BLURS,
    blur_in_pixels,
    blur_originals,
    histogram_mode,
    measure_gap,
    sharpness,
)
from npvae.evaluation.intervals import Measurement

SHAPE = (28, 28)


@pytest.fixture(scope="module")
def strokes():
    """Black images with three white strokes each, a few pixels wide."""
    rng, images = np.random.default_rng(0), np.zeros((60, *SHAPE), np.uint8)
    for image in images:
        for row, column in rng.integers(4, 18, size=(3, 2)):
            image[row : row + 3, column : column + 9] = 255
    return images.reshape(60, -1)


@pytest.fixture(scope="module")
def table(strokes):
    return blur_originals(strokes, SHAPE)


def blurred(strokes, s):
    grid = strokes.reshape(-1, *SHAPE) / 255
    return gaussian_filter(grid, s, axes=(1, 2), mode="constant").reshape(len(grid), -1)


def test_sharpness_of_a_plain_image_and_of_stripes():
    rows, columns = np.indices((4, 6))
    images = [0.7 + 0 * rows, columns % 2, rows % 2, (rows + columns) % 2, 0.5 * (columns == 5)]
    expected = [0, 4 * 5 / 24, 6 * 3 / 24, (4 * 5 + 6 * 3) / 24, 0.5 * 4 / 24]
    assert sharpness(np.reshape(images, (5, 24)), (4, 6)) == pytest.approx(expected)


def test_the_blur_of_blurred_originals_is_the_one_they_got_and_sharper_ones_have_none(
    strokes, table
):
    for s in (0.33, 0.7, 1.234, 2.5):  # the table's steps are 0.05
        found = blur_in_pixels(sharpness(blurred(strokes, s), SHAPE), table)
        assert found == pytest.approx(s, abs=0.007)
    as_sharp = sharpness((strokes / 255).astype(np.float32), SHAPE)
    assert blur_in_pixels(as_sharp, table) == pytest.approx(0, abs=1e-6)
    assert blur_in_pixels(1.2 * as_sharp, table) == 0
    assert blur_in_pixels(0 * as_sharp, table) == BLURS[-1]  # no more is looked for


def test_the_gap_is_that_of_two_samples_which_both_vary():
    rng, found = np.random.default_rng(1), Measurement()
    test, train = rng.normal(5, 1, 400), rng.normal(4, 2, 400)
    found.add_means(bce_mu=test)
    # The error is known to 7 % from 100 replicates. With the training mean held still it would be
    # 0.05. Resampled with one index, two equal samples would cancel.
    for seen, variance in ((train, 5 / 400), (test, 2 / 400)):
        measure_gap(found, seen)
        assert found.values["gap_bce_mu"] == pytest.approx(test.mean() - seen.mean())
        error = found.replicates["gap_bce_mu"].std(ddof=1)
        assert error == pytest.approx(variance**0.5, rel=0.2)


def test_histogram_mode_is_the_centre_of_the_fullest_bin():
    values = np.array([0.1, 1.2, 1.9, 2.5, 2.6, 2.7, 3.1, 30])
    assert (histogram_mode(values, bin_width=1), histogram_mode(values, bin_width=2)) == (2.5, 3)
    assert histogram_mode(np.array([-0.1, -0.2, 0.3]), bin_width=1) == -0.5
    assert histogram_mode(np.array([5.5, 1.5]), bin_width=1) == 1.5  # a tie goes to the lower bin
