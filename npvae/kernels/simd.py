"""The register tile: the one place where npvae talks to the processor directly.

A CPU multiplies fastest when a small block of the output stays in vector registers while the whole
sum over k runs past it. `tile` computes such a block of C = start + A B (r = 0 .. rows-1):

    C[i+r, j:j+w] = start[i+r, j:j+w] + sum_k A[i+r, k] * B[k, j:j+w]

Numba does not place values in registers, so `tile` is an `@intrinsic`: it writes LLVM vector code,
which LLVM turns into the host's instructions (AVX-512, AVX2, NEON or SSE).
"""

import os
import platform
from typing import NamedTuple

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from npvae.errors import UserError

ARM = ("arm64", "aarch64")  # all of these have NEON, though LLVM may name no feature of Apple's
# name: (bytes in a vector register, rows of a tile). A tile keeps rows x 2 registers of sums and
# needs a few more for A and B: 8 x 2 suits 32 registers (AVX-512, NEON), 6 x 2 suits 16.
SHAPES = {"avx512": (64, 8), "avx2": (32, 6), "neon": (16, 8), "plain": (16, 6)}


def host_simd() -> str:
    """Name the vector instructions to write for: the host's widest, as a key of `SHAPES`.

    The variable NPVAE_SIMD forces one (a narrow one runs anywhere). Raises UserError for others.
    """
    forced = os.environ.get("NPVAE_SIMD")
    if forced and forced not in SHAPES:
        raise UserError(f"NPVAE_SIMD={forced} is unknown; use one of {', '.join(SHAPES)}")
    features, is_arm = binding.get_host_cpu_features(), platform.machine().lower() in ARM
    known = [(features.get("avx512f"), "avx512"), (features.get("avx2"), "avx2"), (is_arm, "neon")]
    return forced or next((name for there, name in known if there), "plain")


VECTOR_BYTES, ROWS = SHAPES[host_simd()]
STRIP = 4  # tiles that one call computes: a call costs as much as some ten steps of k


class Product(NamedTuple):
    """One product C = start + A B."""

    A: np.ndarray
    a_transposed: bool  # whether A is to be read as A^T
    B: np.ndarray
    start: np.ndarray  # no rows (start from 0), or one row (a bias)
    relu: bool  # whether negative numbers of C become 0 on their way out
    gate: np.ndarray  # no rows, or all rows of C, which becomes 0 where the gate is not positive
    C: np.ndarray


class _Vectors:
    """LLVM's vector instructions for one element type, as short Python calls."""

    def __init__(self, context, builder, real):
        self.builder = builder
        self.width = VECTOR_BYTES * 8 // real.bitwidth
        self.align = real.bitwidth // 8  # rows of a matrix need not start on a vector's boundary
        self.type = ir.VectorType(context.get_value_type(real), self.width)
        self.zero = ir.Constant(self.type, [0.0] * self.width)
        self.all = ir.Constant(ir.VectorType(ir.IntType(1), self.width), [1] * self.width)
        self.suffix = f"v{self.width}f{real.bitwidth}"

    def _call(self, name, returns, *args):
        kind = ir.FunctionType(returns, [a.type for a in args])
        module = self.builder.module
        return self.builder.call(cgutils.get_or_insert_function(module, kind, name), args)

    def at(self, base, *steps):
        """Return the pointer `base` moved on by the sum of count x bytes over `steps`."""
        address = self.builder.ptrtoint(base, ir.IntType(64))
        for count, size in steps:
            address = self.builder.add(address, self.builder.mul(count, size))
        return self.builder.inttoptr(address, base.type)

    def smaller(self, a, b):
        """Return the smaller of two integers."""
        return self.builder.select(self.builder.icmp_signed("<", a, b), a, b)

    def splat(self, value):
        """Copy one scalar to every lane."""
        empty = ir.Constant(ir.VectorType(value.type, self.width), ir.Undefined)
        first = self.builder.insert_element(empty, value, ir.IntType(32)(0))
        return self.shuffle(first, empty, [0] * self.width)

    def shuffle(self, a, b, lanes):
        """Pick lanes from a (numbers below the width) and b (the others)."""
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
        return self.builder.shuffle_vector(a, b, lanes)

    def mask(self, v, count):
        """Return which lanes of the v-th vector have a number below `count`."""
        lanes = [v * self.width + n for n in range(self.width)]
        lanes = ir.Constant(ir.VectorType(count.type, self.width), lanes)
        return self.builder.icmp_signed("<", lanes, self.splat(count))

    def _address(self, pointer, v):
        pointer = self.builder.gep(pointer, [ir.IntType(64)(v * self.width)])
        return self.builder.bitcast(pointer, self.type.as_pointer())

    def load(self, pointer, v, mask):
        """Load the v-th vector behind `pointer`; masked-off lanes are 0 and are not touched."""
        args = self._address(pointer, v), ir.IntType(32)(self.align), mask, self.zero
        return self._call(f"llvm.masked.load.{self.suffix}.p0", self.type, *args)

    def store(self, value, pointer, v, mask):
        """Store the v-th vector behind `pointer`; masked-off lanes are not touched."""
        args = value, self._address(pointer, v), ir.IntType(32)(self.align), mask
        self._call(f"llvm.masked.store.{self.suffix}.p0", ir.VoidType(), *args)

    def multiply_add(self, a, b, c):
        """Compute a b + c: one fused instruction where the host has one."""
        return self._call(f"llvm.fmuladd.{self.suffix}", self.type, a, b, c)

    def choose(self, x, sign, a, b):
        """Take a lane of `a` where that of x is "<" or ">" 0, as `sign` says, and otherwise b."""
        return self.builder.select(self.builder.fcmp_ordered(sign, x, self.zero), a, b)


