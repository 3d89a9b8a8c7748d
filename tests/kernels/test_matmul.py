"""The matrix products against NumPy's, over shapes that are no multiple of anything."""

import numba
import numpy as np
import pytest

from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn
from npvae.nn.parameters import aligned_zeros

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
            A, B, b = draw(dtype, (m, k), (k, n), (n,))
            exact = A.astype(np.float64) @ B.astype(np.float64)
            # A frame of NaN around C shows writes beyond its edges.
            frame = np.full((m + 2) * n, np.nan, dtype)
            C = frame[n:-n].reshape(m, n)
            matmul(A, B, C)
            assert close(C, exact, k, dtype)
            matmul(A, B, C, bias=b, relu=True)
            assert close(C, np.maximum(exact + b, 0), k, dtype)
            matmul_tn(np.ascontiguousarray(A.T), B, C)
            assert close(C, exact, k, dtype)
            matmul_nt(A, np.ascontiguousarray(B.T), C)
            assert close(C, exact, k, dtype)
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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", SIZES)
def test_a_gate_lets_through_where_it_is_positive(m, dtype):
    for k in SIZES:
        for n in SIZES:
            A, B, gate = draw(dtype, (m, k), (k, n), (m, n))
            gate[0, 0] = 0
            exact = np.where(gate > 0, A.astype(np.float64) @ B.astype(np.float64), 0)
            frame = np.full((m + 2) * n, np.nan, dtype)
            C = frame[n:-n].reshape(m, n)
            matmul(A, B, C, gate=gate)
            assert close(C, exact, k, dtype)
            C[:] = np.nan
            matmul_nt(A, np.ascontiguousarray(B.T), C, gate=gate)
            assert close(C, exact, k, dtype)
            matmul(A, B, gate, gate=gate)  # in place
            assert close(gate, exact, k, dtype)
            assert np.isnan(frame[:n]).all() and np.isnan(frame[-n:]).all()


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


def test_a_row_does_not_depend_on_the_rows_around_it():
    A, B = draw(np.float32, (65, 50), (50, 33))
    C, alone = np.empty((65, 33), np.float32), np.empty((1, 33), np.float32)
    matmul(A, B, C)
    matmul(A[64:], B, alone)
    assert np.array_equal(C[64:], alone)


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


def outputs(A, B):
    return np.full((A.shape[0], B.shape[1]), np.nan, A.dtype)


MISFITS = {
    "columns of A, rows of B": {"A": (5, 4)},
    "rows of C": {"C": (4, 6)},
    "columns of C": {"C": (5, 7)},
    "C transposed": {"C": (6, 5)},
    "the bias": {"bias": (5,)},
    "the gate": {"gate": (5, 5)},
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_shapes_that_do_not_fit_are_refused(misfit):
    shapes = {"A": (5, 3), "B": (3, 6), "C": (5, 6)} | MISFITS[misfit]
    arrays = {name: np.ones(shape) for name, shape in shapes.items()}
    with pytest.raises(ValueError, match=r"the shapes do not fit: A .*, B .*, C "):
        matmul(**arrays)
    assert (arrays["C"] == 1).all()
    if "bias" in arrays:
        return  # the other two have none
    A, B, C, *gate = arrays.values()
    with pytest.raises(ValueError, match="shapes"):
        matmul_nt(A, np.ascontiguousarray(B.T), C, *gate)
    if not gate:
        with pytest.raises(ValueError, match="shapes"):
            matmul_tn(np.ascontiguousarray(A.T), B, C)


@pytest.mark.parametrize("broken", ["A", "B", "C", "gate"])
@pytest.mark.parametrize("how", ["transposed", "every other column"])
def test_matrices_whose_rows_are_no_unbroken_runs_are_refused(broken, how):
    def ruin(matrix):
        if how == "transposed":
            return np.ascontiguousarray(matrix.T).T
        return np.repeat(matrix, 2, axis=1)[:, ::2]

    A, B, gate = draw(np.float64, (5, 3), (3, 6), (5, 6))
    arrays = {"A": A, "B": B, "C": outputs(A, B), "gate": gate}
    arrays[broken] = ruin(arrays[broken])
    with pytest.raises(ValueError, match="side by side"):
        matmul(**arrays)
    A, B, C, gate = arrays.values()
    if broken not in ("A", "B"):  # np.ascontiguousarray would mend them
        with pytest.raises(ValueError, match="side by side"):
            matmul_nt(A, np.ascontiguousarray(B.T), C, gate=gate)
    elif how == "every other column":
        t = {"A": A, "B": B.T} | {broken: ruin(np.ascontiguousarray({"A": A, "B": B.T}[broken]))}
        with pytest.raises(ValueError, match="side by side"):
            matmul_nt(t["A"], np.ascontiguousarray(t["B"]) if broken == "A" else t["B"], C)


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


@pytest.mark.parametrize("dtype", DTYPES)
def test_buffers_are_aligned_and_zeroed(dtype):
    for size in (1, 17, 1000):
        array = aligned_zeros((size, 3), dtype)
        assert array.ctypes.data % 64 == 0
        assert array.shape == (size, 3) and array.dtype == dtype and not array.any()
