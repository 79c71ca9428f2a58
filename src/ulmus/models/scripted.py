"""A model whose answers are written beforehand, for tests and examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from ulmus.errors import ConfigError
from ulmus.records import Completion, Prompt, Sampling

Answers = Sequence[str] | Mapping[str, str] | Callable[[Prompt], str]


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """Return the part of a text before the first of the stop texts."""
    ends = [position for position in (text.find(word) for word in stop if word) if position >= 0]
    return text[: min(ends)] if ends else text


class ScriptedModel:
    """Answers from a list, a table or a function.

    A list is addressed by the prompt's seed, modulo its length, so that an answer depends on
    the prompt alone and a batch can be cut anywhere. A table is addressed by the prompt's text;
    a prompt that it lacks gets a completion with an error.
    """

    def __init__(self, answers: Answers, name: str = "") -> None:
        """Set up.

        Args:
            answers: The answers.
            name: Name of the model; "scripted:" and a digest of the answers if empty.

        Raises:
            ConfigError: The list is empty, or the answers are a single text.
        """
        if isinstance(answers, str):
            raise ConfigError("scripted answers must be a list, a table or a function, not a text")
        if not callable(answers) and not isinstance(answers, Mapping) and not answers:
            raise ConfigError("a scripted model needs at least one answer")
        self._answers = answers
        self._name = name or f"scripted:{_digest(answers)}"

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._name

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Return the answers, cut at the stop texts; one token per word."""
        return [self._complete(prompt, sampling) for prompt in prompts]

    def _complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        answer = self._answer(prompt)
        if answer is None:
            return Completion("", error="the script has no answer to this prompt")
        text = cut_at_stop(answer, sampling.stop)
        return Completion(text, num_tokens=len(text.split()))

    def _answer(self, prompt: Prompt) -> str | None:
        if isinstance(self._answers, Mapping):
            return self._answers.get(prompt.text)
        if callable(self._answers):
            return self._answers(prompt)
        return self._answers[prompt.seed % len(self._answers)]


def _digest(answers: Answers) -> str:
    if callable(answers):
        return getattr(answers, "__qualname__", type(answers).__name__)
    items = sorted(answers.items()) if isinstance(answers, Mapping) else list(answers)
    return sha256(repr(items).encode("utf-8", "backslashreplace")).hexdigest()[:12]
