"""Right answers to all exercises: npvae/plain.py has most, and the graders those beyond it.

The two tests, which exercises 13 and 14 ask for, stand here. NumPy is all that they need.
"""

import importlib
from types import SimpleNamespace

import numpy as np

from course.exercises import EXERCISES, FUNCTIONS
from course.grading.diagnosis import variant_of
from course.grading.report import grade_module, grader
from npvae import plain


def sampler_test(sample):
    eps = np.random.default_rng(0).standard_normal((100_000, 1))
    for variance in (0.01, 1.0, 9.0):
        z = sample(np.full_like(eps, 2.0), np.full_like(eps, np.log(variance)), eps)
        assert abs(z.mean() - 2) < 0.05
        assert abs(z.var() / variance - 1) < 0.05


def units_test(vae_loss):
    def loss(mu):
        zeros, none = np.zeros((2, 6)), np.zeros((2, 3))
        return vae_loss(zeros, zeros, none + mu, none)[0]

    np.testing.assert_allclose(loss(0.0), 6 * np.log(2))
    np.testing.assert_allclose(loss(2.0) - loss(0.0), 3 * 2)


BEYOND = {
    "e10_tanh": ("input_gradient", "penalty_gradient"),
    "e11_one_sided": ("penalty", "norm_backward"),
    "e12_importance": ("log_weights", "bound", "bound_backward"),
    "e19_mmd": ("mmd",),
    "e20_identity": ("estimate", "spread"),
}
TESTS = {"e13_hunt_sampler": {"my_test": sampler_test}, "e14_hunt_units": {"my_test": units_test}}


def module_of(exercise):
    """Where the right functions of an exercise stand."""
    return grader(exercise) if exercise in BEYOND else plain


def functions_of(exercise, module):
    """What an exercise asks for, from a module."""
    return {name: getattr(module, name) for name in (BEYOND | FUNCTIONS)[exercise]}


RIGHT = {name: TESTS.get(name) or functions_of(name, module_of(name)) for name in EXERCISES}
TABLES = {name: getattr(grader(name), "MISTAKES", {}) for name in EXERCISES}


def attempt(name, **functions):
    """Grade an exercise's own file, with right answers, and `functions` in place of some."""
    file = vars(importlib.import_module(f"course.exercises.{name}"))
    return grade_module(name, SimpleNamespace(**{**file, **RIGHT[name], **functions}))


def with_mistake(name, variant):
    """The right functions with a part exchanged, as a grader's table describes it."""
    return functions_of(name, variant_of(module_of(name), variant))


def variants(name):
    """Each mistake of a grader's table, with the functions that have it."""
    for key, found in TABLES[name].items():
        for variant in found if isinstance(found, list) else [found]:
            yield key, with_mistake(name, variant)
