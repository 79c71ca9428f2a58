"""Nothing may dominate: caps on subjects, repositories, families and string edits; test weight.

What goes first is decided by the id of a sample, so the same samples stay whatever the order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ulmus.mining.funnel import Funnel
from ulmus.mining.sample import Sample

MAX_SAME_SUBJECT = 5
MAX_OF_REPOSITORY = {"ytdl-org/youtube-dl": 500}
MAX_STRINGS_SHARE = 0.05
MAX_TEST_WEIGHT = 0.15
"""Caps, see docs/mining.md."""


def without_frequent_subjects(samples: Sequence[Sample], funnel: Funnel) -> list[Sample]:
    """Keep the first five of each subject."""
    seen: Counter[str] = Counter()
    kept = []
    for sample in samples:
        subject = sample.message.lower()
        seen[subject] += 1
        if seen[subject] <= MAX_SAME_SUBJECT:
            kept.append(sample)
    funnel.keep("subject", len(kept))
    funnel.lose("subject", "more than five times", len(samples) - len(kept))
    return kept


def capped(samples: Sequence[Sample], cap: float, funnel: Funnel) -> list[Sample]:
    """Cap repositories, and in training families and edits of nothing but strings.

    Shares are those of what is kept. With fewer families than 2 / cap, each may have twice its
    equal share.
    """
    kept = list(samples)
    for repo, limit in MAX_OF_REPOSITORY.items():
        of_it = {sample.id for sample in kept if sample.repo.lower() == repo}
        kept = _cap(kept, of_it, limit, funnel, "repository")
    share = max(cap, 2 / max(1, len(_by_family(kept))))
    before = -1
    while len(kept) != before:  # what one cap drops makes the shares of the others larger
        before = len(kept)
        families = _by_family(kept)
        limit = math.ceil(share * sum(map(len, families.values())))
        for _, of_it in sorted(families.items()):
            kept = _cap(kept, of_it, limit, funnel, "family")
        train = [sample for sample in kept if sample.split == "train"]
        of_it = {sample.id for sample in train if sample.strings_only}
        limit = math.ceil(MAX_STRINGS_SHARE * len(train))
        kept = _cap(kept, of_it, limit, funnel, "string edits")
    funnel.keep("cap", len(kept))
    return kept


def _by_family(samples: Sequence[Sample]) -> dict[str, set[str]]:
    """Return the ids of the training samples of each family."""
    families: dict[str, set[str]] = {}
    for sample in samples:
        if sample.split == "train":
            families.setdefault(sample.family, set()).add(sample.id)
    return families


def _cap(
    samples: list[Sample], ids: set[str], limit: int, funnel: Funnel, reason: str
) -> list[Sample]:
    """Drop those with the highest of these ids, down to the limit."""
    if len(ids) <= limit:
        return samples
    dropped = set(sorted(ids)[limit:])
    funnel.lose("cap", reason, len(dropped))
    return [sample for sample in samples if sample.id not in dropped]


def weighted(samples: Sequence[Sample]) -> list[Sample]:
    """Give test files in training such a weight that together they count 15 % at most."""
    train = [sample for sample in samples if sample.split == "train"]
    num_tests = sum(sample.is_test for sample in train)
    most = MAX_TEST_WEIGHT / (1 - MAX_TEST_WEIGHT) * (len(train) - num_tests)
    weight = round(min(1.0, most / num_tests), 4) if num_tests and most else 1.0
    return [
        replace(sample, weight=weight) if sample.is_test and sample.split == "train" else sample
        for sample in samples
    ]
