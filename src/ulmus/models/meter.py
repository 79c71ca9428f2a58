"""Counts what this process has asked of models on servers, whichever object asked."""

from __future__ import annotations

from threading import Lock

from ulmus.records import NO_USAGE, Usage

_lock = Lock()
_total = NO_USAGE


def count(usage: Usage) -> None:
    """Add what was asked and answered."""
    global _total
    with _lock:
        _total += usage


def counted() -> Usage:
    """Return the sum since the process began."""
    return _total
