"""npvae's own functions, in the form of the exercises: plain arrays in, new arrays out.

npvae's functions write into buffers that their caller owns. Here each call makes its buffers anew.
"""

import numpy as np

from npvae.models.critic import (
    CriticActivations,
    CriticWeights,
    make_critic_activations,
    score_backward_hidden,
    score_backward_input,
    score_backward_weights,
    score_forward,
)
from npvae.models.penalty import SecondPass, penalty_backward, penalty_forward
from npvae.models.penalty import norm_backward as npvae_norm_backward
from npvae.models.steps import mix as npvae_mix
from npvae.nn import layers, losses
from npvae.nn.adam import adam_update
from npvae.nn.parameters import ParameterSet


def numbers(seed: int, *shapes: tuple[int, ...] | int) -> list[np.ndarray]:
    """Draw arrays of standard normal numbers."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def dense_forward(x, W, b):
    """Return y = x W + b."""
    y = np.empty((len(x), W.shape[1]))
    layers.dense_forward(x, W, b, y)
    return y


def dense_backward(x, W, dy):
    """Return dx, dW, db."""
    dx, dW, db = np.empty_like(x), np.empty_like(W), np.empty(W.shape[1])
    layers.dense_backward(x, dy, dW, db)
    layers.dense_backward_input(dy, W, dx)
    return dx, dW, db


def relu_forward(a):
    """Return relu(a): that of a dense layer whose matrix is the identity."""
    h = np.empty_like(a)
    layers.dense_relu_forward(a, np.eye(a.shape[1]), np.zeros(a.shape[1]), h)
    return h


def relu_backward(dh, h):
    """Return da: that of a dense layer whose matrix is the identity, gated by h."""
    da = np.empty_like(dh)
    layers.dense_relu_backward_input(dh, np.eye(h.shape[1]), h, da)
    return da


def bce(logits, x):
    """Return the loss and dlogits."""
    dlogits = np.empty_like(logits)
    loss = losses.bernoulli_nll(logits, x, np.empty_like(x), np.empty(len(x)), dlogits)
    return loss, dlogits


def kl(mu, logvar):
    """Return the loss, dmu and dlogvar."""
    dmu, dlogvar = np.zeros_like(mu), np.zeros_like(mu)
    losses.kl_backward_add(mu, logvar, 1.0, dmu, dlogvar)
    return losses.kl_forward(mu, logvar), dmu, dlogvar


def sample(mu, logvar, eps):
    """Return z."""
    z = np.empty_like(mu)
    layers.reparameterise_forward(mu, logvar, eps, np.empty_like(mu), z)
    return z


def sample_backward(dz, logvar, eps):
    """Return dmu and dlogvar."""
    sigma, dmu, dlogvar = np.empty_like(dz), np.empty_like(dz), np.empty_like(dz)
    layers.reparameterise_forward(np.zeros_like(dz), logvar, eps, sigma, np.empty_like(dz))
    layers.reparameterise_backward(dz, eps, sigma, dmu, dlogvar)
    return dmu, dlogvar


def adam(theta, g, m, v, t, lr):
    """Return the new theta, m and v."""
    p = ParameterSet(w=None, dw=None, theta=theta.copy(), dtheta=g, m=m.copy(), v=v.copy())
    adam_update(p, t, lr)
    return p.theta, p.m, p.v


def first_pass(z, *weights, gates=(True, True)) -> CriticActivations:
    """Return all that the score's forward and first backward pass compute, with dscore = 1.

    A gate that is False lets everything through on the way back, which is a mistake.
    """
    w = CriticWeights(*weights)
    act = make_critic_activations(w, len(z))
    act.z[:], act.dscore[:] = z, 1
    score_forward(w, act)
    kept = act.h1.copy(), act.h2.copy()
    for h, gate in zip((act.h1, act.h2), gates, strict=True):
        if not gate:
            h[:] = 1
    score_backward_hidden(w, act)
    score_backward_input(w, act)
    act.h1[:], act.h2[:] = kept
    return act


def score(z, *weights):
    """Return the score of each row."""
    return first_pass(z, *weights).score


def input_gradient(z, *weights):
    """Return dz."""
    return first_pass(z, *weights).dz


def penalty(dz):
    """Return P."""
    return penalty_forward(dz, np.empty(len(dz)))


def norm_backward(dz):
    """Return ddz."""
    norm, ddz = np.empty(len(dz)), np.empty_like(dz)
    penalty_forward(dz, norm)
    npvae_norm_backward(dz, norm, 1.0, ddz)
    return ddz


def second_pass(dz, da1, da2, dunits, h1, h2, W1, W2):
    """Return dW1, dW2 and dW3."""
    w = CriticWeights(W1, None, W2, None, None, None)
    norm = np.empty(len(dz))
    penalty_forward(dz, norm)
    act = CriticActivations(
        z=None, h1=h1, h2=h2, units=None, score=None, dscore=None,
        dunits=dunits, da2=da2, da1=da1, dz=dz,
    )  # fmt: skip
    second = SecondPass(np.empty_like(dz), np.empty_like(h1), np.empty_like(h2))
    penalty_backward(w, act, norm, 1.0, second)
    act = act._replace(z=second.ddz, h1=second.dda1, h2=second.dda2)
    dw = CriticWeights(
        np.empty_like(W1), None, np.empty_like(W2), None,
        np.empty((h2.shape[1], dunits.shape[1])), None,
    )  # fmt: skip
    score_backward_weights(dw, act)
    return dw.W1, dw.W2, dw.W3


def mix(z, prior, alpha):
    """Return alpha * prior + (1 - alpha) * z, with one alpha for each row."""
    mixed = np.empty_like(z)
    npvae_mix(z, prior, alpha, mixed)
    return mixed
