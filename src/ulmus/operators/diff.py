"""The operator that ulmus is for: a model that learned from commits proposes an edit.

The paper (arXiv 2206.08896, section "Diff models"): the model gets the whole program and a commit
message and completes the diff, which is applied. Departures: an edit is applied with tolerance
(see `ulmus.diffs.apply`), a child that is sure to fail is not sent to the sandbox
(`ulmus.operators.soundness`), and such a child may be drawn again, first from the line on where it
went wrong (`ulmus.operators.drafting`); all of it can be turned off.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ulmus.diffs import Edit, apply
from ulmus.diffs.indenting import fit_indentation
from ulmus.diffs.prompts import Layout
from ulmus.errors import EditFormatError
from ulmus.models.base import Model
from ulmus.operators.asking import ask
from ulmus.operators.drafting import EditCheck
from ulmus.operators.draws import weighted
from ulmus.operators.soundness import DOES_NOT_PARSE, fault
from ulmus.records import Completion, Program, Prompt, Proposal, Sampling

VERSION = 5
"""Goes up whenever the same parent, generator and answers give another child, or the search asks
for other children."""

Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]

PAPER_MESSAGES: Mapping[str, float] = {
    "Changed make_walker function.": 0.4,
    "Changed parameters in make_walker function.": 0.3,
    "Small change to make_walker function.": 0.3,
}
"""The three commit messages of the paper with their shares (arXiv 2206.08896, section 4)."""

FUNCTION = "{function}"
"""In a message: the name of a function of the parent, a random one."""

GENERAL_MESSAGES: Mapping[str, float] = {
    message.replace("make_walker", FUNCTION): share for message, share in PAPER_MESSAGES.items()
}
"""Those for programs that have no `make_walker`."""

GENERAL_MODEL = "commits-3m"
"""The model for programs that are no walkers: it ships, and learned from commits of all kinds."""

FORGED = "parent holds a marker of the prompt"
NO_ANSWER = "model gave no answer"
UNREADABLE = "answer is no edit"
UNCHANGED = "edit changes nothing"

_FUNCTION = re.compile(r"^[ \t]*(?:async )?def (\w+)", re.MULTILINE)

ATTEMPTS = 3
"""How often a model on this machine draws an edit for one child."""

NEW_ATTEMPTS = 2
"""How often it draws a child that the search has seen before."""


class DiffSettings(BaseModel):
    """How a diff model is asked.

    Attributes:
        model: Name of a model that ships with ulmus, or a folder.
        messages: Commit messages with their weights; "{function}" in one stands for the name of a
            function of the parent.
        temperature: 0 is greedy.
        top_p: Nucleus, in (0, 1].
        max_tokens: Longest edit, in tokens of the model.
        attempts: How often an edit is drawn until a child is not sure to fail, at least 1; None:
            `ATTEMPTS`, and once of a model on a server, where each answer may cost money.
        line_attempts: How often a line of an edit by line numbers is drawn until a child may begin
            so, by a model of a folder (`ulmus.models.drafts`); the last is kept as it is.
        new_attempts: How often a child is drawn until it is one that the search has not seen, at
            least 1; None: `NEW_ATTEMPTS`, and once of a model on a server.
        siblings: Children in a row that share a parent, so that the model reads it only once; the
            paper's replicas do the same.
        tolerant: Whether an edit that does not fit exactly is applied where it can only mean one
            place, and one whose child does not parse with the indentation of the place.
        check: Whether children that are sure to fail are refused before they are run, and the
            model is kept from naming lines that the parent does not have.
        form: Form of the edits; None for the one that the model was trained on.
        aim: Whether a model that learned what its edits do is asked for what the map lacks
            (`ulmus.search.aiming`) instead of by `messages`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: str = ""
    messages: dict[str, Weight] = Field(default_factory=lambda: dict(PAPER_MESSAGES), min_length=1)
    temperature: float = Field(default=0.8, ge=0, allow_inf_nan=False)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_tokens: int = Field(default=256, ge=1)
    attempts: int | None = Field(default=None, ge=1, le=100)
    line_attempts: int = Field(default=4, ge=1, le=100)
    new_attempts: int | None = Field(default=None, ge=1, le=100)
    siblings: int = Field(default=16, ge=1, le=100_000)
    tolerant: bool = True
    check: bool = True
    form: str | None = None
    aim: bool = True


