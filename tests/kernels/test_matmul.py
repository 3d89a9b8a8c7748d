"""The matrix products against NumPy's, over shapes that are no multiple of anything."""

import numba
import numpy as np
import pytest

from npvae.kernels.matmul import matmul, matmul_nt, matmul_tn, transpose
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
            matmul_nt(A, np.ascontiguousarray(B.T), C, np.empty(m * (k + n), dtype))
            assert close(C, exact, k, dtype)
            assert np.isnan(frame[:n]).all() and np.isnan(frame[-n:]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_products_which_are_packed(dtype):
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
            matmul_nt(A, np.ascontiguousarray(B.T), C, np.empty(m * (k + n), dtype), gate=gate)
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
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (17, 33), (64, 784)])
def test_transpose(shape, dtype):
    (a,) = draw(dtype, shape)
    m, n = shape
    frame = np.full((n + 2) * m, np.nan, dtype)
    out = frame[m:-m].reshape(n, m)
    transpose(a, out)
    assert np.array_equal(out, a.T)
    assert np.isnan(frame[:m]).all() and np.isnan(frame[-m:]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_buffers_are_aligned_and_zeroed(dtype):
    for size in (1, 17, 1000):
        array = aligned_zeros((size, 3), dtype)
        assert array.ctypes.data % 64 == 0
        assert array.shape == (size, 3) and array.dtype == dtype and not array.any()
