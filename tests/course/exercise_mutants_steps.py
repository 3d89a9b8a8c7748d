"""Wrong answers to exercises 15 to 20: one for each mistake that a grader knows."""

import numpy as np
from exercise_answers import mmd

from npvae import plain


def relu(a):
    return np.maximum(a, 0)


def first_pass(z, W1, b1, W2, b2, W3, b3, act=relu, units=None, gate1=None, gate2=None, dscore=1):
    h1 = relu(z @ W1 + b1)
    h2 = relu(h1 @ W2 + b2)
    dunits = dscore * np.full((len(z), len(b3)), 1 / (units or len(b3)))
    gate1, gate2 = gate1 or (lambda d, h: h > 0), gate2 or (lambda d, h: h > 0)
    before2 = dunits @ W3.T
    da2 = before2 * gate2(before2, h2)
    before1 = da2 @ W2.T
    da1 = before1 * gate1(before1, h1)
    return da1 @ W1.T, da1, da2, dunits, act(z @ W1 + b1), h2


GATES = {
    "missing": lambda d, h: 1,
    "times h": lambda d, h: h,
    "of the wrong array": lambda d, h: d > 0,
    "of one row": lambda d, h: h[0] > 0,
}


def score_gradients(z, dscore, *w, **changed):
    _, da1, da2, dunits, h1, h2 = first_pass(z, *w, dscore=dscore[:, None], **changed)
    parts = (z, da1), (h1, da2), (h2, dunits)
    return tuple(g for x, dy in parts for g in (x.T @ dy, dy.sum(axis=0)))


def gated(function, layer, gate):
    return lambda *args: function(*args, **{f"gate{layer}": GATES[gate]})


def of_gates(name, function):
    return {
        "gate of layer 1 missing": {name: gated(function, 1, "missing")},
        "gate of layer 2 missing": {name: gated(function, 2, "missing")},
        "gate times h": {name: gated(function, 2, "times h")},
        "gate of the wrong array": {name: gated(function, 1, "of the wrong array")},
        "gate of one row": {name: gated(function, 2, "of one row")},
    }


def critic_loss(
    critic, fake, prior, mixed, gp_weight, sign=1, dscore=None, g_weight=None, g_distance=1
):
    w, B = critic.values(), len(fake)
    share = np.full(B, 1 / B if dscore is None else dscore)
    distance = plain.score(prior, *w).mean() - plain.score(fake, *w).mean()
    pairs = zip(
        plain.score_gradients(fake, share, *w),
        plain.score_gradients(prior, -share, *w),
        strict=True,
    )
    grads = [g_distance * (a + b) for a, b in pairs]
    first = plain.first_pass(mixed, *w)
    second = plain.second_pass(*first, critic["W1"], critic["W2"])
    for k, dW in enumerate(second):
        grads[2 * k] = grads[2 * k] + (gp_weight if g_weight is None else g_weight) * dW
    P = plain.penalty(first[0])
    return gp_weight * P - sign * distance, distance, P, plain.row_norms(first[0]).mean(), grads


def loss_with(**changed):
    return {"critic_loss": lambda *args: critic_loss(*args, **changed)}


def one_gradient_less(*args):
    *losses, grads = critic_loss(*args)
    return *losses, grads[:5]


def vae_backward(
    vae, x, h_enc, logvar, eps, z, h_dec, dlogits, dz, dmu, dlogvar,
    decoder=1, given=(1, 1, 1), swap=False, sigma=True, enc=None, dec=None,
):  # fmt: skip
    enc, dec = enc or (lambda d, h: h > 0), dec or (lambda d, h: h > 0)
    back = dlogits @ vae["W4"].T
    da_dec = back * dec(back, h_dec)
    dz = decoder * da_dec @ vae["W3"].T + given[0] * dz
    halves = [
        dz + given[1] * dmu,
        dz * eps / 2 * (np.exp(logvar / 2) if sigma else 1) + given[2] * dlogvar,
    ]
    dstats = np.hstack(halves[::-1] if swap else halves)
    back = dstats @ vae["W2"].T
    da_enc = back * enc(back, h_enc)
    parts = (x, da_enc), (h_enc, dstats), (z, da_dec), (h_dec, dlogits)
    return tuple(g for a, dy in parts for g in (a.T @ dy, dy.sum(axis=0)))


def back_with(**changed):
    return {"vae_backward": lambda *args: vae_backward(*args, **changed)}


def needs_arrays(vae, x, h_enc, logvar, eps, z, h_dec, dlogits, dz, dmu, dlogvar):
    assert dmu.shape == dz.shape
    return plain.vae_backward(vae, x, h_enc, logvar, eps, z, h_dec, dlogits, dz, dmu, dlogvar)


def sliced(z, prior, directions, pair="ranks", cost=np.abs, slope=np.sign, c=None, along=True):
    a, b = z @ directions.T, prior @ directions.T
    order, b_sorted = a.argsort(axis=0), np.sort(b, axis=0)
    partners = {
        "ranks": lambda: np.take_along_axis(b_sorted, order.argsort(axis=0), axis=0),
        "rows": lambda: b,
        "order": lambda: np.take_along_axis(b_sorted, order, axis=0),
    }
    gaps = a - partners[pair]()
    c = c or 0.5  # E|direction_1| for L = 3
    pull = slope(gaps) @ directions if along else slope(gaps).sum(axis=1, keepdims=True) + 0 * z
    return cost(gaps).mean() / c, pull / gaps.size / c


