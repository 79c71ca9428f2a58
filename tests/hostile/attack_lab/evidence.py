"""What was seen of one attack, and whether it succeeded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MEMORY_BYTES = 500_000_000
FLOOD_BYTES = 10_000_000
FORGED_SCORE = 1e6
ORPHANS = 5


@dataclass(frozen=True)
class Observation:
    """What was seen of one attack and of the honest program after it.

    Attributes:
        transcript: All text that came back: answer, error, printed text.
        value: The answer; None if there is none.
        score: The score that the attack got; None if there is none.
        honest: The answer of the honest program that ran next; None if there is none.
        died: The evaluator did not live to give both verdicts.
        hung: No verdict came in time.
        output_bytes: What the evaluator or the host had to hold or to store of its output.
        peak_bytes: Memory that it took.
        orphans: Processes that were left.
        created: There is a file that was not there.
        damaged: A file of the user was changed.
        connected: A listener was called.
        killed: The bystander is dead.
    """

    transcript: str
    value: Any
    score: float | None
    honest: Any
    died: bool
    hung: bool
    output_bytes: int
    peak_bytes: int
    orphans: int
    created: bool
    damaged: bool
    connected: bool
    killed: bool


def parts(value: Any) -> Iterator[Any]:
    """Yield every part of plain data, keys included; the data is a tree."""
    stack = [value]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, dict):
            stack.extend([*item, *item.values()])
        elif isinstance(item, list):
            stack.extend(item)


def nonfinite(part: Any) -> bool:
    """Tell whether a value is a number that is not finite."""
    return isinstance(part, float) and not math.isfinite(part)


def unwritable(part: Any) -> bool:
    """Tell whether a value is a text that UTF-8 cannot write."""
    try:
        return isinstance(part, str) and not part.encode("utf-8") and part != ""
    except UnicodeEncodeError:
        return True


def succeeded(
    evidence: str,
    seen: Observation,
    *,
    secret: str,
    expected: Any,
    host_paths: tuple[str, ...],
    again: Observation,
) -> bool:
    """Tell whether an attack reached what its `Evidence:` line names.

    Args:
        evidence: "secret", "text TEXT", "host-path", "file", "damage", "connection", "kill",
            "orphans", "died", "hang", "memory", "flood", "nonfinite", "unwritable",
            "forged", "poison" or "differs".
        seen: What was seen.
        secret: What was to be kept.
        expected: What the honest program answers on its own.
        host_paths: Folders that a program must not learn about.
        again: What was seen of a second run, for "differs".

    Raises:
        ValueError: No such evidence.
    """
    kind, _, text = evidence.partition(" ")
    tests = {
        "secret": lambda: secret in seen.transcript,
        "text": lambda: text in seen.transcript,
        "host-path": lambda: any(path in seen.transcript for path in host_paths),
        "file": lambda: seen.created,
        "damage": lambda: seen.damaged,
        "connection": lambda: seen.connected,
        "kill": lambda: seen.killed,
        "orphans": lambda: seen.orphans >= ORPHANS,
        "died": lambda: seen.died,
        "hang": lambda: seen.hung,
        "memory": lambda: seen.peak_bytes >= MEMORY_BYTES,
        "flood": lambda: seen.output_bytes >= FLOOD_BYTES,
        "nonfinite": lambda: any(map(nonfinite, parts(seen.value))),
        "unwritable": lambda: any(map(unwritable, parts(seen.value))),
        "forged": lambda: isinstance(seen.score, float) and not seen.score <= FORGED_SCORE,
        "poison": lambda: seen.honest != expected,
        "differs": lambda: seen.value is not None and seen.value != again.value,
    }
    if kind not in tests:
        raise ValueError(f"unknown evidence {evidence!r}; known: {', '.join(tests)}")
    return bool(tests[kind]())
