"""Asking a model again as long as its answers come to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ulmus.models.base import Model
from ulmus.records import Completion, Prompt, Proposal, Sampling


def ask(
    model: Model,
    sampling: Sampling,
    places: Iterable[int],
    prompt: Callable[[int], Prompt],
    read: Callable[[int, Completion], tuple[Proposal, bool]],
    attempts: int,
) -> dict[int, Proposal]:
    """Return what a model proposes for each place, the last answer if none was good.

    Args:
        model: Is asked for all places at once, then again for those without a good answer.
        sampling: How it is to answer.
        places: What there is to ask for.
        prompt: Makes the prompt of a place; a second one must have another seed.
        read: Makes a proposal of the answer for a place, and tells whether it is good.
        attempts: Most answers per place, at least 1.

    Raises:
        ModelError: The model itself is out of reach or broken.
    """
    proposals: dict[int, Proposal] = {}
    waiting = list(places)
    for _ in range(attempts):
        if not waiting:
            break
        completions = model.complete([prompt(place) for place in waiting], sampling)
        still = []
        for place, completion in zip(waiting, completions, strict=True):
            proposals[place], good = read(place, completion)
            if not good:
                still.append(place)
        waiting = still
    return proposals
