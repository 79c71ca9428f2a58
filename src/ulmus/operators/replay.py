"""The control of a learned operator: accepted edits pasted where their old lines occur.

A model that does no better than this has learned nothing useful. It is free, it knows nothing
beyond its list, and it works only on programs that share lines with those of the list.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from ulmus.diffs import apply, make, parse, render
from ulmus.diffs.edit import Edit
from ulmus.errors import ConfigError, EditFormatError
from ulmus.operators.draws import pick
from ulmus.records import Program, Proposal

DRAWS = 60
"""Edits that are drawn for one child until one fits; as in the pilot."""

_FORM = "search-replace"  # has no line numbers, and no more context than makes a place unique


class Replay:
    """Proposes what an accepted edit of another program makes of a parent."""

    name = "replay"
    arity = 1
    replayable = True

    def __init__(self, edits: Sequence[tuple[str, str]]) -> None:
        """Set up.

        Args:
            edits: Pairs of a program and its accepted child.

        Raises:
            ConfigError: There are none.
        """
        if not edits:
            raise ConfigError("replay needs at least one accepted edit")
        self._edits = list(edits)
        self._read: dict[int, tuple[Edit, frozenset[str]] | None] = {}

    @property
    def identity(self) -> str:
        """Name and a digest of the edits."""
        state = hashlib.sha256()
        for before, after in self._edits:
            state.update(f"{before}\0{after}\0".encode("utf-8", "surrogatepass"))
        return f"{self.name}/1 ({state.hexdigest()[:16]})"

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        """Return one child per parent, see `Operator.propose`; the refusal is "no edit fits"."""
        return [self._child(parent[0], rng) for parent, rng in zip(parents, rngs, strict=True)]

    def _child(self, parent: Program, rng: random.Random) -> Proposal:
        lines = frozenset(parent.source.split("\n"))
        for _ in range(DRAWS):
            index = pick(rng, range(len(self._edits)))
            ready = self._edit(index)
            if ready is None or not ready[1] <= lines:
                continue
            done = apply(parent.source, ready[0], tolerant=False)
            if done.text is not None and done.text != parent.source:
                note = f"edit {index}"
                return Proposal(self.name, (parent.hash,), Program(done.text), note=note)
        return Proposal(self.name, (parent.hash,), None, refusal="no edit fits")

    def _edit(self, index: int) -> tuple[Edit, frozenset[str]] | None:
        """Return an edit without line numbers and the lines that it needs, made at first use."""
        if index not in self._read:
            before, after = self._edits[index]
            try:
                edit = parse(render(make(before, after), _FORM, before), _FORM)
            except (EditFormatError, ValueError):
                self._read[index] = None
            else:
                needed = frozenset(line for hunk in edit.hunks for line in hunk.old)
                self._read[index] = (edit, needed)
        return self._read[index]
