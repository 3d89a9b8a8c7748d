"""Fourteen exercises, in order: README.md shows the path, `python -m course.check` grades.

Each file e01 .. e14 holds one question. course/grading holds what checks the answers; it calls
npvae's own functions for comparison, so there is no need to read it while you solve.
"""

EXERCISES = (
    "e01_dense",
    "e02_relu",
    "e03_bce",
    "e04_kl",
    "e05_reparameterisation",
    "e06_adam",
    "e07_score",
    "e08_penalty",
    "e09_mixing",
    "e10_tanh",
    "e11_one_sided",
    "e12_importance",
    "e13_hunt_sampler",
    "e14_hunt_units",
)