def _unpack(context, builder, kind, value):
    """Return a matrix's data pointer, its shape and its strides in bytes."""
    array = context.make_array(kind)(context, builder, value)
    shape = cgutils.unpack_tuple(builder, array.shape, 2)
    return array.data, shape, cgutils.unpack_tuple(builder, array.strides, 2)


def _check(first, *others):
    """Refuse what `tile` and `transpose_block` cannot read, while Numba compiles them for it."""
    is_real = first.dtype in (types.float32, types.float64)
    if not is_real or any(a.dtype != first.dtype or a.layout != "C" for a in (first, *others)):
        raise TypingError("not all C-contiguous, and all float32 or all float64")


@intrinsic(prefer_literal=True)
def tile(typingctx, rows, vectors, ragged, product, i, j):
    """Compute a strip of blocks of a `Product` in registers: the module's equation.

    The first block is at (i, j), `STRIP` - 1 more lie below it as far as C reaches. `rows`,
    `vectors` (1 or 2) and `ragged` are literals and give a block its size. A ragged block may reach
    past C's last column; its lanes out there are masked off.
    """
    kinds = dict(zip(product.fields, product.types, strict=True))  # Numba's type of each field
    matrices = "A", "B", "start", "gate", "C"
    _check(*(kinds[m] for m in matrices))
    n_rows, n_vectors = rows.literal_value, vectors.literal_value

    def codegen(context, builder, signature, args):
        *_, fields, i, j = args
        field = dict(zip(kinds, cgutils.unpack_tuple(builder, fields), strict=True))
        index, vec = ir.IntType(64), _Vectors(context, builder, kinds["C"].dtype)
        A, B, start, gate, C = (_unpack(context, builder, kinds[m], field[m]) for m in matrices)
        a_data, _, a_strides = A
        b_data, (n_k, _), (b_step, _) = B
        start_data, (start_rows, _), _ = start
        gate_data, (gate_rows, _), (gate_step, _) = gate
        c_data, (c_rows, n_columns), (c_step, _) = C

        element, inside = index(vec.align), builder.sub(n_columns, j)
        masks = [vec.mask(v, inside) if ragged.literal_value else vec.all for v in range(n_vectors)]
        block = [(r, v) for r in range(n_rows) for v in range(n_vectors)]
        sums = {rv: cgutils.alloca_once(builder, vec.type) for rv in block}
        a_row = builder.select(field["a_transposed"], a_strides[1], a_strides[0])
        a_column = builder.select(field["a_transposed"], a_strides[0], a_strides[1])
        last_row = builder.sub(c_rows, index(1))
        end = vec.smaller(builder.add(i, index(STRIP * n_rows)), c_rows)

        with cgutils.for_range_slice(builder, i, end, index(n_rows), index) as (top, _):
            # A tile that hangs over the bottom computes the last row again and stores it again.
            row = [vec.smaller(builder.add(top, index(r)), last_row) for r in range(n_rows)]
            for rv in block:
                builder.store(vec.zero, sums[rv])
            with builder.if_then(builder.icmp_signed(">", start_rows, index(0))):
                bias = vec.at(start_data, (j, element))
                for r, v in block:
                    builder.store(vec.load(bias, v, masks[v]), sums[r, v])

            # One step of the sum reads `vectors` registers of B and one scalar of A for each row.
            a_rows = [vec.at(a_data, (row[r], a_row)) for r in range(n_rows)]
            b_panel = vec.at(b_data, (j, element))
            with cgutils.for_range(builder, n_k) as loop:
                b_row = vec.at(b_panel, (loop.index, b_step))
                b_now = [vec.load(b_row, v, masks[v]) for v in range(n_vectors)]
                for r in range(n_rows):
                    a_now = vec.splat(builder.load(vec.at(a_rows[r], (loop.index, a_column))))
                    for v in range(n_vectors):
                        total = builder.load(sums[r, v])
                        builder.store(vec.multiply_add(a_now, b_now[v], total), sums[r, v])

            with builder.if_then(field["relu"]):
                for rv in block:  # NaN is not negative, so it stays visible
                    total = builder.load(sums[rv])
                    builder.store(vec.choose(total, "<", vec.zero, total), sums[rv])
            with builder.if_then(builder.icmp_signed(">", gate_rows, index(0))):
                for r, v in block:
                    pointer = vec.at(gate_data, (row[r], gate_step), (j, element))
                    opened, total = vec.load(pointer, v, masks[v]), builder.load(sums[r, v])
                    builder.store(vec.choose(opened, ">", total, vec.zero), sums[r, v])
            for r, v in block:
                pointer = vec.at(c_data, (row[r], c_step), (j, element))
                vec.store(builder.load(sums[r, v]), pointer, v, masks[v])
        return context.get_dummy_value()

    return types.void(rows, vectors, ragged, product, i, j), codegen


