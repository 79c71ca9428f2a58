"""Addressed randomness: every random choice has an address, and no generator is carried along.

A generator is derived from (run seed, purpose, batch, index). Nothing has to be saved: a resumed
run, a run with other workers and a replay of one single step all derive the same generator.
"""

from __future__ import annotations

import hashlib
import random


def derive(seed: int, purpose: str, batch: int, index: int) -> int:
    """Return the 64-bit number that belongs to an address.

    Args:
        seed: The seed of the run, any integer.
        purpose: What the number is for, such as "parent"; separates streams.
        batch: Batch of the search, from 0.
        index: Position within the batch, from 0.

    Returns:
        An integer in [0, 2**64): the head of SHA-256 over the address.
    """
    text = f"{seed}/{purpose}/{batch}/{index}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


def generator(seed: int, purpose: str, batch: int, index: int) -> random.Random:
    """Return a fresh generator for an address; equal addresses give equal streams."""
    return random.Random(derive(seed, purpose, batch, index))
