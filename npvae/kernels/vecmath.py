"""exp and log1p that LLVM can vectorise: arithmetic only, no branch and no library call.

    exp(x)   = 2^n e^r             n = round(x / ln 2), r = x - n ln 2, |r| <= ln(2) / 2
    log1p(x) = k ln 2 + log(1+f)   1 + x = 2^k (1+f), k = 0 or 1, 1+f < sqrt(2)     0 <= x <= 1
    log(1+f) = f - f^2/2 + s (f^2/2 + s^2 R(s^2))                        s = f / (2+f)

The polynomials are Chebyshev fits of (e^r - 1 - r) / r^2 and of R. The largest errors are 1.5 ulp
for exp, over all arguments, and 1 ulp for log1p; infinities and NaN come out as they should.
"""

import math
from collections.abc import Callable

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload

from npvae.kernels.jit import OPTIONS

# Highest power first. The error of a fit is below half an ulp of the function it serves.
EXP = {
    np.float32: """1.3926250831497611e-3 8.363232883682618e-3 4.166655421298415e-2
                   0.16666576666119928 0.5""",
    np.float64: """2.09147553258932e-9 2.5105312729622103e-8 2.755727347871858e-7
                   2.755725517000089e-6 2.480158732567746e-5 1.984126987500228e-4
                   1.3888888888883711e-3 8.333333333326084e-3 4.166666666666667e-2
                   0.1666666666666667 0.5""",
}
LOG = {
    np.float32: "0.23331614471843498 0.28550778633191964 0.4000012221181065 0.6666666655404201",
    np.float64: """0.14617807153417325 0.15331611722055008 0.1818289243253687 0.22222211089379496
                   0.28571428626253836 0.3999999999989889 0.666666666666667""",
}
# ln 2 in two parts: n * LN2[0] is exact for every exponent n, LN2[1] is the rest.
LN2 = {
    np.float32: (0.693145751953125, 1.4286068203094173e-06),
    np.float64: (0.6931471803691238, 1.9082149292705877e-10),
}


@intrinsic
def reinterpret(typingctx, x):
    """Read the bits of a float as an integer of its width, and the other way round."""
    pairs = {types.float32: types.int32, types.float64: types.int64}
    partner = (pairs | {integer: real for real, integer in pairs.items()})[x]

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(partner))

    return partner(x), codegen


def _write(real: type, integer: type) -> tuple[Callable, Callable]:
    """Write exp and log1p for one floating-point type and the integer type of its width."""
    info = np.finfo(real)
    mantissa, bias = integer(info.nmant), integer(info.maxexp - 1)
    ln2_high, ln2_low = (real(part) for part in LN2[real])
    exp_terms = tuple(real(term) for term in EXP[real].split())
    log_terms = tuple(real(term) for term in LOG[real].split())
    zero, half, one, two = real(0), real(0.5), real(1), real(2)
    log2_e = real(1 / math.log(2))
    # A small number plus `shifter` is rounded to an integer, which stands in the lowest bits.
    shifter = real(1.5 * 2.0**info.nmant)
    shifter_bits = shifter.view(integer)
    # Outside of these bounds exp is infinite or rounds to 0.
    highest = real(math.log(2) * (info.maxexp + 1))
    lowest = real(math.log(2) * (info.minexp - info.nmant - 1.01))
    root_two = real(math.sqrt(2))

    @njit(**OPTIONS)
    def power_of_two(n):
        return reinterpret(integer((n + bias) << mantissa))

    @njit(**OPTIONS)
    def polynomial(terms, x):
        y = terms[0]
        for n in range(1, len(terms)):
            y = y * x + terms[n]
        return y

    def exp(x):
        # Both comparisons are false for NaN, which so stays NaN.
        x = highest if x > highest else x
        x = lowest if x < lowest else x
        shifted = x * log2_e + shifter
        n = integer(reinterpret(shifted) - shifter_bits)
        steps = shifted - shifter
        r = (x - steps * ln2_high) - steps * ln2_low
        e = one + (r + r * r * polynomial(exp_terms, r))
        # 2^n alone may not be a normal number: take it in two halves.
        return e * power_of_two(n >> 1) * power_of_two(n - (n >> 1))

    def log1p(x):
        u = one + x
        lost = (x - (u - one)) / u  # what rounding took from u
        k, f = (one, half * u - one) if u >= root_two else (zero, u - one)
        s = f / (two + f)
        z = s * s
        half_square = half * f * f
        tail = s * (half_square + z * polynomial(log_terms, z)) + (k * ln2_low + lost)
        return k * ln2_high - ((half_square - tail) - f)

    return exp, log1p


_32, _64 = _write(np.float32, np.int32), _write(np.float64, np.int64)
_FOR = {types.float32: _32, types.float64: _64}


def exp(x: float) -> float:
    """Compute e^x for a float32 or float64 scalar inside compiled code; error at most 1.5 ulp."""


def log1p(x: float) -> float:
    """Compute log(1 + x) for a scalar in [0, 1] inside compiled code; error at most 1 ulp."""


@overload(exp, jit_options=OPTIONS)
def _exp(x):
    return _FOR[x][0]


@overload(log1p, jit_options=OPTIONS)
def _log1p(x):
    return _FOR[x][1]
