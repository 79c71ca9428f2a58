"""Reads the attacks: one file each, described by its own docstring.

The docstring names what the attack tries (first line), what counts as its success (`Evidence:`)
and with which statuses the sandbox may answer (`Sandbox:`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
ATTACKS = FOLDER / "attacks"
HONEST = FOLDER / "honest" / "honest.py"
GUEST_MODULE = FOLDER / "honest" / "walk_creator.py"
EXPECTED = FOLDER / "honest" / "expected.json"
README = FOLDER / "README.md"


@dataclass(frozen=True)
class Attack:
    """One hostile program.

    Attributes:
        name: File name without its ending; the part before the first "_" is its group.
        source: Text of the program.
        tries: What it tries, one sentence.
        evidence: What shows that it succeeded, see `evidence.succeeded`.
        statuses: How a sandbox may answer.
    """

    name: str
    source: str
    tries: str
    evidence: str
    statuses: frozenset[str]

    @property
    def group(self) -> str:
        """Return what the attack is aimed at."""
        return self.name.split("_")[0]


def read_attack(path: Path) -> Attack:
    """Read one attack and its description.

    Raises:
        ValueError: The docstring lacks a line or has one too many.
    """
    source = path.read_text(encoding="utf-8")
    tries, *lines = (ast.get_docstring(ast.parse(source)) or "").splitlines()
    fields = dict(line.split(": ", 1) for line in lines if line.strip())
    if not tries.strip() or set(fields) != {"Evidence", "Sandbox"}:
        raise ValueError(f"{path.name}: expected a sentence, `Evidence:` and `Sandbox:`")
    statuses = frozenset(fields["Sandbox"].split(", "))
    return Attack(path.stem, source, tries, fields["Evidence"], statuses)


def read_attacks() -> list[Attack]:
    """Read all attacks, sorted by name."""
    return [read_attack(path) for path in sorted(ATTACKS.glob("*.py"))]


def table(attacks: list[Attack]) -> str:
    """Return the attacks as a Markdown table, the way it stands in the README."""
    rows = [
        "| attack | tries to | success would show as | the sandbox answers |",
        "|---|---|---|---|",
    ]
    for attack in attacks:
        tries = attack.tries.rstrip(".").replace("|", "\\|")
        answers = ", ".join(sorted(attack.statuses))
        rows.append(f"| `{attack.name}` | {tries} | {attack.evidence} | {answers} |")
    return "\n".join(rows)
