"""The gradient checker itself: a checker that passes everything is worth nothing."""

import textwrap

import numpy as np
import pytest

from npvae.nn import gradcheck
from npvae.nn.gradcheck import STEP, check_gradients


def test_the_checker_finds_what_is_wrong_and_puts_the_values_back():
    x, dy = np.random.default_rng(0).uniform(0.5, 2, (2, 4, 3))
    before, dx = x.copy(), dy * x**7

    def error(dx, scale=1.0, **options):
        loss = lambda: scale * float(np.sum(dy * x**8)) / 8  # noqa: E731
        return check_gradients(loss, {"x": (x, dx)}, **options).max_error

    assert error(dx) < 1e-7
    assert error(4 * dx) == pytest.approx(3 / 5)  # a mean over the batch is forgotten
    assert error(dy) > 0.1  # a missing Jacobian
    assert error(np.where(dx > 1, np.nan, dx)) == 1  # a NaN is never right
    assert error(dx, step=0.1) > 1e-5  # h^4 is no longer small: too much curvature
    assert error(0 * dx, 1e-15) < 1e-2  # what is nearly 0 is not divided by itself
    dx[2, 1] *= -1
    assert error(dx) == pytest.approx(1)
    assert np.array_equal(before, x)


def test_a_kink_is_skipped_and_counted():
    x = np.array([1.0, 1e-4, -1.0])
    sides, dx = np.empty(3, bool), (x > 0) * 1.0

    def loss():
        sides[:], dx[:] = x > 0, np.nan  # a loss may overwrite both
        return float(np.maximum(x, 0).sum())

    found = check_gradients(loss, {"x": (x, dx)}, active=lambda: sides)
    assert (found.checked, found.skipped) == (2, 1)
    assert found.max_error < 1e-9
    assert check_gradients(loss, {"x": (x, (x > 0) * 1.0)}).max_error > 0.1


def test_what_cannot_be_checked_is_an_error_and_not_a_pass():
    x, near = np.zeros(2), np.array([1e-4])
    with pytest.raises(TypeError, match="float64"):
        check_gradients(lambda: 0.0, {"x": (x.astype(np.float32), x)})
    with pytest.raises(ValueError, match=r"\(2,\)"):
        check_gradients(lambda: 0.0, {"x": (x, np.zeros(3))})
    for arrays in ({}, {"x": (near, np.ones(1))}):
        with pytest.raises(ValueError, match="nothing was checked"):
            check_gradients(lambda: float(abs(near[0])), arrays, active=lambda: near > 0)


def test_a_relu_that_changes_side_at_any_one_of_the_four_points_is_skipped():
    x = np.array([1.0])
    for offset in (STEP, -STEP, 2 * STEP, -2 * STEP):
        # The unit is off at this point alone, and on at the three others.
        active = lambda offset=offset: np.array([abs(x[0] - 1 - offset) > STEP / 4])  # noqa: E731
        with pytest.raises(ValueError, match="nothing was checked"):
            check_gradients(lambda: float(x[0]), {"x": (x, np.ones(1))}, active=active)
    found = check_gradients(lambda: float(x[0]), {"x": (x, np.ones(1))}, active=lambda: x > 0)
    assert (found.checked, found.skipped) == (1, 0)


RECIPE = gradcheck.__doc__.split("over the gradients:\n\n")[1].split("\n\n`active`")[0]
RECIPE = textwrap.dedent(RECIPE)  # the lines that the module's docstring shows


def run(recipe, seed=0, slope=1.0, relu=True):
    rng = np.random.default_rng(seed)
    x, W, dy = (rng.standard_normal(shape) for shape in ((7, 13), (13, 9), (7, 9)))

    def my_forward(x, W, y):
        y[:] = np.maximum(x @ W, 0) if relu else x @ W

    def my_backward(dy, x, W, y, dx, dW):
        da = slope * dy * (y > 0) if relu else slope * dy
        dx[:], dW[:] = da @ W.T, x.T @ da

    y, dx, dW = np.empty_like(dy), np.empty_like(x), np.empty_like(W)
    exec(recipe, globals() | locals())


def test_the_recipe_of_the_header_passes_a_right_layer_whatever_the_seed_and_no_wrong_one():
    without_active = RECIPE.replace(", active=lambda: y > 0", "")
    assert without_active != RECIPE
    for seed in range(20):
        run(RECIPE, seed)
    run(without_active, relu=False)
    with pytest.raises(AssertionError, match="analytic"):
        run(RECIPE, slope=1.001)
    with pytest.raises(AssertionError):  # a kink is taken for a mistake
        for seed in range(60):
            run(without_active, seed)