@intrinsic
def transpose_block(typingctx, a, out, i, j):
    """Copy the lanes x lanes block of `a` at (i, j), transposed, to `out` at (j, i).

    The block is turned inside the registers, as by riffling a deck of cards: each round interleaves
    the numbers of the upper rows with those of the lower, until each row is a column. Whatever
    reaches past the edge of the matrix is left out.
    """
    _check(a, out)

    def codegen(context, builder, signature, args):
        index, vec = ir.IntType(64), _Vectors(context, builder, a.dtype)
        a_data, (n_rows, n_columns), (a_step, _) = _unpack(context, builder, a, args[0])
        out_data, _, (out_step, _) = _unpack(context, builder, out, args[1])
        i, j = args[2:]
        element, n = index(vec.align), vec.width
        columns_inside = vec.mask(0, builder.sub(n_columns, j))
        rows_inside = vec.mask(0, builder.sub(n_rows, i))
        last_row, rows = builder.sub(n_rows, index(1)), []
        for r in range(n):
            row = vec.smaller(builder.add(i, index(r)), last_row)
            rows.append(vec.load(vec.at(a_data, (row, a_step), (j, element)), 0, columns_inside))

        left = [c // 2 + c % 2 * n for c in range(n)]  # a0 b0 a1 b1 .. of rows a and b
        right = [n // 2 + c for c in left]  # and so on from their middle
        for _ in range(n.bit_length() - 1):
            pairs = zip(rows[: n // 2], rows[n // 2 :], strict=True)
            rows = [vec.shuffle(a, b, lanes) for a, b in pairs for lanes in (left, right)]

        for c in range(n):
            column = builder.add(j, index(c))
            exists = vec.splat(builder.icmp_signed("<", column, n_columns))
            pointer = vec.at(out_data, (column, out_step), (i, element))
            vec.store(rows[c], pointer, 0, builder.and_(rows_inside, exists))
        return context.get_dummy_value()

    return types.void(a, out, i, j), codegen