def sliced_with(**changed):
    return {"sliced": lambda *args: sliced(*args, **changed)}


def kernels(z, prior, kernel):
    def mean(a, b):
        return kernel(((a[:, None] - b) ** 2).sum(axis=2)).mean()

    return mean(z, z) + mean(prior, prior) - 2 * mean(z, prior)


def mmd_loss(loss):
    return {"mmd": lambda z, prior: (loss(z, prior), mmd(z, prior)[1])}


def mmd_slope(own, power=2):
    def pulled(z, prior):
        C = 2 * z.shape[1]

        def pull(b):
            gaps = z[:, None] - b
            k = C / (C + (gaps**2).sum(axis=2, keepdims=True))
            return (k**power * 2 / C * gaps).mean(axis=1) / len(z)

        return mmd(z, prior)[0], 2 * pull(prior) - own * pull(z)

    return {"mmd": pulled}


def without_own_pairs(z, prior):
    C, B = 2 * z.shape[1], len(z)

    def mean(a, b, pairs):
        k = C / (C + ((a[:, None] - b) ** 2).sum(axis=2))
        return (k.sum() - (B if pairs < B * B else 0)) / pairs

    return mean(z, z, B * (B - 1)) + mean(prior, prior, B * (B - 1)) - 2 * mean(z, prior, B * B)


def cross_once(z, prior):
    C = 2 * z.shape[1]
    return mmd(z, prior)[0] + (C / (C + ((z[:, None] - prior) ** 2).sum(axis=2))).mean()


def distances(function):
    return {"estimate": function}


MUTANTS = {
    "e15_first_pass": {
        "before the ReLU": {"first_pass": lambda *args: first_pass(*args, act=lambda a: a)},
        "sum of the units": {"first_pass": lambda *args: first_pass(*args, units=1)},
        **of_gates("first_pass", first_pass),
        "wrong number of results": {"first_pass": plain.input_gradient},
    },
    "e16_critic_loss": {
        **of_gates("score_gradients", score_gradients),
        "sum of the units": {"score_gradients": lambda *args: score_gradients(*args, units=1)},
        "dscore forgotten": {"score_gradients": lambda z, d, *w: score_gradients(z, 0 * d + 1, *w)},
        "distance added": loss_with(sign=-1),
        "gp_weight forgotten": loss_with(g_weight=1),
        "fake and prior exchanged": {
            "critic_loss": lambda w, fake, prior, *more: critic_loss(w, prior, fake, *more)
        },
        "penalty elsewhere": {
            "critic_loss": lambda w, fake, prior, mixed, gp: critic_loss(w, fake, prior, fake, gp)
        },
        "penalty forgotten": loss_with(g_weight=0),
        "distance forgotten": loss_with(g_distance=0),
        "sum over the batch": loss_with(dscore=1),
        "wrong number of results": {"critic_loss": one_gradient_less},
    },
    "e17_vae_step": {
        "dz forgotten": back_with(given=(0, 1, 1)),
        "decoder's dz forgotten": back_with(decoder=0),
        "dmu forgotten": back_with(given=(1, 0, 1)),
        "dlogvar forgotten": back_with(given=(1, 1, 0)),
        "halves exchanged": back_with(swap=True),
        "sigma = 1": back_with(sigma=False),
        "gate of the encoder missing": back_with(enc=GATES["missing"]),
        "gate of the decoder missing": back_with(dec=GATES["missing"]),
        "another gate": back_with(dec=GATES["times h"]),
        "exception": {"vae_backward": needs_arrays},
    },
    "e18_sliced": {
        "not by rank": sliced_with(pair="rows"),
        "order for ranks": sliced_with(pair="order"),
        "not divided by c": sliced_with(c=1),
        "square of the gaps": sliced_with(cost=np.square),
        "gap for sign": sliced_with(slope=lambda gaps: 2 * gaps),
        "directions forgotten": sliced_with(along=False),
    },
    "e19_mmd": {
        "own pairs left out": mmd_loss(without_own_pairs),
        "cross term once": mmd_loss(cross_once),
        "root taken": mmd_loss(lambda z, prior: np.sqrt(mmd(z, prior)[0])),
        "distance not squared": mmd_loss(lambda *rows: kernels(*rows, lambda s: 6 / (6 + s**0.5))),
        "another kernel": mmd_loss(lambda *rows: kernels(*rows, lambda s: np.exp(-s / 2))),
        "one side only": mmd_slope(own=1),
        "pairs of z forgotten": mmd_slope(own=0),
        "k not squared": mmd_slope(own=2, power=1),
    },
    "e20_identity": {
        "1 not subtracted": distances(lambda P, slope, w: 2 * w * (P + slope)),
        "P forgotten": distances(lambda P, slope, w: 2 * w * (slope - 1)),
        "all slopes alike": distances(lambda P, slope, w: 2 * w * slope * (slope - 1)),
        "2 times too small": distances(lambda P, slope, w: w * (P + slope - 1)),
        "variance": {"spread": lambda P, slope: P - (slope - 1) ** 2},
        "spread around 1": {"spread": lambda P, slope: np.sqrt(P)},
    },
}
