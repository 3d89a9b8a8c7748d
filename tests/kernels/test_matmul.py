"""The matrix products against NumPy's, over shapes that are no multiple of anything."""

import numba
import numpy as np
import pytest

from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn

SIZES = [1, 2, 7, 10, 16, 20, 33, 65]
DTYPES = [np.float32, np.float64]


def draw(dtype, *shapes):
    rng = np.random.default_rng(sum(sum(shape) for shape in shapes))
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def close(C, exact, k, dtype):
    """Rounding of a sum of k products of numbers of order 1, with room to spare."""
    return np.abs(C - exact).max() <= 20 * np.sqrt(k) * np.finfo(dtype).eps * (1 + k**0.5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", SIZES)
def test_products_of_any_shape(m, dtype):
    for k in SIZES:
        for n in SIZES:
            A, B, b, gate = draw(dtype, (m, k), (k, n), (n,), (m, n))
            gate[0, 0] = 0
            exact = A.astype(np.float64) @ B.astype(np.float64)
            gated = np.where(gate > 0, exact, 0)
            # A frame of NaN around C shows writes beyond its edges.
            frame = np.full((m + 2) * n, np.nan, dtype)
            C = frame[n:-n].reshape(m, n)
            A_t, B_t = np.ascontiguousarray(A.T), np.ascontiguousarray(B.T)
            for product, arguments, more, wanted in (
                (matmul, (A, B), {}, exact),
                (matmul, (A, B), {"bias": b, "relu": True}, np.maximum(exact + b, 0)),
                (matmul, (A, B), {"gate": gate}, gated),
                (matmul_tn, (A_t, B), {}, exact),
                (matmul_nt, (A, B_t), {}, exact),
                (matmul_nt, (A, B_t), {"gate": gate}, gated),
            ):
                C[:] = np.nan
                product(*arguments, C, **more)
                assert close(C, wanted, k, dtype)
            matmul(A, B, gate, gate=gate)  # in place
            assert close(gate, gated, k, dtype)
            assert np.isnan(frame[:n]).all() and np.isnan(frame[-n:]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_products(dtype):
    m, k, n = 300, 1100, 1003
    A, B, b = draw(dtype, (m, k), (k, n), (n,))
    exact = A.astype(np.float64) @ B.astype(np.float64)
    C = np.empty((m, n), dtype)
    matmul(A, B, C)
    assert close(C, exact, k, dtype)
    matmul(A, B, C, bias=b, relu=True)
    assert close(C, np.maximum(exact + b, 0), k, dtype)
    gate = C.copy()
    matmul(A, B, C, gate=C)
    assert close(C, np.where(gate > 0, exact, 0), k, dtype)


@pytest.mark.parametrize("shape", [(64, 784, 256), (300, 1100, 1003)])
def test_threads_do_not_change_a_bit(shape):
    m, k, n = shape
    A, B = draw(np.float32, (m, k), (k, n))
    results = []
    for threads in range(1, numba.config.NUMBA_NUM_THREADS + 1):
        numba.set_num_threads(threads)
        C = np.empty((m, n), np.float32)
        matmul(A, B, C)
        results.append(C)
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert all(np.array_equal(C, results[0]) for C in results)


def test_nan_passes_through_relu():
    A, B = draw(np.float32, (3, 4), (4, 20))
    A[1, 2] = np.nan
    C = np.empty((3, 20), np.float32)
    matmul(A, B, C, relu=True)
    assert np.isnan(C).all(axis=1).tolist() == [False, True, False]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(64, 784, 256), (512, 64, 256)])
def test_large_transposed_products_either_way(shape, dtype):
    """The copies are large enough to be shared out: of A and C in the first case, of B after."""
    m, k, n = shape
    A, B, gate = draw(dtype, (m, k), (n, k), (m, n))
    exact = np.where(gate > 0, A.astype(np.float64) @ B.T.astype(np.float64), 0)
    C = np.empty((m, n), dtype)
    matmul_nt(A, B, C, gate=gate)
    assert close(C, exact, k, dtype)


MISFITS = [
    {"A": (5, 4)},
    {"C": (4, 6)},
    {"C": (5, 7)},
    {"C": (6, 5)},
    {"bias": (5,)},
    {"gate": (5, 5)},
]


@pytest.mark.parametrize("misfit", MISFITS, ids=str)
def test_shapes_that_do_not_fit_are_refused(misfit):
    shapes = {"A": (5, 3), "B": (3, 6), "C": (5, 6)} | misfit
    arrays = {name: np.ones(shape) for name, shape in shapes.items()}
    with pytest.raises(ValueError, match=r"the shapes do not fit: A .*, B .*, C "):
        matmul(**arrays)
    assert (arrays["C"] == 1).all()
    A, B, C, *more = arrays.values()
    if "bias" not in arrays:  # the other two have none
        with pytest.raises(ValueError, match="shapes"):
            matmul_nt(A, np.ascontiguousarray(B.T), C, *more)
    if not more:
        with pytest.raises(ValueError, match="shapes"):
            matmul_tn(np.ascontiguousarray(A.T), B, C)


@pytest.mark.parametrize("broken", ["A", "B", "C", "gate"])
@pytest.mark.parametrize(
    "ruin", [lambda x: np.ascontiguousarray(x.T).T, lambda x: np.repeat(x, 2, axis=1)[:, ::2]]
)
def test_matrices_whose_rows_are_no_unbroken_runs_are_refused(broken, ruin):
    A, B, gate = draw(np.float64, (5, 3), (3, 6), (5, 6))
    arrays = {"A": A, "B": B, "C": np.empty((5, 6)), "gate": gate}
    with pytest.raises(ValueError, match="side by side"):
        matmul(**(arrays | {broken: ruin(arrays[broken])}))
    arrays["B"] = np.ascontiguousarray(B.T)
    with pytest.raises(ValueError, match="side by side"):
        matmul_nt(**(arrays | {broken: ruin(arrays[broken])}))


def test_a_view_of_some_columns_is_as_good_as_a_matrix():
    A, B, wide = draw(np.float64, (5, 3), (3, 6), (5, 10))
    before, C = wide.copy(), wide[:, 2:8]
    matmul(A, B, C)
    assert np.allclose(C, A @ B)
    assert np.array_equal(np.delete(wide, np.s_[2:8], 1), np.delete(before, np.s_[2:8], 1))


@pytest.mark.parametrize("other", ["A", "B", "C", "bias", "gate"])
@pytest.mark.parametrize("dtype", ["float32", "int64", ">f8", "complex128"])
def test_other_dtypes_are_refused(other, dtype):
    shapes = {"A": (5, 3), "B": (3, 6), "C": (5, 6), "bias": (6,), "gate": (5, 6)}
    arrays = {name: np.ones(shape) for name, shape in shapes.items()}
    arrays[other] = arrays[other].astype(dtype)
    with pytest.raises(TypeError, match="all float32 or all float64"):
        matmul(**arrays)
    A, B, C, _, gate = arrays.values()
    if other != "bias":
        with pytest.raises(TypeError, match="all float32 or all float64"):
            matmul_nt(A, np.ascontiguousarray(B.T), C, gate=gate)
