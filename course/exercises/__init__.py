"""Twenty exercises, in order: README.md shows the path, `python -m course.check` grades.

Each file e01 .. e20 holds one question. course/grading holds what checks the answers; it calls
functions of npvae/plain.py for comparison, so there is no need to read either while you solve.
"""

# Which functions of npvae/plain.py an exercise asks for, under the same names. Those of the
# others are not in it, even where a name is the same.
_ASKED: dict[str, tuple[str, ...]] = {
    "e01_dense": ("dense_forward", "dense_backward"),
    "e02_relu": ("relu_forward", "relu_backward"),
    "e03_bce": ("bce",),
    "e04_kl": ("kl",),
    "e05_reparameterisation": ("sample", "sample_backward"),
    "e06_adam": ("adam",),
    "e07_score": ("score", "input_gradient"),
    "e08_penalty": ("penalty", "norm_backward", "second_pass"),
    "e09_mixing": ("mix",),
    **dict.fromkeys(("e10_tanh", "e11_one_sided", "e12_importance"), ()),
    **dict.fromkeys(("e13_hunt_sampler", "e14_hunt_units"), ()),
    "e15_first_pass": ("first_pass",),
    "e16_critic_loss": ("score_gradients", "critic_loss"),
    "e17_vae_step": ("vae_backward",),
    "e18_sliced": ("sliced",),
    **dict.fromkeys(("e19_mmd", "e20_identity"), ()),
}
EXERCISES = tuple(_ASKED)
FUNCTIONS = {name: functions for name, functions in _ASKED.items() if functions}
