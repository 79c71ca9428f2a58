"""What is mined and how: everything that can change a byte of the result, and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from ulmus import __version__
from ulmus.errors import ConfigError

LEVELS = ("func", "method", "mini")
REFS = ("HEAD", "all")
REVISION = 5
"""Raised with every change of the miner that can change its output: parts of before are stale."""

HOLD_OUT_FROM = 1_735_689_600
"""Commits from 2025-01-01 UTC on are flagged as the time hold-out (docs/mining.md)."""


@dataclass(frozen=True)
class RepositorySpec:
    """One repository to mine.

    Attributes:
        path: Work tree or git directory.
        name: "OWNER/NAME", or None to take it from the path or the `origin` URL.
        licence: SPDX identifier that somebody vouches for, or None.
    """

    path: Path
    name: str | None = None
    licence: str | None = None


@dataclass(frozen=True)
class Options:
    """Settings of one mining run.

    Attributes:
        levels: Which units become samples, a subset of `LEVELS`.
        max_tokens: Longest before + message + unified diff with numbers, in tokens.
        refs: "HEAD", or "all" for branches, tags and pull requests too.
        since: First commit time taken, UTC seconds, or None.
        until: First commit time not taken, UTC seconds, or None.
        multi: Take commits that touch two to four non-test Python files as well.
        cap: Largest share of one family in the training samples, in (0, 1].
        tokenizer: A `tokenizer.json` to count with, or None for the approximation.
    """

    levels: tuple[str, ...] = LEVELS
    max_tokens: int = 512
    refs: str = "HEAD"
    since: int | None = None
    until: int | None = None
    multi: bool = False
    cap: float = 0.05
    tokenizer: Path | None = None

    def __post_init__(self) -> None:
        strange = [level for level in self.levels if level not in LEVELS]
        if strange or not self.levels:
            raise ConfigError(f"levels must be among {', '.join(LEVELS)}; got {self.levels}")
        if self.refs not in REFS:
            raise ConfigError(f"refs must be HEAD or all; got {self.refs!r}")
        if not 0 < self.cap <= 1:
            raise ConfigError(f"cap must lie in (0, 1]; got {self.cap}")
        if self.max_tokens < 32:
            raise ConfigError(f"max_tokens must be at least 32; got {self.max_tokens}")

    @property
    def tokenizer_id(self) -> str:
        """Return what the token counts were made with: "approximate" or a hash of the file."""
        if self.tokenizer is None:
            return "approximate"
        try:
            return "sha256:" + hashlib.sha256(self.tokenizer.read_bytes()).hexdigest()[:16]
        except OSError as error:
            raise ConfigError(f"cannot read {self.tokenizer}: {error.strerror}") from error

    def plain(self) -> dict[str, object]:
        """Return the settings as plain data, with the tokenizer by content, not by path."""
        return {**dataclasses.asdict(self), "levels": list(self.levels),
                "tokenizer": self.tokenizer_id}  # fmt: skip

    @property
    def miner(self) -> str:
        """Return the identity of miner and settings, as each sample carries it."""
        return f"ulmus {__version__} r{REVISION} {digest(self.plain())[:12]}"


def digest(value: object) -> str:
    """Return SHA-256 over the canonical JSON of plain data and the Python that parses for us."""
    python = list(sys.version_info[:2])
    text = json.dumps([REVISION, python, value], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
