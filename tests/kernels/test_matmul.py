"""The matrix products against NumPy's, over shapes that are no multiple of anything."""

from itertools import product

import numba
import numpy as np
import pytest

from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn

SIZES = [1, 2, 7, 10, 16, 20, 33, 65]
DTYPES = [np.float32, np.float64]


def draw(dtype, *shapes):
    rng = np.random.default_rng(sum(sum(shape) for shape in shapes))
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def check_products(dtype, m, k, n):
    """Every product, with all that it can do to C, is NumPy's but for the rounding of its sums."""
    A, B, b, gate = draw(dtype, (m, k), (k, n), (n,), (m, n))
    gate[0, 0] = 0
    exact = A.astype(np.float64) @ B.astype(np.float64)
    gated = np.where(gate > 0, exact, 0)
    frame = np.full((m + 2) * n, np.nan, dtype)  # NaN around C shows writes beyond its edges
    C = frame[n:-n].reshape(m, n)
    A_t, B_t = np.ascontiguousarray(A.T), np.ascontiguousarray(B.T)
    for multiply, arguments, more, wanted in (
        (matmul, (A, B, C), {}, exact),
        (matmul, (A, B, C), {"bias": b, "relu": True}, np.maximum(exact + b, 0)),
        (matmul, (A, B, C), {"gate": gate}, gated),
        (matmul_tn, (A_t, B, C), {}, exact),
        (matmul_nt, (A, B_t, C), {}, exact),
        (matmul_nt, (A, B_t, C), {"gate": gate}, gated),
        (matmul, (A, B, gate), {"gate": gate}, gated),  # in place
    ):
        C[:] = np.nan
        multiply(*arguments, **more)
        error = np.abs(arguments[2] - wanted).max()
        assert error <= 20 * np.sqrt(k) * np.finfo(dtype).eps * (1 + k**0.5)
    A[-1, 0] = np.nan
    matmul(A, B, C, relu=True)  # which lets NaN pass
    assert np.isnan(C[-1]).all() and not np.isnan(C[:-1]).any()
    assert np.isnan(frame[:n]).all() and np.isnan(frame[-n:]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_of_any_shape(dtype):
    for m, k, n in product(SIZES, repeat=3):
        check_products(dtype, m, k, n)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(300, 1100, 1003), (64, 784, 256), (512, 64, 256)])
def test_products_that_are_shared_out(shape, dtype):
    """So are the copies for A B^T: of B in the last case, of A and C in the others."""
    check_products(dtype, *shape)


@pytest.mark.parametrize("shape", [(64, 784, 256), (300, 1100, 1003)])
def test_threads_do_not_change_a_bit(shape):
    m, k, n = shape
    A, B = draw(np.float32, (m, k), (k, n))
    results = set()
    for threads in range(1, numba.config.NUMBA_NUM_THREADS + 1):
        numba.set_num_threads(threads)
        C = np.empty((m, n), np.float32)
        matmul(A, B, C)
        results.add(C.tobytes())
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert len(results) == 1


SHAPES = {"A": (5, 3), "B": (3, 6), "C": (5, 6), "bias": (6,), "gate": (5, 6)}
MISFITS = [
    {"A": (5, 4)}, {"C": (4, 6)}, {"C": (5, 7)}, {"C": (6, 5)}, {"bias": (5,)}, {"gate": (5, 5)},
]  # fmt: skip


@pytest.mark.parametrize("misfit", MISFITS, ids=str)
def test_shapes_that_do_not_fit_are_refused(misfit):
    arrays = {name: np.ones(shape) for name, shape in (SHAPES | misfit).items()}
    A, B, C, _, gate = arrays.values()
    with pytest.raises(ValueError, match=r"the shapes do not fit: A .*, B .*, C "):
        matmul(**arrays)
    assert (C == 1).all()
    if "bias" not in misfit:  # the other two have none
        with pytest.raises(ValueError, match="shapes"):
            matmul_nt(A, np.ascontiguousarray(B.T), C, gate)
    if not {"bias", "gate"} & misfit.keys():
        with pytest.raises(ValueError, match="shapes"):
            matmul_tn(np.ascontiguousarray(A.T), B, C)


RUINS = [  # what a product may not get, and in whose place it comes
    (lambda x: np.ascontiguousarray(x.T).T, ["A", "B", "C", "gate"]),
    (lambda x: np.repeat(x, 2, axis=-1)[..., ::2], ["bias"]),  # some columns
    (lambda x: x.astype("f4"), ["B", "bias"]),
    (lambda x: x.astype(">f8"), ["C"]),  # the other order of bytes
]


def test_views_and_other_dtypes_are_refused():
    arrays = {name: np.ones(shape) for name, shape in SHAPES.items()}
    for make, others in RUINS:
        for other in others:
            with pytest.raises(TypeError, match="C-contiguous arrays, all float32 or all float64"):
                matmul(**(arrays | {other: make(arrays[other])}))
    A, B, C = (np.ones((3, 3), "int64") for _ in range(3))
    for multiply, *more in ((matmul,), (matmul, C[0], False, C), (matmul_nt,), (matmul_tn,)):
        with pytest.raises(TypeError, match="all float32 or all float64"):
            multiply(A, B, C, *more)
