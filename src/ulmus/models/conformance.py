"""What every language model promises, as checks that raise AssertionError.

from ulmus.models.conformance import check_model
check_model(MyModel(), [Prompt("def f(x):", seed=1), ...])
"""

from __future__ import annotations

from collections.abc import Sequence

from ulmus.models.base import Model
from ulmus.records import Completion, Prompt, Sampling


def check_model(model: Model, prompts: Sequence[Prompt], *, repeatable: bool = True) -> None:
    """Check all promises.

    Args:
        model: The model to check.
        prompts: Prompts that it can answer, at least two.
        repeatable: True if equal prompts with equal seeds must get equal answers.
    """
    sampling = Sampling(max_tokens=32)
    assert isinstance(model, Model), "a member of the protocol is missing"
    assert model.name, "the name is empty"
    assert model.complete([], sampling) == [], "no prompts must give no completions"
    completions = model.complete(prompts, sampling)
    assert len(completions) == len(prompts), "one completion per prompt"
    for completion in completions:
        check_completion(completion)
    assert any(completion.error is None for completion in completions), "nothing was answered"
    if repeatable:
        check_repeatable(model, prompts, sampling)
    check_stop(model, prompts, completions)


def check_completion(completion: Completion) -> None:
    """Check one completion: text that can be stored, and an error that says something."""
    assert isinstance(completion.text, str)
    assert completion.num_tokens >= 0, "a negative number of tokens"
    assert completion.error is None or completion.error.strip(), "an error without words"


def check_repeatable(model: Model, prompts: Sequence[Prompt], sampling: Sampling) -> None:
    """Check that answers depend on prompt and seed only, not on the batch."""
    together = model.complete(prompts, sampling)
    alone = [model.complete([prompt], sampling)[0] for prompt in prompts]
    texts = [completion.text for completion in together]
    assert texts == [completion.text for completion in alone], "an answer depends on its batch"
    backwards = model.complete(list(reversed(prompts)), sampling)
    assert [c.text for c in reversed(backwards)] == texts, "an answer depends on the order"


def check_stop(model: Model, prompts: Sequence[Prompt], answered: Sequence[Completion]) -> None:
    """Check that an answer ends before a stop text."""
    longest = max((completion.text for completion in answered), key=len)
    if len(longest) < 3:
        return
    stop = longest[len(longest) // 2 :][:1]
    stopped = model.complete(prompts, Sampling(max_tokens=32, stop=(stop,)))
    assert not any(stop in completion.text for completion in stopped), "a stop text is in an answer"
