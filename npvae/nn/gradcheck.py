"""Is a hand-written gradient right? Compare it with central differences, one number at a time.

    dL/dtheta_i  is about  (8 (L(+h) - L(-h)) - (L(+2h) - L(-2h))) / (12 h)        error O(h^4)

with L(s) the loss at theta + s e_i. To check a layer of your own, say y = relu(x W), give it
float64 arrays, make its output a loss with a random upstream gradient, L = sum(dy * y), and hand
over the gradients:

    def loss():
        my_forward(x, W, y)
        return float(np.sum(dy * y))

    loss()
    my_backward(dy, x, W, y, dx, dW)
    found = check_gradients(loss, {"x": (x, dx), "W": (W, dW)}, active=lambda: y > 0)
    assert found.max_error < 1e-7, found.worst

`active` tells which ReLUs are on. A ReLU has no derivative at its kink, and a step across it gives
a wrong quotient, so a number whose step switches a ReLU on or off is skipped and counted. A layer
without kinks needs no `active`. An upstream gradient of ones hides mistakes. `loss` must not draw
its noise anew in every call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

STEP = 1e-3  # for L of order 1, h^4 and the rounding error of L / h are both below 1e-11


@dataclass
class GradientCheck:
    """What was found. An error is |a - n| / max(|a| + |n|, 1e-8), 0 if perfect, and 1 for NaN."""

    max_error: float = 0.0
    worst: str = ""  # where the largest error is, with both gradients
    checked: int = 0
    skipped: int = 0  # numbers left out because a ReLU changed side between theta - 2h and + 2h
    errors: dict[str, np.ndarray] = field(default_factory=dict)  # by array, in order of checking


def check_gradients(
    loss: Callable[[], float], arrays: Mapping[str, tuple[np.ndarray, np.ndarray]],
    active: Callable[[], np.ndarray] | None = None, samples: int = 200, step: float = STEP,
) -> GradientCheck:  # fmt: skip
    """Compare gradients with central differences of `loss`, in float64.

    `arrays` maps a name to (values, gradient of the loss for them); values are changed in place and
    put back. Arrays of more than `samples` numbers are checked on so many of them, drawn with one
    seed. `active` returns, after a call of `loss`, which ReLUs let their input through. Raises
    TypeError for arrays that are not float64, ValueError for unequal shapes or an empty check.
    """
    result = GradientCheck()
    rng = np.random.default_rng(0)
    for name, (values, gradient) in arrays.items():
        if values.dtype != np.float64 or gradient.dtype != np.float64:
            raise TypeError(f"{name}: gradients are checked in float64, got {values.dtype}")
        if values.shape != gradient.shape:
            raise ValueError(f"{name}: values {values.shape} but gradient {gradient.shape}")
        analytic, errors = gradient.copy(), []  # a call of `loss` may overwrite it
        for position in sorted(rng.permutation(values.size)[:samples]):
            place = np.unravel_index(position, values.shape)
            a, n = analytic[place], _central_difference(loss, values, place, step, active)
            if n is None:
                result.skipped += 1
                continue
            errors.append(np.nan_to_num(abs(a - n) / max(abs(a) + abs(n), 1e-8), nan=1.0))
            if errors[-1] >= result.max_error:
                where = f"{name}[{', '.join(str(int(i)) for i in place)}]"
                result.worst = f"{where}: analytic {a:.9g}, numeric {n:.9g}"
                result.max_error = errors[-1]
        result.checked += len(errors)
        result.errors[name] = np.array(errors)
    if result.checked == 0:
        raise ValueError("nothing was checked: every number was skipped, or there were none")
    return result


def _central_difference(loss, values, place, step, active):
    """Return the numeric derivative at one place, or None if a ReLU changes side on the way."""
    old = values[place]
    results, sides = [], []  # of the loss, and of the ReLUs, at four points
    for offset in (step, -step, 2 * step, -2 * step):
        values[place] = old + offset
        results.append(loss())
        if active is not None:
            sides.append(np.array(active()))  # a copy: the next call may overwrite it
    values[place] = old
    if any(not np.array_equal(side, sides[0]) for side in sides[1:]):
        return None
    plus, minus, plus2, minus2 = results
    return (8 * (plus - minus) - (plus2 - minus2)) / (12 * step)
