"""Grades e17_vae_step."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import judge
from course.grading.score import gate_mistakes
from npvae import plain

B, P, H, L, K = 5, 7, 8, 3, 9  # batch, pixels, and hidden units of encoder and decoder
SIZES = {"B": (B, "batch"), "P": (P, "pixels"), "L": (L, "latent dimensions")}
SHAPES = {"W1": (P, H), "b1": (H,), "W2": (H, 2 * L), "b2": (2 * L,)}
SHAPES |= {"W3": (L, K), "b3": (K,), "W4": (K, P), "b4": (P,)}
MISTAKES = {
    "dz forgotten": ("vae_backward", "dz = dz_dec + dz", "dz = dz_dec"),
    "decoder's dz forgotten": ("vae_backward", "dz = dz_dec + dz", ""),
    "dmu forgotten": ("vae_backward", "dmu_z + dmu", "dmu_z"),
    "dlogvar forgotten": ("vae_backward", "dlogvar_z + dlogvar", "dlogvar_z"),
    "halves exchanged": ("vae_backward", "[dmu, dlogvar]", "[dlogvar, dmu]"),
    "sigma = 1": ("sample_backward", " * np.exp(logvar / 2)", ""),
    **gate_mistakes(H, K),
}


def _case(seed):
    """Return a VAE, and the arguments of vae_backward."""
    x, eps, dlogits, *rest = numbers(seed, (B, P), *[(B, L), (B, P)], *[(B, L)] * 3)
    vae = dict(zip(SHAPES, numbers(seed + 1, *SHAPES.values()), strict=True))
    h_enc, mu, logvar = plain.encode(vae, x)
    vae["W2"] /= np.abs(logvar).max()  # for a sigma of about 1
    h_enc, mu, logvar = plain.encode(vae, x)
    z = plain.sample(mu, logvar, eps)
    names = ("vae", "x", "h_enc", "logvar", "eps", "z", "h_dec", "dlogits", "dz", "dmu", "dlogvar")
    h_dec = plain.decode(vae, z)[0]
    return dict(zip(names, (vae, x, h_enc, logvar, eps, z, h_dec, dlogits, *rest), strict=True))


def grade(attempt: Attempt) -> None:
    """Raise NotYet or Wrong unless the exercise is done."""
    case, shapes = _case(21), {f"d{name}": shape for name, shape in SHAPES.items()}
    vae, order = case["vae"], ("dW4", "db4", "dW3", "db3", "dW2", "db2", "dW1", "db1")

    def forward():
        h_enc, mu, logvar = plain.encode(vae, case["x"])
        z = plain.sample(mu, logvar, case["eps"])
        h_dec, logits = plain.decode(vae, z)
        return np.hstack([h_enc, h_dec]) > 0, {"logits": logits, "z": z, "mu": mu, "logvar": logvar}

    def loss():  # one that has the given gradients for logits, z, mu and logvar
        return float(sum(np.sum(case[f"d{name}"] * part) for name, part in forward()[1].items()))

    judge(attempt, "vae_backward", case, shapes, MISTAKES, SIZES, order=order,
          loss=loss, of=vae, active=lambda: forward()[0])  # fmt: skip
    for zeros in ({"dz": 0}, {"dmu": 0, "dlogvar": 0}):  # as in a KL and in a WS model
        judge(attempt, "vae_backward", case | zeros, shapes, {}, SIZES)


def measured() -> tuple:
    """Measure what the prediction is about."""
    case = _case(23) | {"dmu": 0, "dlogvar": 0}
    dW2 = plain.vae_backward(**case | {"logvar": case["logvar"] - 30})[2]
    of_mu, of_logvar = (np.abs(half).max() for half in np.split(dW2, 2, axis=1))
    return of_logvar, of_mu
