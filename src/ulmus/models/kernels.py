"""The compiled parts of the decoder: products, attention over pages, rotation, norm.

Every row is computed on its own, in an order that depends on that row alone: its result is the
same bits in every batch, at every place and for every number of threads.

Shapes: R rows (tokens that are computed together), H heads, E heads of keys and values
("grouped heads": H / E heads share one), D numbers per head, L layers, P pages of `PAGE` tokens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import numpy as np

from ulmus import machine_code
from ulmus.models import tiles
from ulmus.models.tiles import LANES, make_tile

PAGE = 32
"""Tokens of one page of the cache; also the width of the blocks of its products."""

PANEL = 3 * LANES
"""Outputs of a layer that are computed together: 4 rows by 3 vectors fill 12 of 16 registers (of 32
with AVX-512)."""

ROWS = 4
"""Rows that are computed together; their number is padded to a multiple of it."""

CHAIN = 192
"""Products that are added up one by one. Longer sums are sums of such chains: what each addition
rounds away grows with the sum that it is added to."""

FLOORS = (1e-3, 1e-5, 0.0)
"""Weights, that of the most likely token being 1; what lies below the first floor above which there
is enough for the nucleus is never sorted."""

Array = np.ndarray[Any, np.dtype[Any]]

kept = machine_code.kept(Path(__file__), Path(tiles.__file__))

_wide = make_tile(ROWS, PANEL // LANES)
_one = make_tile(1, PAGE // LANES)
_two = make_tile(2, PAGE // LANES)
_three = make_tile(3, PAGE // LANES)


@kept
def linear(start: int, stop: int, x: Array, panels: Array, out: Array) -> None:
    """Multiply rows with a weight matrix, panels `start` to `stop` of it.

    Args:
        start: First panel.
        stop: End of the panels.
        x: (R, K) float32, R a multiple of `ROWS`.
        panels: (N / PANEL, K, PANEL) float32, see `ulmus.models.weights.pack`.
        out: (R, N) float32, gets the result.
    """
    rows, inner = x.shape
    outer = out.shape[1]
    for panel in range(start, stop):
        weights = panels.ctypes.data + panel * inner * PANEL * 4
        for row in range(0, rows, ROWS):
            into = out.ctypes.data + (row * outer + panel * PANEL) * 4
            for first in range(0, inner, CHAIN):
                left = x.ctypes.data + (row * inner + first) * 4
                right = weights + first * PANEL * 4
                _wide(left, inner, right, into, outer, min(CHAIN, inner - first), first)


@numba.njit(nogil=True)
def _block(rows: int, a: int, a_step: int, b: int, c: int, c_step: int, k: int, add: int) -> None:
    """Compute a block of any number of rows by `PAGE` columns."""
    done = 0
    while done < rows:
        left = rows - done
        x = a + done * a_step * 4
        y = c + done * c_step * 4
        if left >= 3:
            _three(x, a_step, b, y, c_step, k, add)
            done += 3
        elif left == 2:
            _two(x, a_step, b, y, c_step, k, add)
            done += 2
        else:
            _one(x, a_step, b, y, c_step, k, add)
            done += 1


@numba.njit(nogil=True)
def _same_page(tables: Array, positions: Array, page: int, row: int, stop: int) -> int:
    """Return the end of the rows from `row` on that share a page and see all of it."""
    end = row + 1
    if positions[row] + 1 < (page + 1) * PAGE:
        return end
    while (
        end < stop
        and tables[end, page] == tables[row, page]
        and positions[end] + 1 >= (page + 1) * PAGE
    ):
        end += 1
    return end


@numba.njit(nogil=True, error_model="numpy")
def exponential(x: Any) -> Any:
    """Return e ** x for x <= 88, within 2 units of the last place.

    As in the Cephes library (expf): x = n ln 2 + r, a polynomial for e ** r, n added to the
    exponent's bits. Below -87 the result stays at e ** -87.
    """
    x = max(x, np.float32(-87.0))
    n = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    r = x - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    p = p * r * r + r + np.float32(1.0)
    return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


@numba.njit(nogil=True, fastmath={"nnan", "nsz", "reassoc"})
def _top(x: Array) -> Any:
    top = x[0]
    for i in range(len(x)):
        top = max(top, x[i])
    return top


@numba.njit(nogil=True, fastmath={"reassoc"})
def _sum(x: Array) -> Any:
    total = np.float32(0.0)
    for i in range(len(x)):
        total += x[i]
    return total


@numba.njit(nogil=True, fastmath={"reassoc"})
def _squares(x: Array) -> Any:
    total = np.float32(0.0)
    for i in range(len(x)):
        total += x[i] * x[i]
    return total


@kept
def score(
    start: int,
    stop: int,
    queries: Array,
    keys: Array,
    layer: int,
    tables: Array,
    positions: Array,
    shares: Array,
) -> None:
    """Compare queries with the keys up to their own position: e ** (score - largest score).

    Args:
        start: First row.
        stop: End of the rows.
        queries: (E, R, H / E, D) float32, rotated and scaled.
        keys: (P, L, E, D, PAGE) float32.
        layer: Index of the layer.
        tables: (R, T / PAGE) int32, pages of each row in order.
        positions: (R,) int32, place of the row in its text.
        shares: (E, R, H / E, T) float32, gets the exponentials; arbitrary after the position.
    """
    layers = keys.shape[1]
    groups, rows, heads, size = queries.shape
    length = shares.shape[3]
    for group in range(groups):
        for page in range(tables.shape[1]):
            row = start
            while row < stop:
                if positions[row] < page * PAGE:
                    row += 1
                    continue
                end = _same_page(tables, positions, page, row, stop)
                first = (group * rows + row) * heads
                x = queries.ctypes.data + first * size * 4
                at = ((tables[row, page] * layers + layer) * groups + group) * size * PAGE
                y = shares.ctypes.data + (first * length + page * PAGE) * 4
                b = keys.ctypes.data + at * 4
                _block((end - row) * heads, x, size, b, y, length, size, 0)
                row = end
        for row in range(start, stop):
            for head in range(heads):
                line = shares[group, row, head, : positions[row] + 1]
                top = _top(line)
                for i in range(len(line)):
                    line[i] = exponential(line[i] - top)


@kept
def mix(
    start: int,
    stop: int,
    shares: Array,
    values: Array,
    layer: int,
    tables: Array,
    positions: Array,
    sums: Array,
    out: Array,
) -> None:
    """Average the values by their shares.

    Args:
        start: First row.
        stop: End of the rows.
        shares: (E, R, H / E, T) float32, not normalised.
        values: (P, L, E, W / PAGE, PAGE, PAGE) float32: blocks of tokens by columns; W is D
            rounded up to a multiple of `PAGE`.
        layer: Index of the layer.
        tables: (R, T / PAGE) int32, pages of each row in order.
        positions: (R,) int32, place of the row in its text.
        sums: (E, R, H / E, W) float32, for passing results.
        out: (R, H * W) float32, gets the averages.
    """
    layers, blocks = values.shape[1], values.shape[3]
    groups, rows, heads, length = shares.shape
    wide = blocks * PAGE
    for group in range(groups):
        for page in range(tables.shape[1]):
            row = start
            while row < stop:
                if positions[row] < page * PAGE:
                    row += 1
                    continue
                end = _same_page(tables, positions, page, row, stop)
                here = min(PAGE, positions[row] + 1 - page * PAGE)
                first = (group * rows + row) * heads
                x = shares.ctypes.data + (first * length + page * PAGE) * 4
                at = ((tables[row, page] * layers + layer) * groups + group) * wide * PAGE
                for block in range(blocks):
                    b = values.ctypes.data + (at + block * PAGE * PAGE) * 4
                    y = sums.ctypes.data + (first * wide + block * PAGE) * 4
                    _block((end - row) * heads, x, length, b, y, wide, here, page)
                row = end
        for row in range(start, stop):
            for head in range(heads):
                total = _sum(shares[group, row, head, : positions[row] + 1])
                factor = np.float32(1.0) / total
                at = (group * heads + head) * wide
                for i in range(wide):
                    out[row, at + i] = sums[group, row, head, i] * factor


@kept
def rotate(
    mixed: Array,
    turns: Array,
    scale: float,
    layer: int,
    tables: Array,
    positions: Array,
    queries: Array,
    keys: Array,
    values: Array,
) -> None:
    """Rotate queries and keys by their position, scale the queries, store keys and values.

    Rotary embedding as in the Llama models: number i of a head turns together with number
    i + D / 2.

    Args:
        mixed: (R, >= (H + 2 E) * D) float32: queries, keys, values.
        turns: (positions, 2, D / 2) float32: cosines, sines.
        scale: Factor of the queries.
        layer: Index of the layer.
        tables: (R, T / PAGE) int32, pages of each row in order.
        positions: (R,) int32, place of the row in its text.
        queries: (E, R, H / E, D) float32, gets the queries.
        keys: (P, L, E, D, PAGE) float32, gets the keys.
        values: (P, L, E, W / PAGE, PAGE, PAGE) float32, gets the values.
    """
    groups, rows, heads, size = queries.shape
    half = size // 2
    factor = np.float32(scale)
    for row in range(rows):
        place = positions[row]
        page, slot = tables[row, place // PAGE], place % PAGE
        cosines, sines = turns[place, 0], turns[place, 1]
        at = 0
        for group in range(groups):
            for head in range(heads):
                low, high = mixed[row, at : at + half], mixed[row, at + half : at + size]
                turned = queries[group, row, head]
                for i in range(half):
                    turned[i] = (low[i] * cosines[i] - high[i] * sines[i]) * factor
                    turned[half + i] = (high[i] * cosines[i] + low[i] * sines[i]) * factor
                at += size
        for group in range(groups):
            low, high = mixed[row, at : at + half], mixed[row, at + half : at + size]
            into = keys[page, layer, group]
            for i in range(half):
                into[i, slot] = low[i] * cosines[i] - high[i] * sines[i]
                into[half + i, slot] = high[i] * cosines[i] + low[i] * sines[i]
            at += size
        for group in range(groups):
            for i in range(size):
                values[page, layer, group, i // PAGE, slot, i % PAGE] = mixed[row, at + i]
            at += size


@kept
def gate(start: int, stop: int, opened: Array, out: Array) -> None:
    """Compute content * gate / (1 + e ** -gate): SwiGLU (Shazeer 2020, section 2).

    Args:
        start: First row.
        stop: End of the rows.
        opened: (R, >= 2 K) float32: gates, contents.
        out: (R, K) float32, gets the result.
    """
    size = out.shape[1]
    for row in range(start, stop):
        gates, contents, into = opened[row, :size], opened[row, size : 2 * size], out[row]
        for i in range(size):
            below = exponential(min(-gates[i], np.float32(87.0)))
            into[i] = contents[i] * gates[i] / (np.float32(1.0) + below)


@kept
def pick(
    logits: Array, inverse: float, top_p: float, share: float, weights: Array, chosen: Array
) -> int:
    """Draw a token from the nucleus (Holtzman et al. 2020, section 3.1).

    Args:
        logits: (vocabulary,) float32; the largest one is finite.
        inverse: One over the temperature.
        top_p: Share of all weights that the nucleus reaches at least, in (0, 1].
        share: Where in the nucleus the token lies, in [0, 1), the most likely one first.
        weights: (vocabulary,) float32, for passing results.
        chosen: (vocabulary,) int32, for passing results.

    Returns:
        The token. Of equally likely ones the smaller comes first.
    """
    top, factor = _top(logits), np.float32(inverse)
    for i in range(len(logits)):
        weights[i] = exponential((logits[i] - top) * factor)
    wanted = top_p * _sum(weights)
    for floor in FLOORS:
        count, above = 0, 0.0
        for i in range(len(logits)):
            if weights[i] > floor:
                chosen[count] = i
                above += weights[i]
                count += 1
        if above >= wanted:
            break
    order = np.argsort(-weights[chosen[:count]], kind="mergesort")
    ends = np.empty(count, np.float64)
    size, running = 0, 0.0
    while size < count and running < wanted:
        running += weights[chosen[order[size]]]
        ends[size] = running
        size += 1
    place = 0
    while place < size - 1 and ends[place] <= share * running:
        place += 1
    return int(chosen[order[place]])


@kept
def normalise(x: Array, weight: Array, epsilon: float, out: Array) -> None:
    """Divide each row by its root mean square and multiply with the weights (RMSNorm).

    Args:
        x: (R, K) float32.
        weight: (K,) float32.
        epsilon: Added to the mean square.
        out: (R, K) float32, gets the result.
    """
    rows, size = x.shape
    for row in range(rows):
        line = x[row]
        factor = np.float32(1.0 / np.sqrt(_squares(line) / size + epsilon))
        for column in range(size):
            out[row, column] = line[column] * factor * weight[column]
