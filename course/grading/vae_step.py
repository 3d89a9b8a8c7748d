"""Grades e17_vae_step."""

import numpy as np

from course.grading.attempt import Attempt, numbers
from course.grading.diagnosis import compare, differences
from course.grading.score import GATES, plain_with_gate
from course.replace import plain_with
from npvae import plain

COMPARE = ("npvae/models/vae.py::encode_backward", "npvae/models/vae.py::decode_backward")
HINTS = {
    "dz forgotten": "the given dz is not added to the decoder's. Both terms act on z.",
    "decoder's dz forgotten": "only the given dz goes back from z. The decoder has one as well.",
    "dmu forgotten": "the given dmu is not added to what comes from z.",
    "dlogvar forgotten": "the given dlogvar is not added to what comes from z.",
    "halves exchanged": "the halves of dstats are exchanged. mu comes first.",
    "sigma = 1": "dlogvar does not have the factor sigma. Is this sample_backward of exercise 5?",
    "gate of the encoder missing": "the gate [h_enc > 0] is missing.",
    "gate of the decoder missing": "the gate [h_dec > 0] is missing.",
    "another gate": "a gate is taken from the wrong array, or h stands where [h > 0] should be.",
}
B, P, H, L, K = 5, 7, 8, 3, 9  # batch, pixels, and hidden units of encoder and decoder
SIZES = {"B": (B, "batch"), "P": (P, "pixels"), "L": (L, "latent dimensions")}
SHAPES = {"W1": (P, H), "b1": (H,), "W2": (H, 2 * L), "b2": (2 * L,)}
SHAPES |= {"W3": (L, K), "b3": (K,), "W4": (K, P), "b4": (P,)}


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
    arguments = _case(21)
    shapes = {f"d{name}": shape for name, shape in SHAPES.items()}
    order = ("dW4", "db4", "dW3", "db3", "dW2", "db2", "dW1", "db1")  # from the end

    def backward(module=plain, **changed):
        results = dict(zip(shapes, module.vae_backward(**arguments | changed), strict=True))
        return {label: results[label] for label in order}

    dmu, dlogvar, dz = (arguments[name] for name in ("dmu", "dlogvar", "dz"))
    swapped = plain_with(sample_backward=lambda *args: plain.sample_backward(*args)[::-1])
    blind = plain_with(sample_backward=lambda _, *args: plain.sample_backward(dz, *args))
    flat = plain_with(sample_backward=lambda dz, _, eps: (dz, dz * eps / 2))
    mistakes = {
        "dz forgotten": backward(dz=0),
        "decoder's dz forgotten": backward(blind),
        "dmu forgotten": backward(dmu=0),
        "dlogvar forgotten": backward(dlogvar=0),
        "halves exchanged": backward(swapped, dmu=dlogvar, dlogvar=dmu),
        "sigma = 1": backward(flat),
        "gate of the encoder missing": backward(plain_with_gate(lambda dh, h: dh, H)),
        "gate of the decoder missing": backward(plain_with_gate(lambda dh, h: dh, K)),
        "another gate": [backward(plain_with_gate(gate, n)) for gate in GATES.values()
                         for n in (H, K)],
    }  # fmt: skip
    found = attempt.call("vae_backward", arguments, shapes)
    compare(found, backward(), HINTS, mistakes, SIZES, _checks(arguments, found))
    for zeros in ({"dz": 0}, {"dmu": 0, "dlogvar": 0}):  # as in a KL and in a WS model
        found = attempt.call("vae_backward", arguments | zeros, shapes)
        compare(found, backward(**zeros), HINTS, {}, SIZES)


def _checks(case, found):
    """Check by differences of a loss that has the given gradients for logits, z, mu and logvar."""
    vae = case["vae"]

    def loss():
        _, mu, logvar = plain.encode(vae, case["x"])
        z = plain.sample(mu, logvar, case["eps"])
        parts = {"logits": plain.decode(vae, z)[1], "z": z, "mu": mu, "logvar": logvar}
        return float(sum(np.sum(case[f"d{name}"] * part) for name, part in parts.items()))

    def active():
        h_enc, mu, logvar = plain.encode(vae, case["x"])
        h_dec = plain.decode(vae, plain.sample(mu, logvar, case["eps"]))[0]
        return np.hstack([h_enc, h_dec]) > 0

    return differences(loss, {name: (vae[name], found[f"d{name}"]) for name in SHAPES}, active)


def measured() -> str:
    """Return the answer to the prediction, measured."""
    case = _case(23) | {"dmu": 0, "dlogvar": 0}
    dW2 = plain.vae_backward(**case | {"logvar": case["logvar"] - 30})[2]
    of_mu, of_logvar = (np.abs(half).max() for half in np.split(dW2, 2, axis=1))
    return (
        f"those of logvar. With sigma about 3e-7 their largest number is {of_logvar:.0e}, and that "
        f"of mu's columns {of_mu:.0e}. So a small sigma has no way back, unless KL makes one."
    )
