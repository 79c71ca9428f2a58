"""The compiled parts of the decoder: products, attention over pages, rotation, norm.

Every row is computed on its own, in an order that depends on that row alone: its result is the
same bits in every batch, at every place and for every number of threads.

Shapes: R rows (tokens that are computed together), H heads, E heads of keys and values
("grouped heads": H / E heads share one), D numbers per head, L layers, P pages of `PAGE` tokens.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ulmus.models.compiled import kept
from ulmus.models.tiles import make_tile

PAGE = 32
"""Tokens of one page of the cache; also the width of the blocks of its products."""

PANEL = 24
"""Outputs of a layer that are computed together: 4 rows by 3 vectors fill 12 of 16 registers."""

ROWS = 4
"""Rows that are computed together; their number is padded to a multiple of it."""

Array = np.ndarray[Any, np.dtype[Any]]

_wide = make_tile(ROWS, PANEL // 8)
_one = make_tile(1, PAGE // 8)
_two = make_tile(2, PAGE // 8)
_three = make_tile(3, PAGE // 8)


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
            _wide(x.ctypes.data + row * inner * 4, inner, weights, into, outer, inner, 0)


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


@kept
def score(
    start: int,
    stop: int,
    queries: Array,
    keys: Array,
    layer: int,
    tables: Array,
    positions: Array,
    scores: Array,
) -> None:
    """Compare queries with the keys up to their own position; the largest becomes 0.

    Args:
        start: First row.
        stop: End of the rows.
        queries: (R, >= H * D) float32, rotated and scaled; the first H * D columns count.
        keys: (P, L, E, D, PAGE) float32.
        layer: Index of the layer.
        tables: (R, T / PAGE) int32, pages of each row in order.
        positions: (R,) int32, place of the row in its text.
        scores: (R, H, T) float32, gets the scores, minus infinity after the position.
    """
    _, layers, groups, size, _ = keys.shape
    width = queries.shape[1]
    heads, length = scores.shape[1], scores.shape[2]
    share = heads // groups
    for group in range(groups):
        for row in range(start, stop):
            num_keys = positions[row] + 1
            first = group * share
            x = queries.ctypes.data + (row * width + first * size) * 4
            y = scores.ctypes.data + (row * heads + first) * length * 4
            for page in range((num_keys + PAGE - 1) // PAGE):
                at = ((tables[row, page] * layers + layer) * groups + group) * size * PAGE
                into = y + page * PAGE * 4
                _block(share, x, size, keys.ctypes.data + at * 4, into, length, size, 0)
            for head in range(first, first + share):
                top = scores[row, head, 0]
                for key in range(num_keys):
                    top = max(top, scores[row, head, key])
                for key in range(num_keys):
                    scores[row, head, key] -= top
                for key in range(num_keys, length):
                    scores[row, head, key] = -np.inf


@kept
def mix(
    start: int,
    stop: int,
    shares: Array,
    values: Array,
    layer: int,
    tables: Array,
    positions: Array,
    out: Array,
) -> None:
    """Average the values by their shares.

    Args:
        start: First row.
        stop: End of the rows.
        shares: (R, H, T) float32, exponentials of the scores, 0 after the position.
        values: (P, L, E, W / PAGE, PAGE, PAGE) float32: blocks of tokens by columns; W is D
            rounded up to a multiple of `PAGE`.
        layer: Index of the layer.
        tables: (R, T / PAGE) int32, pages of each row in order.
        positions: (R,) int32, place of the row in its text.
        out: (R, H * W) float32, gets the averages.
    """
    _, layers, groups, blocks, _, _ = values.shape
    heads, length = shares.shape[1], shares.shape[2]
    share = heads // groups
    wide = blocks * PAGE
    for group in range(groups):
        for row in range(start, stop):
            num_keys = positions[row] + 1
            first = group * share
            x = shares.ctypes.data + (row * heads + first) * length * 4
            y = out.ctypes.data + (row * heads + first) * wide * 4
            for page in range((num_keys + PAGE - 1) // PAGE):
                here = min(PAGE, num_keys - page * PAGE)
                at = ((tables[row, page] * layers + layer) * groups + group) * wide * PAGE
                for block in range(blocks):
                    b = values.ctypes.data + (at + block * PAGE * PAGE) * 4
                    into = y + block * PAGE * 4
                    _block(share, x + page * PAGE * 4, length, b, into, wide, here, page)
            for head in range(first, first + share):
                total = np.zeros(8, np.float32)
                for key in range(0, num_keys, 8):  # the length is a multiple of 8, zeros follow
                    for lane in range(8):
                        total[lane] += shares[row, head, key + lane]
                factor = np.float32(1.0) / total.sum()
                for column in range(head * wide, (head + 1) * wide):
                    out[row, column] *= factor


@kept
def rotate(
    mixed: Array,
    turns: Array,
    scale: float,
    heads: int,
    layer: int,
    tables: Array,
    positions: Array,
    keys: Array,
    values: Array,
) -> None:
    """Rotate queries and keys by their position, scale the queries, store keys and values.

    Rotary embedding as in the Llama models: number i of a head turns together with number
    i + D / 2.

    Args:
        mixed: (R, >= (H + 2 E) * D) float32: queries, keys, values; the queries are changed.
        turns: (positions, 2, D / 2) float32: cosines, sines.
        scale: Factor of the queries.
        heads: H.
        layer: Index of the layer.
        tables: (R, T / PAGE) int32, pages of each row in order.
        positions: (R,) int32, place of the row in its text.
        keys: (P, L, E, D, PAGE) float32, gets the keys.
        values: (P, L, E, W / PAGE, PAGE, PAGE) float32, gets the values.
    """
    groups, size = keys.shape[2], keys.shape[3]
    half = size // 2
    for row in range(mixed.shape[0]):
        place = positions[row]
        page, slot = tables[row, place // PAGE], place % PAGE
        for head in range(heads):
            for i in range(half):
                at = head * size + i
                cosine, sine = turns[place, 0, i], turns[place, 1, i]
                low, high = mixed[row, at], mixed[row, at + half]
                mixed[row, at] = (low * cosine - high * sine) * scale
                mixed[row, at + half] = (high * cosine + low * sine) * scale
        for group in range(groups):
            for i in range(half):
                at = (heads + group) * size + i
                cosine, sine = turns[place, 0, i], turns[place, 1, i]
                low, high = mixed[row, at], mixed[row, at + half]
                keys[page, layer, group, i, slot] = low * cosine - high * sine
                keys[page, layer, group, i + half, slot] = high * cosine + low * sine
            for i in range(size):
                value = mixed[row, (heads + groups + group) * size + i]
                values[page, layer, group, i // PAGE, slot, i % PAGE] = value


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
        total = np.zeros(8, np.float32)
        whole = size - size % 8
        for column in range(0, whole, 8):
            for lane in range(8):
                total[lane] += x[row, column + lane] * x[row, column + lane]
        square = total.sum()
        for column in range(whole, size):
            square += x[row, column] * x[row, column]
        factor = np.float32(1.0 / np.sqrt(square / size + epsilon))
        for column in range(size):
            out[row, column] = x[row, column] * factor * weight[column]
