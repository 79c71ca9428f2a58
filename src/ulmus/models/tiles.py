"""The innermost loop of the decoder: a small block of a matrix product, held in registers.

Why not `numpy.matmul`: the BLAS that NumPy ships rounds a row differently depending on where in
the batch it lies (measured: OpenBLAS 0.3.31, Haswell kernels, rows 0 to 5 and 6 to 11 of the same
product differ in the last bits), so an answer would depend on its neighbours. Here each element is
a chain of multiply-adds over the inner dimension, in rising order, whatever surrounds it. It is
faster too for few rows, because the weights are laid out once for this loop: 61 to 67 GFLOPS for
32 rows against 25 to 49, 20 to 27 against 4 to 12 for 4 rows (one core, AMD EPYC, AVX2).
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _lanes() -> int:
    """Return the floats of one vector: 16 with AVX-512, which is 1.5 x as fast, else 8.

    The order of the sums and so their bits are the same with both.
    """
    try:
        features = binding.get_host_cpu_features()
    except RuntimeError:  # LLVM does not know on some kinds of processor
        return 8
    return 16 if features.get("avx512f") else 8


LANES = _lanes()
_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_INT = ir.IntType(64)
_FLOAT_BYTES = 4


def make_tile(num_rows: int, num_vectors: int) -> Any:
    """Return a compiled block product for numba code, `tile(a, a_step, b, c, c_step, k, add)`.

    It computes c[r, j] = sum over i < k of a[r, i] * b[i, j] for r < num_rows and
    j < LANES * num_vectors. All matrices are float32 and given by address; `a_step` and `c_step`
    are the lengths of a row in elements, the rows of b lie close together. With `add` not 0 the
    sum is added to what c holds. k is at least 1.
    """

    @intrinsic
    def tile(
        context: Any, a: Any, a_step: Any, b: Any, c: Any, c_step: Any, k: Any, add: Any
    ) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            _Tile(builder, num_rows, num_vectors).build(*arguments)
            return _context.get_dummy_value()

        return types.void(*[types.int64] * 7), generate

    return tile


class _Tile:
    """Writes the code of one block product."""

    def __init__(self, builder: Any, num_rows: int, num_vectors: int) -> None:
        self._builder = builder
        self._rows = range(num_rows)
        self._vectors = range(num_vectors)
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        declare: Any = cgutils.get_or_insert_function
        self._multiply_add = declare(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")

    def build(self, a: Any, a_step: Any, b: Any, c: Any, c_step: Any, k: Any, add: Any) -> None:
        """Write the code: loop over k from sums of 0, store or add the sums."""
        builder = self._builder
        places = [[self._at(c, c_step, r, v) for v in self._vectors] for r in self._rows]
        rows = [builder.add(a, self._offset(a_step, r)) for r in self._rows]
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        before = builder.block
        loop = builder.append_basic_block("loop")
        end = builder.append_basic_block("end")
        builder.branch(loop)
        builder.position_at_end(loop)
        index = builder.phi(_INT)
        index.add_incoming(ir.Constant(_INT, 0), before)
        sums = [[self._phi(zero, before) for _ in line] for line in places]
        totals = self._step(rows, b, index, sums)
        following = builder.add(index, ir.Constant(_INT, 1))
        index.add_incoming(following, builder.block)
        for sum_line, total_line in zip(sums, totals, strict=True):
            for running, total in zip(sum_line, total_line, strict=True):
                running.add_incoming(total, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, k), loop, end)
        builder.position_at_end(end)
        wanted = builder.icmp_signed("!=", add, ir.Constant(_INT, 0))
        with builder.if_else(wanted) as (then, otherwise):
            with then:
                self._store(places, totals, add=True)
            with otherwise:
                self._store(places, totals, add=False)

    def _store(self, places: Any, totals: Any, add: bool) -> None:
        """Store the sums, or add them to what is there."""
        builder = self._builder
        for place_line, total_line in zip(places, totals, strict=True):
            for place, total in zip(place_line, total_line, strict=True):
                if add:
                    total = builder.fadd(builder.load(place, align=_FLOAT_BYTES), total)
                builder.store(total, place, align=_FLOAT_BYTES)

    def _step(self, rows: Any, b: Any, index: Any, sums: Any) -> Any:
        """Add the products of one index to the sums."""
        builder = self._builder
        row_bytes = _FLOAT_BYTES * LANES * len(self._vectors)
        line = builder.add(b, builder.mul(index, ir.Constant(_INT, row_bytes)))
        right = [builder.load(self._vector(line, v), align=_FLOAT_BYTES) for v in self._vectors]
        offset = builder.mul(index, ir.Constant(_INT, _FLOAT_BYTES))
        totals = []
        for row, running in zip(rows, sums, strict=True):
            address = builder.inttoptr(builder.add(row, offset), ir.PointerType(_FLOAT))
            left = self._spread(builder.load(address))
            pairs = zip(right, running, strict=True)
            totals.append([builder.call(self._multiply_add, [left, r, s]) for r, s in pairs])
        return totals

    def _spread(self, value: Any) -> Any:
        """Return a vector that holds a number in every lane."""
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        first = self._builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self._builder.shuffle_vector(first, undefined, lanes)

    def _phi(self, value: Any, block: Any) -> Any:
        phi = self._builder.phi(_VECTOR)
        phi.add_incoming(value, block)
        return phi

    def _offset(self, step: Any, row: int) -> Any:
        return self._builder.mul(step, ir.Constant(_INT, row * _FLOAT_BYTES))

    def _at(self, base: Any, step: Any, row: int, vector: int) -> Any:
        return self._vector(self._builder.add(base, self._offset(step, row)), vector)

    def _vector(self, base: Any, vector: int) -> Any:
        offset = ir.Constant(_INT, vector * LANES * _FLOAT_BYTES)
        return self._builder.inttoptr(self._builder.add(base, offset), ir.PointerType(_VECTOR))
