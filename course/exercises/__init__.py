"""Fourteen exercises, in order: README.md shows the path, `python -m course.check` grades.

Each file e01 .. e14 holds one question. course/grading holds what checks the answers; it calls
functions of npvae/plain.py for comparison, so there is no need to read either while you solve.
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

# Which functions of npvae/plain.py an exercise asks for, under the same names. Those of e10 to e14
# are others, even where a name is the same.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "e01_dense": ("dense_forward", "dense_backward"),
    "e02_relu": ("relu_forward", "relu_backward"),
    "e03_bce": ("bce",),
    "e04_kl": ("kl",),
    "e05_reparameterisation": ("sample", "sample_backward"),
    "e06_adam": ("adam",),
    "e07_score": ("score", "input_gradient"),
    "e08_penalty": ("penalty", "norm_backward", "second_pass"),
    "e09_mixing": ("mix",),
}
