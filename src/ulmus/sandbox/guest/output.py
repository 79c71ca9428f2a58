"""Keeps the head of what a program prints."""

from __future__ import annotations

import io


class Capture(io.TextIOBase):
    """A text stream that keeps its first characters and quietly drops the rest."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[str] = []

    def writable(self) -> bool:
        """Tell that one may write."""
        return True

    def write(self, text: str, /) -> int:
        """Keep as much of a text as still fits and claim to have written all of it."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._left > 0:
            self._parts.append(text[: self._left])
            self._left -= len(text)
        return len(text)

    def text(self) -> str:
        """Return what was kept."""
        return "".join(self._parts)
