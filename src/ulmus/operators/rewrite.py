"""A program written anew by any language model that continues text: the prompted baseline.

Section 5 of the ELM paper (arXiv 2206.08896) prompts plain code models like this: a comment that
announces a version with bugs, the code, a comment that announces the version in which they are
fixed, and a bare `def` to go on from. The paper's words are not stated in full; these are ours:

    # A version of the program with bugs:
    <the program>

    # Fixed bugs.
    # The same program without bugs:
    def

With another message (see `with_messages`) the two comments speak of an old and a new version. What
stands before the first function, such as imports, is kept from the parent; from the answer as many
functions and classes are taken as the parent has, and a cut-off rest is dropped.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import isfinite

from ulmus.diffs.parsing import parse
from ulmus.errors import ConfigError
from ulmus.models.base import Model
from ulmus.operators.draws import weighted
from ulmus.operators.positions import MAX_PARENT_CHARS, Text
from ulmus.records import Completion, Program, Prompt, Proposal, Sampling

VERSION = 1
"""Goes up whenever the same parent, message and answer give another prompt or child."""

FIXED_BUGS = "Fixed bugs."
SAMPLING = Sampling(
    temperature=0.8,
    top_p=0.95,
    max_tokens=512,
    stop=("\n#", "\n```", "\nif __name__", "\nprint(", "<|endoftext|>"),
)
"""The paper does not state its sampling; the stop texts are what follows a finished function."""

NO_FUNCTION = "parent has no function"
NO_ANSWER = "model gave no answer"
NO_PROGRAM = "answer is no program"

_PARTS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HEADS = ("def ", "async def ", "class ", "@")


class Rewrite:
    """Proposes what a language model writes when it is told to write the parent anew."""

    name = "rewrite"
    arity = 1
    replayable = False

    def __init__(
        self,
        model: Model,
        messages: Mapping[str, float] | None = None,
        sampling: Sampling = SAMPLING,
    ) -> None:
        """Set up.

        Args:
            model: Continues the prompts.
            messages: Commit messages with their weights; "Fixed bugs." if not given.
            sampling: How the model is to answer.

        Raises:
            ConfigError: No message, or a weight that is not positive.
        """
        told = dict(messages) if messages is not None else {FIXED_BUGS: 1.0}
        if not told or not all(isfinite(weight) and weight > 0 for weight in told.values()):
            raise ConfigError(f"the messages need positive weights, not {told}")
        self._model = model
        self._messages = told
        self._sampling = sampling
        self._texts = list(told)
        self._weights = list(accumulate(told.values()))

    @property
    def identity(self) -> str:
        """Name, version, model, messages and sampling; part of a run's identity."""
        return f"{self.name}/{VERSION} ({self._model.name}, {self._messages}, {self._sampling})"

    def with_messages(self, messages: Mapping[str, float]) -> Rewrite:
        """Return the same operator with other messages, by weight.

        Raises:
            ConfigError: See above.
        """
        return Rewrite(self._model, messages, self._sampling)

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        """Return one child per parent, see `Operator.propose`.

        Refusals are "parent does not parse", "parent is too long", "parent has no function",
        "model gave no answer" and "answer is no program".

        Raises:
            ModelError: The model itself is out of reach or broken.
        """
        messages = [self._texts[weighted(rng, self._weights)] for rng in rngs]
        seeds = [int(rng.random() * 2**53) for rng in rngs]
        programs = [pair[0] for pair in parents]
        refusals = [_refusal(program.source) for program in programs]
        open_places = [place for place, refusal in enumerate(refusals) if refusal is None]
        prompts = [
            Prompt(prompt_text(programs[place].source, messages[place]), seeds[place])
            for place in open_places
        ]
        answers = dict(zip(open_places, self._complete(prompts), strict=True))
        return [
            self._proposal(program, messages[place], answers.get(place), refusals[place])
            for place, program in enumerate(programs)
        ]

    def _complete(self, prompts: list[Prompt]) -> list[Completion]:
        return self._model.complete(prompts, self._sampling) if prompts else []

    def _proposal(
        self, parent: Program, message: str, answer: Completion | None, refusal: str | None
    ) -> Proposal:
        origin = (parent.hash,)
        if answer is None:
            return Proposal(self.name, origin, None, refusal=refusal, note=message)
        if answer.error is not None:
            return Proposal(self.name, origin, None, NO_ANSWER, message, answer.text)
        child = read(parent.source, answer.text)
        if child is None:
            return Proposal(self.name, origin, None, NO_PROGRAM, message, answer.text)
        return Proposal(self.name, origin, Program(child), None, message, answer.text)


def prompt_text(source: str, message: str) -> str:
    """Return what the model is asked to continue; it ends with a bare `def`."""
    plain = " ".join(message.split())
    if plain == FIXED_BUGS:
        first, second = "A version of the program with bugs:", "The same program without bugs:"
    else:
        first, second = "The old version of the program:", "The new version of the program:"
    return f"# {first}\n{source.rstrip()}\n\n# {plain}\n# {second}\n{_preamble(source)}def"


def read(source: str, answer: str) -> str | None:
    """Return the program that an answer means.

    Args:
        source: The parent.
        answer: What the model wrote after `def`.

    Returns:
        The text, which parses; None if there is no function in the answer.
    """
    lines = ("def" + answer.split("\n```")[0].rstrip()).split("\n")
    while lines:
        body = "\n".join(lines)
        tree = parse(body) if len(body) <= MAX_PARENT_CHARS else None
        if tree is not None and any(isinstance(node, _PARTS) for node in tree.body):
            return _preamble(source) + _first_parts(body, tree, _num_parts(source)) + "\n"
        lines = lines[: _last_head(lines)]  # the last part is cut off or wrong: do without it
    return None


def _first_parts(body: str, tree: ast.Module, count: int) -> str:
    """Return the text up to the end of so many functions and classes."""
    parts = [node for node in tree.body if isinstance(node, _PARTS)]
    if len(parts) < count:
        return body
    end = parts[count - 1].end_lineno
    assert end is not None
    return body[: Text(body).starts[end]].rstrip("\r\n")


def _last_head(lines: Sequence[str]) -> int:
    """Return the position of the last line at which a function or class begins."""
    return max((k for k, line in enumerate(lines) if line.startswith(_HEADS)), default=0)


def _num_parts(source: str) -> int:
    """Return the number of functions and classes from the first function on, at least 1."""
    tree = parse(source)
    parts = [node for node in tree.body if isinstance(node, _PARTS)] if tree is not None else []
    ahead = next((k for k, node in enumerate(parts) if isinstance(node, ast.FunctionDef)), 0)
    return max(1, len(parts) - ahead)


def _preamble(source: str) -> str:
    """Return the text before the `def` of the first function."""
    tree = parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    return source[: Text(source).starts[functions[0].lineno - 1]] if functions else ""


def _refusal(source: str) -> str | None:
    if len(source) > MAX_PARENT_CHARS:
        return "parent is too long"
    tree = parse(source)
    if tree is None:
        return "parent does not parse"
    if not any(isinstance(node, ast.FunctionDef) for node in tree.body):
        return NO_FUNCTION
    return None
