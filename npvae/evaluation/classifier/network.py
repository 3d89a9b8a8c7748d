"""A small classifier, whose last hidden layer is the space in which samples are compared.

    h1 = relu(x W1 + b1),   h2 = relu(h1 W2 + b2),   logits = h2 W3 + b3

h2 are the image's *features*: what the classifier has found in it, from which a linear map tells
the class. Distances between features mean more than distances between pixels.
"""

from typing import NamedTuple

import numpy as np

from npvae.evaluation.classifier.softmax import softmax_cross_entropy
from npvae.nn.layers import (
    dense_backward,
    dense_forward,
    dense_relu_backward_input,
    dense_relu_forward,
)
from npvae.nn.parameters import ParameterSet, aligned_zeros, dense_shapes, make_parameters

HIDDEN = (256, 64)


class ClassifierWeights(NamedTuple):
    """The classifier's parameters, or the gradients of the loss with respect to them."""

    W1: np.ndarray  # (pixels, 256)
    b1: np.ndarray  # (256,)
    W2: np.ndarray  # (256, 64)
    b2: np.ndarray  # (64,)
    W3: np.ndarray  # (64, classes)
    b3: np.ndarray  # (classes,)


class ClassifierActivations(NamedTuple):
    """What one batch leaves on its way through the classifier and back."""

    x: np.ndarray  # (B, pixels)
    h1: np.ndarray  # (B, 256)
    h2: np.ndarray  # (B, 64) the features
    logits: np.ndarray  # (B, classes)
    nll: np.ndarray  # (B,)
    dlogits: np.ndarray  # (B, classes)
    d2: np.ndarray  # (B, 64) gradient for h1 W2 + b2
    d1: np.ndarray  # (B, 256) gradient for x W1 + b1


def make_classifier(
    pixels: int,
    classes: int,
    dtype: np.dtype,
    rng: np.random.Generator,
    hidden: tuple[int, int] = HIDDEN,
) -> ParameterSet:
    """Allocate the classifier's parameters and draw their start, uniform in +-1/sqrt(fan_in)."""
    first, second = hidden
    layers = (pixels, first), (first, second), (second, classes)
    return make_parameters(dense_shapes(ClassifierWeights, *layers), dtype, rng)


def make_classifier_activations(w: ClassifierWeights, batch: int) -> ClassifierActivations:
    """Allocate what a batch of `batch` images needs, once, for all steps of a training."""
    (pixels, first), (second, classes), dtype = w.W1.shape, w.W3.shape, w.W1.dtype

    def zeros(*shape: int) -> np.ndarray:
        return aligned_zeros(shape, dtype)

    return ClassifierActivations(
        x=zeros(batch, pixels),
        h1=zeros(batch, first),
        h2=zeros(batch, second),
        logits=zeros(batch, classes),
        nll=zeros(batch),
        dlogits=zeros(batch, classes),
        d2=zeros(batch, second),
        d1=zeros(batch, first),
    )


def classify_forward(w: ClassifierWeights, a: ClassifierActivations) -> None:
    """Compute the features h2 and the logits of the classes from x."""
    dense_relu_forward(a.x, w.W1, w.b1, a.h1)
    dense_relu_forward(a.h1, w.W2, w.b2, a.h2)
    dense_forward(a.h2, w.W3, w.b3, a.logits)


def classify_backward(
    w: ClassifierWeights, dw: ClassifierWeights, a: ClassifierActivations
) -> None:
    """Compute the parameters' gradients from dlogits."""
    dense_backward(a.h2, a.dlogits, dw.W3, dw.b3)
    dense_relu_backward_input(a.dlogits, w.W3, a.h2, a.d2)
    dense_backward(a.h1, a.d2, dw.W2, dw.b2)
    dense_relu_backward_input(a.d2, w.W2, a.h1, a.d1)
    dense_backward(a.x, a.d1, dw.W1, dw.b1)


def classifier_objective(net: ParameterSet, a: ClassifierActivations, labels: np.ndarray) -> float:
    """Return a.x's mean cross-entropy with labels (B,) in nats; leave its gradient in net.dw."""
    classify_forward(net.w, a)
    loss = softmax_cross_entropy(a.logits, labels, a.nll, a.dlogits)
    classify_backward(net.w, net.dw, a)
    return loss