class DiffOperator:
    """Proposes what a language model makes of a parent and a commit message."""

    arity = 1
    replayable = False

    def __init__(
        self,
        model: Model,
        layout: Layout,
        settings: DiffSettings | None = None,
        name: str = "diff",
        effects: Mapping[str, float] | None = None,
    ) -> None:
        """Set up.

        Args:
            model: Answers the prompts.
            layout: How parent, message and edit are written for this model.
            settings: How it is asked; its `model` and `form` have been acted upon.
            name: Name of the operator; several models at once need several names.
            effects: Messages with their shares that say what the model's edits do.
        """
        self.name = name
        self._effects = dict(effects or {})
        self._model = model
        self._layout = layout
        self._settings = settings or DiffSettings()
        self._sampling = Sampling(
            temperature=self._settings.temperature,
            top_p=self._settings.top_p,
            max_tokens=self._settings.max_tokens,
            stop=layout.stop,
        )
        self._attempts = self._settings.attempts or ATTEMPTS
        self._messages = list(self._settings.messages)
        self._weights = list(accumulate(self._settings.messages.values()))

    @property
    def siblings(self) -> int:
        """Children in a row that share a parent; see `Operator`."""
        return self._settings.siblings

    @property
    def new_attempts(self) -> int:
        """How often a child is drawn until it is a new one; see `Operator`."""
        return self._settings.new_attempts or NEW_ATTEMPTS

    @property
    def wishes(self) -> Mapping[str, float]:
        """What the model can be asked for; see `Operator`."""
        return self._effects if self._settings.aim else {}

    @property
    def identity(self) -> str:
        """Name, version, model, layout and every setting; part of a run's identity."""
        told = self._settings
        parts = {
            "model": self._model.name,
            "layout": f"{self._layout.style} {self._layout.form}",
            "messages": dict(told.messages),
            "temperature": told.temperature,
            "top_p": told.top_p,
            "max_tokens": told.max_tokens,
            "attempts": self._attempts,
            "siblings": told.siblings,
            "tolerant": told.tolerant,
            "check": told.check,
        }
        if told.line_attempts > 1:
            parts["line_attempts"] = told.line_attempts
        if self.new_attempts > 1:
            parts["new_attempts"] = self.new_attempts
        if self.wishes:
            parts["wishes"] = hashlib.sha256(repr(self._effects).encode()).hexdigest()[:12]
        return f"{self.name}/{VERSION} ({', '.join(f'{k}={v!r}' for k, v in parts.items())})"

    def prepare(self) -> None:
        """Let a model that has to be compiled do so once, before the workers ask it."""
        getattr(self._model, "prepare", lambda: None)()

    def with_messages(self, messages: Mapping[str, float]) -> DiffOperator:
        """Return the same operator with other commit messages, by weight."""
        settings = self._settings.model_copy(update={"messages": dict(messages)})
        return DiffOperator(self._model, self._layout, settings, self.name, self._effects)

    def propose(
        self,
        parents: Sequence[Sequence[Program]],
        rngs: Sequence[random.Random],
        wishes: Sequence[str] | None = None,
    ) -> list[Proposal]:
        """Return one proposal per parent, see `Operator.propose`.

        Each is asked for with its wish as commit message, or with one of the settings' messages.
        The note is the commit message, the answer what the model said last. Refusals are those
        of this module, of `ulmus.diffs.apply` and of `ulmus.operators.soundness`.

        Raises:
            ModelError: The model itself is out of reach or broken.
        """
        sources = [parent[0] for parent in parents]
        messages = wishes or [
            _about(source, self._messages[weighted(rng, self._weights)], rng)
            for source, rng in zip(sources, rngs, strict=True)
        ]

        def prompt(place: int) -> Prompt:
            source, again = sources[place].source, self._settings.line_attempts
            lines = self._layout.num_lines(source) if self._settings.check else None
            return Prompt(
                self._layout.prompt(source, messages[place]),
                rngs[place].getrandbits(64),
                lines,
                EditCheck(source, self._layout, again) if lines and again > 1 else None,
            )

        def read(place: int, completion: Completion) -> tuple[Proposal, bool]:
            proposal = self._read(sources[place], messages[place], completion)
            return proposal, proposal.program is not None

        places = [i for i, parent in enumerate(sources) if not self._layout.forged(parent.source)]
        proposals = ask(self._model, self._sampling, places, prompt, read, self._attempts)
        return [
            proposals.get(place)
            or Proposal(self.name, (parent.hash,), None, refusal=FORGED, note=messages[place])
            for place, parent in enumerate(sources)
        ]

    def _read(self, parent: Program, message: str, completion: Completion) -> Proposal:
        text, refusal = self._child(parent, completion)
        return Proposal(
            self.name,
            (parent.hash,),
            None if text is None else Program(text),
            refusal=refusal,
            note=message,
            answer=completion.text,
        )

    def _child(self, parent: Program, completion: Completion) -> tuple[str | None, str | None]:
        """Return the child's text, or None and the reason why there is none."""
        if completion.error is not None:
            return None, NO_ANSWER
        try:
            cut_off = completion.num_tokens >= self._settings.max_tokens
            edit = self._layout.read(completion.text, cut_off=cut_off)
        except EditFormatError:
            return None, UNREADABLE
        child, refusal = self._apply(parent, edit)
        if refusal == DOES_NOT_PARSE and self._settings.tolerant:
            mended, still = self._apply(parent, fit_indentation(parent.source, edit))
            if still is None:
                return mended, None
        return child, refusal

    def _apply(self, parent: Program, edit: Edit) -> tuple[str | None, str | None]:
        """Return the child's text, or None and the reason why there is none."""
        applied = apply(parent.source, edit, tolerant=self._settings.tolerant)
        if applied.text is None:
            return None, applied.reason
        if applied.text == parent.source:
            return None, UNCHANGED
        reason = fault(parent.source, applied.text) if self._settings.check else None
        return (None, reason) if reason else (applied.text, None)


def _about(parent: Program, message: str, rng: random.Random) -> str:
    """Return a message that names a function of the parent if it is to name one."""
    if FUNCTION not in message:
        return message
    return message.replace(FUNCTION, rng.choice(functions_in(parent.source) or ["main"]))


def functions_in(source: str) -> list[str]:
    """Return the names of the functions of a program, methods and inner ones too, in its order."""
    return _FUNCTION.findall(source)
