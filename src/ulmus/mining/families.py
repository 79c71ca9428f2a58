"""Families of repositories and the split: what is trained on never comes near what is tested on.

A family is what shares a first commit, an owner, or more than 1 % of its file pairs (forks, and
histories that were rewritten). Some families are fixed (docs/mining.md): small libraries
that resemble evolved programs for validation, and a mixed lot for the test; the others go by the
hash of the family.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MIN_SHARED = 0.01

VALIDATION = frozenset({
    "more-itertools/more-itertools", "pytoolz/toolz", "mahmoud/boltons", "keon/algorithms",
    "cool-rr/pysnooper", "grantjenks/python-sortedcontainers", "lark-parser/lark",
    "pyparsing/pyparsing", "viblo/pymunk",
})  # fmt: skip
TEST = frozenset({
    "hynek/structlog", "python-attrs/attrs", "encode/httpx", "encode/starlette",
    "farama-foundation/gymnasium", "openai/gym", "projectmesa/mesa", "tornadoweb/tornado",
})  # fmt: skip
NUM_TEST_OF_100, NUM_VALIDATION_OF_100 = 1, 1


@dataclass(frozen=True)
class Kin:
    """What tells relatives apart.

    Attributes:
        repo: "OWNER/NAME".
        roots: Object ids of the first commits, sorted.
        pairs: Hashes of (old file, new file) of all commits looked at.
    """

    repo: str
    roots: Sequence[str]
    pairs: frozenset[int]


@dataclass(frozen=True)
class Family:
    """Where a repository belongs; `id` is the object id of a first commit."""

    id: str
    split: str


def families(kin: Sequence[Kin]) -> dict[str, Family]:
    """Return the family of each repository."""
    kin = sorted(kin, key=lambda one: one.repo)
    leader = {one.repo: one.repo for one in kin}

    def top(repo: str) -> str:
        while leader[repo] != repo:
            repo = leader[repo]
        return repo

    for index, one in enumerate(kin):
        for other in kin[:index]:
            if _related(one, other):
                first, second = sorted((top(one.repo), top(other.repo)))
                leader[second] = first
    members: dict[str, list[Kin]] = {}
    for one in kin:
        members.setdefault(top(one.repo), []).append(one)
    found: dict[str, Family] = {}
    for group in members.values():
        family = _family(group)
        found |= {one.repo: family for one in group}
    return found


def _related(one: Kin, other: Kin) -> bool:
    if _owner(one.repo) == _owner(other.repo) or set(one.roots) & set(other.roots):
        return True
    smaller = min(len(one.pairs), len(other.pairs))
    return smaller > 0 and len(one.pairs & other.pairs) > MIN_SHARED * smaller


def _owner(repo: str) -> str:
    owner = repo.partition("/")[0].lower()
    return owner if owner != "local" else repo  # no owner is known of those


def _family(group: Sequence[Kin]) -> Family:
    names = {one.repo.lower() for one in group}
    roots = [one.roots[0] for one in group if one.roots]
    id = roots[0] if roots else hashlib.sha256(group[0].repo.encode()).hexdigest()[:40]
    if names & TEST:
        return Family(id, "test")
    if names & VALIDATION:
        return Family(id, "val")
    place = int(hashlib.sha256(id.encode()).hexdigest(), 16) % 100
    if place < NUM_TEST_OF_100:
        return Family(id, "test")
    return Family(id, "val" if place < NUM_TEST_OF_100 + NUM_VALIDATION_OF_100 else "train")


def repositories_of(found: Mapping[str, Family]) -> dict[str, list[str]]:
    """Return the repositories of each family, sorted."""
    groups: dict[str, list[str]] = {}
    for repo in sorted(found):
        groups.setdefault(found[repo].id, []).append(repo)
    return groups
