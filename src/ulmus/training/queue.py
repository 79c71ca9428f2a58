"""The best programs so far for each terrain, which the policy is taught again and again.

A policy gradient makes likelier what it meets often: a good program that it writes once in a
thousand times teaches it once, a fair one that it writes once in twenty teaches it every time.
So the best are kept and imitated besides (priority queue training, Abolafia et al. 2018, arXiv
1801.03526; section 3.1). The paper on evolution through large models has nothing like it;
`--queue 0` leaves it out.

Since judging a program costs next to nothing beside writing it, each one is judged on all terrains
and offered to the queue of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ulmus.training.rollouts import Rollouts


class Queue:
    """The best different programs for each terrain, the best first."""

    def __init__(self, terrains: Sequence[str], room: int):
        """Make an empty queue of at most `room` programs for each terrain."""
        self._room = room
        self._entries: dict[str, list[tuple[float, str]]] = {name: [] for name in terrains}

    def __len__(self) -> int:
        """Return the number of programs, over all terrains."""
        return sum(map(len, self._entries.values()))

    def offer(self, program: str, scores: Mapping[str, float | None]) -> None:
        """Keep a program for each terrain on which it is among the best.

        Args:
            program: Its text, by which programs are told apart.
            scores: By terrain; only those above 0 are kept. Of equals the first stays.
        """
        for name, entries in self._entries.items():
            score = scores.get(name) or 0.0
            if not score > 0 or any(text == program for _, text in entries):
                continue
            entries.append((score, program))
            entries.sort(key=lambda entry: -entry[0])
            del entries[self._room :]

    def batch(self, tokens_of: Callable[[str], list[int]], most: int) -> tuple[Tensor, Rollouts]:
        """Return the number of the terrain of each program, (programs,), and the programs.

        Args:
            tokens_of: What the policy has to say to write a program, the end included.
            most: Longest program in tokens; longer ones are left out.

        Returns:
            `log_probs` are 0: nothing says how likely the programs were when they were written.
        """
        pairs = [
            (place, tokens)
            for place, entries in enumerate(self._entries.values())
            for _, program in entries
            if len(tokens := tokens_of(program)) <= most
        ]
        lengths = [len(tokens) for _, tokens in pairs]
        matrix = torch.zeros(len(pairs), max(lengths, default=0), dtype=torch.long)
        for row, (_, tokens) in zip(matrix, pairs, strict=True):
            row[: len(tokens)] = torch.tensor(tokens)
        return torch.tensor([place for place, _ in pairs], dtype=torch.long), Rollouts(
            matrix,
            torch.zeros(matrix.shape),
            torch.tensor(lengths, dtype=torch.long),
            torch.ones(len(pairs), dtype=torch.bool),
        )

    def to_json(self) -> dict[str, Any]:
        """Return scores and programs by terrain, best first."""
        return {name: [list(entry) for entry in own] for name, own in self._entries.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `to_json` returned."""
        self._entries = {
            name: [(score, text) for score, text in state[name]] for name in self._entries
        }
