"""What is wrong with an answer: compare it with the right one, and recognise the known mistakes.

First come the mistakes that an exercise's grader knows. Each is the right function with a part
exchanged: if it gives the student's numbers, that is what the student did. Then what any answer can
suffer from: a wrong sign, or a factor such as the number of rows. At last the right function is
tried with other arguments, until one gives the student's numbers.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType

import numpy as np

from course.grading.attempt import Attempt, Wrong, general
from course.replace import edited, plain_with
from npvae import plain
from npvae.nn.gradcheck import GradientCheck, check_gradients

# A relative error of a right gradient here is below 1e-8. A mistake makes one near 1.
TOLERANCE = 1e-6

Arrays = Mapping[str, np.ndarray]
Edit = tuple[str, ...]  # a function's name, then old and new text, see course.replace.edited
Variant = Edit | Mapping[str, Callable]  # or functions that stand in plain under these names
Mistakes = Mapping[str, Variant | list[Variant]]


def close(answer: np.ndarray, truth: np.ndarray) -> bool:
    """Tell whether two arrays are equal, but for rounding and a 1e-8 that guards a division."""
    scale = max(np.abs(truth).max(initial=0), 1e-300)
    return answer.shape == truth.shape and bool(np.abs(answer - truth).max() <= 1e-7 * scale)


def judge(
    attempt: Attempt,
    name: str,
    arguments: Mapping[str, object],
    results: Mapping[str, tuple],
    mistakes: Mistakes,
    sizes: Mapping[str, tuple[int, str]],
    *,
    right: ModuleType = plain,
    loss: Callable[[], float] | None = None,
    of: Arrays | None = None,
    active: Callable[[], np.ndarray] | None = None,
    order: Sequence[str] = (),
) -> dict[str, np.ndarray]:
    """Call a student's function; raise NotYet, or Wrong with a diagnosis, or return its results.

    `results` maps their names to shapes; the function of this name in the module `right` gives the
    right ones. They are compared in this order, or in `order`. `sizes` maps a symbol to its value
    and what it counts. If dx, the gradient of `loss` for an array x in `of`, is wrong, 60 of its
    numbers are checked by differences, and if another result is wrong, those of all gradients.
    `active` is that of `check_gradients`.
    """
    found = attempt.call(name, arguments, results)

    def given_by(module, **changed):
        values = attempt.flat(getattr(module, name)(**{**arguments, **changed}), len(results))
        return dict(zip(results, map(np.asarray, values), strict=True))

    truth = given_by(right)
    for label in order or results:
        if close(found[label], truth[label]):
            continue
        wrong = (
            _known(attempt, label, found, mistakes, right, given_by)
            or _general(label, found, truth, sizes)
            or _retried(label, found, arguments, lambda **new: given_by(right, **new))
            or _place(label, found[label], truth[label])
        )
        checked = {x: a for x, a in (of or {}).items() if f"d{x}" == label} or of or {}
        checks = [
            check_gradients(loss, {x: (values, found[f"d{x}"])}, active, samples=60)
            for x, values in checked.items()
        ]
        raise Wrong(wrong.key, f"{wrong.text}{_evidence(checks)}")
    return found


def _evidence(checks: Sequence[GradientCheck]) -> str:
    """Return what finite differences say about this result, in parentheses after the diagnosis."""
    if not checks:
        return ""
    worst = max(checks, key=lambda check: check.max_error)
    if worst.max_error > TOLERANCE:
        return f" (Finite differences disagree: {worst.worst}.)"
    return (
        " (Finite differences agree: your gradients belong to the function that you wrote. But it "
        "is not the function of the question. A gradient check cannot see that.)"
    )


def variant_of(module: ModuleType, variant: Variant) -> ModuleType:
    """Return a copy of a module with a mistake in it, the same one for the same mistake."""
    return _variant(module, variant if isinstance(variant, tuple) else tuple(variant.items()))


@cache
def _variant(module, parts):
    return edited(module, *parts) if isinstance(parts[0], str) else plain_with(**dict(parts))


def _known(attempt, label, found, mistakes, right, given_by):
    """Return a mistake that the grader knows, or None."""
    for key, variants in mistakes.items():
        for variant in variants if isinstance(variants, list) else [variants]:
            if close(found[label], given_by(variant_of(right, variant))[label]):
                return attempt.wrong(key, label)
    return None


def _general(label, found, right, sizes):
    """Return a mistake that any answer can have, or None."""
    answer, truth = found[label], right[label]
    for other, array in right.items():
        if other != label and close(answer, array):
            return general("exchanged", label=label, other=other)
    ratio = _ratio(answer, truth)
    if ratio is not None and (known := _factor_meaning(label, ratio, sizes)):
        return known
    if ratio is not None and truth.size > 1:
        return general("a factor", label=label, ratio=ratio)
    if np.abs(answer - truth).max() < 1e-4 * np.abs(truth).max():
        return general("nearly right", label=label)
    return None


def _place(label, answer, truth):
    """Return an unknown mistake: where the answer is furthest off."""
    place = np.unravel_index(np.abs(answer - truth).argmax(), truth.shape)
    index = f"[{', '.join(str(int(n)) for n in place)}]" if place else ""
    return general("unknown", label=label, at=label + index, is_=answer[place], should=truth[place])


def _retried(label, found, arguments, function):
    """Return the first wrong argument that gives this answer, or None."""
    arrays = {name: a for name, a in arguments.items() if isinstance(a, np.ndarray)}
    for name in arrays:
        for key, what, value in _other_arguments(name, arrays):
            result = function(**{name: value})[label]
            if np.any(result) and np.isfinite(result).all() and close(found[label], result):
                return Wrong(key, f"{label} is what comes out with {what} in place of {name}.")
    return None


def _other_arguments(name, arrays):
    """Yield key, words and value of what may stand by mistake in place of an array."""
    a = arrays[name]
    yield "argument forgotten", "0", np.zeros_like(a)
    yield "argument forgotten", "1", np.ones_like(a)
    yield "sign of an argument", f"-{name}", -a
    yield "another argument", f"{name}^2", a**2
    yield "another argument", f"1 - {name}", 1 - a
    yield "another argument", f"1 / {name}", 1 / a
    yield "another argument", f"|{name}|", np.abs(a)
    for words, factor in (("2", 2), ("4", 4), ("1/2", 1 / 2), ("log 2", np.log(2))):
        yield "another argument", f"{words} times {name}", factor * a
    for other, b in arrays.items():
        if other != name and b.shape == a.shape:
            yield "another argument", other, b
    row, none = "row" if a.ndim > 1 else "number", np.zeros_like(a)
    first, last = none.copy(), none.copy()
    first[0], last[-1] = a[0], a[-1]
    for which, part in ("first", first), ("last", last):
        yield "rows left out", f"only the {which} {row} of {name}", part
        yield "rows left out", f"all but the {which} {row} of {name}", a - part
    sums = {
        f"first {row}": a[0],
        f"mean {row}": a.mean(axis=0),
        f"sum of the {row}s": a.sum(axis=0),
    }
    for which, same in sums.items():
        yield "one row for all", f"the {which} of {name}, for each {row},", none + same


def _factor_meaning(label, ratio, sizes):
    """Return the mistake that makes an answer `ratio` times too large, if it is known."""

    def is_about(number):
        return np.isclose(ratio, number, rtol=1e-8)

    for symbol, (n, what) in sizes.items():
        for much, factor in (("large", n), ("small", 1 / n)):
            if is_about(factor):
                text = general(f"times too {much}", label=label, n=n, symbol=symbol, what=what).text
                return Wrong(f"{symbol} times too {much}", text)
    keys = {-1: "wrong sign", 2: "2 times too large", 0.5: "2 times too small"}
    for key in [key for number, key in keys.items() if is_about(number)]:
        return general(key, label=label)
    counts = {"1": 1, "2": 2} | {symbol: n for symbol, (n, _) in sizes.items()}
    for (above, n), (below, m) in itertools.product(counts.items(), repeat=2):
        if is_about(n / m) or is_about(-n / m):
            quotient = f"{'-' if ratio < 0 else ''}{above}/{below}"
            return general("a factor of the sizes", label=label, quotient=quotient, ratio=ratio)
    return None


def _ratio(answer, truth):
    """Return c if answer = c * truth everywhere with c != 0, else None."""
    ratio = float(np.sum(answer * truth) / max(np.sum(truth * truth), 1e-300))
    return ratio if ratio and close(answer, ratio * truth) else None
