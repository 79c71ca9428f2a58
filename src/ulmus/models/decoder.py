"""A Llama decoder on the CPU: tokens in, logits out, float32, one cache for all texts.

Each row (one token of one text) is computed on its own by the kernels, so what a text gets does
not depend on what is computed beside it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ulmus.models import kernels
from ulmus.models.architecture import Architecture
from ulmus.models.kernels import PAGE, PANEL, ROWS
from ulmus.models.pages import SPARE, Pages
from ulmus.models.weights import Layer, Weights, padded_head

Array = np.ndarray[Any, np.dtype[Any]]

MOST_ROWS = 64
"""Rows that are computed together at most; more gain nothing (measured: 77 against 76 GFLOPS)."""


class Crew:
    """Cuts the work of a kernel into ranges, one per thread."""

    def __init__(self, threads: int) -> None:
        """Set up; one thread is the caller's."""
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "ulmus-decoder") if threads > 1 else None

    def run(self, kernel: Callable[..., Any], count: int, *arguments: Any) -> None:
        """Call a kernel with ranges that together cover 0 to count."""
        if self._pool is None or count < 2:
            kernel(0, count, *arguments)
            return
        ends = [count * part // self._threads for part in range(self._threads + 1)]
        ranges = [pair for pair in itertools.pairwise(ends) if pair[0] < pair[1]]
        others = [self._pool.submit(kernel, *pair, *arguments) for pair in ranges[1:]]
        kernel(*ranges[0], *arguments)
        for other in others:
            other.result()


class Decoder:
    """Computes logits; `pages` holds the keys and values of all texts.

    Not for use by two threads at a time.
    """

    def __init__(
        self, shape: Architecture, weights: Weights, *, threads: int, remembered_bytes: int
    ) -> None:
        """Set up.

        Args:
            shape: The model.
            weights: Its weights.
            threads: Threads that compute; the result is the same for any number.
            remembered_bytes: Most memory for the cache of prompts.
        """
        self.shape = shape
        self.pages = Pages(shape, remembered_bytes)
        self._weights = weights
        self._crew = Crew(threads)
        self._turns = rotations(shape)
        self._buffers: dict[str, Array] = {}

    def run(self, tokens: Array, positions: Array, tables: Array, wanted: Array) -> Array:
        """Compute rows and store their keys and values in the pages.

        Args:
            tokens: (R,) int32, R at most `MOST_ROWS`.
            positions: (R,) int32, place of each token in its text.
            tables: (R, T) int32, pages of the text of each row in order.
            wanted: (W,) int, the rows whose logits are wanted.

        Returns:
            (W, vocabulary) float32, valid until the next call.
        """
        padding = -len(tokens) % ROWS
        tokens = np.pad(tokens, (0, padding))
        positions = np.pad(positions, (0, padding)).astype(np.int32)
        tables = np.pad(tables, ((0, padding), (0, 0)), constant_values=SPARE).astype(np.int32)
        x = self._weights.embed(tokens)
        with np.errstate(all="ignore"):  # whoever draws from the logits looks for NaN
            for index, layer in enumerate(self._weights.layers):
                self._attend(x, layer, index, tables, positions)
                self._feed(x, layer)
            return self._logits(x, wanted) if len(wanted) else np.empty((0, self.shape.vocabulary))

    def logits(self, tokens: Array) -> Array:
        """Return the logits after each token of a text, (n,) int32 to (n, vocabulary) float32."""
        pages = [self.pages.take() for _ in range(-(-len(tokens) // PAGE))]
        table = np.array([pages], np.int32)
        parts = []
        for first in range(0, len(tokens), MOST_ROWS):
            places = np.arange(first, min(first + MOST_ROWS, len(tokens)), dtype=np.int32)
            tables = np.repeat(table, len(places), 0)
            result = self.run(tokens[places], places, tables, np.arange(len(places)))
            parts.append(result.copy())
        for page in pages:
            self.pages.release(page)
        return np.concatenate(parts)

    def _attend(self, x: Array, layer: Layer, index: int, tables: Array, positions: Array) -> None:
        shape, rows = self.shape, len(x)
        keys, values = self.pages.keys, self.pages.values
        place = (index, tables, positions)
        size = (shape.groups, rows, shape.heads // shape.groups)
        mixed = self._linear("mixed", self._norm(x, layer.attention_norm), layer.mixing)
        queries = self._buffer("queries", *size, shape.head_width)
        scale = shape.head_width**-0.5
        kernels.rotate(mixed, self._turns, scale, *place, queries, keys, values)
        shares = self._buffer("shares", *size, tables.shape[1] * PAGE)
        self._crew.run(kernels.score, rows, queries, keys, *place, shares)
        sums = self._buffer("sums", *size, padded_head(shape))
        merged = self._buffer("merged", rows, shape.heads * padded_head(shape))
        self._crew.run(kernels.mix, rows, shares, values, *place, sums, merged)
        x += self._linear("back", merged, layer.merging)[:, : shape.width]

    def _feed(self, x: Array, layer: Layer) -> None:
        opened = self._linear("opened", self._norm(x, layer.feed_norm), layer.opening)
        gated = self._buffer("gated", len(x), self.shape.inner_width)
        self._crew.run(kernels.gate, len(x), opened, gated)
        x += self._linear("back", gated, layer.closing)[:, : self.shape.width]

    def _logits(self, x: Array, wanted: Array) -> Array:
        rows = np.zeros((len(wanted) + -len(wanted) % ROWS, x.shape[1]), np.float32)
        rows[: len(wanted)] = x[wanted]
        logits = self._linear(
            "logits", self._norm(rows, self._weights.final_norm), self._weights.head
        )
        return logits[: len(wanted), : self.shape.vocabulary]

    def _norm(self, x: Array, weight: Array) -> Array:
        out = self._buffer("normal", *x.shape)
        kernels.normalise(x, weight, self.shape.epsilon, out)
        return out

    def _linear(self, name: str, x: Array, panels: Array) -> Array:
        out = self._buffer(name, len(x), len(panels) * PANEL)
        self._crew.run(kernels.linear, len(panels), x, panels, out)
        return out

    def _buffer(self, name: str, *size: int) -> Array:
        """Return an array for a passing result; its content is the last one's."""
        count = math.prod(size)
        flat = self._buffers.get(name)
        if flat is None or flat.size < count:
            flat = self._buffers[name] = np.empty(count, np.float32)
        return flat[:count].reshape(size)


def rotations(shape: Architecture) -> Array:
    """Return the cosines and sines of the rotary embedding, (context, 2, head_width / 2) float32.

    Angle of pair i at position p: p / theta ** (2 i / head_width) (Su et al. 2021, section 3.2.2),
    in float32 as the models were trained with.
    """
    pairs = np.arange(0, shape.head_width, 2, dtype=np.float32) / np.float32(shape.head_width)
    speeds = (1.0 / np.float32(shape.rope_theta) ** pairs).astype(np.float32)
    angles = np.outer(np.arange(shape.context, dtype=np.float32), speeds)
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
