"""The operator that looks at no parent: a model of programs writes one from nothing.

It is how the paper's stage 2 samples its models (arXiv 2206.08896, section 4.2): a thousand samples
in a fresh map. Departures: the paper does not state its sampling; a text in which the model never
came to an end is refused and not run; in a mixture with other operators the samples are new blood.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from ulmus.errors import ConfigError
from ulmus.models.base import Model
from ulmus.operators.asking import ask
from ulmus.operators.drafting import ProgramCheck
from ulmus.operators.soundness import fault
from ulmus.properties import MARK, without_properties
from ulmus.records import Completion, Program, Prompt, Proposal, Sampling

if TYPE_CHECKING:
    from ulmus.models.inventing import Inventing

VERSION = 1
"""Goes up whenever the same generator and answers give another program."""

NO_ANSWER = "model gave no answer"
NO_END = "model came to no end"
NOT_TEXT = "answer is no valid Unicode"


class SampleSettings(BaseModel):
    """How a model of programs is asked.

    Attributes:
        model: A model folder, or a name of `ulmus models list`.
        temperature: 0 is greedy; 1 is the distribution that the model learned.
        top_p: Nucleus, in (0, 1].
        max_tokens: Longest program, in tokens of the model; None: as long as in its training.
        attempts: How often a program is drawn until it is not sure to fail (see
            `ulmus.operators.soundness`); the last is run as it is. With 1, what is run is what the
            model learned to write, faults included.
        line_attempts: How often a line is drawn until a Python program may begin so, by a model of
            a folder (`ulmus.operators.drafting`); the last is kept as it is.
        new_attempts: How often a program is drawn until it is none of the data set `known`; the
            last is kept, but none that is sure to fail instead of one that is not.
        known: Folder of a data set, that which the model learned; needed by `new_attempts` above 1.
        siblings: Programs that a worker has written at a time.
        terrain: What programs are asked for, of a model of stage 3; empty for others.
        orders: Comments with properties that are asked for, one of them for each program
            (`ulmus.properties`), of a model that was taught them before the program.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: str = ""
    temperature: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    attempts: int = Field(default=1, ge=1, le=100)
    line_attempts: int = Field(default=1, ge=1, le=100)
    new_attempts: int = Field(default=1, ge=1, le=100)
    known: str = ""
    siblings: int = Field(default=32, ge=1, le=100_000)
    terrain: str = ""
    orders: list[str] = Field(default_factory=list)


class SampleOperator:
    """Proposes what a model of programs writes."""

    arity = 0
    replayable = False

    def __init__(
        self,
        model: Model,
        told: Inventing,
        settings: SampleSettings | None = None,
        name: str = "sample",
        known: AbstractSet[str] = frozenset(),
    ) -> None:
        """Set up.

        Args:
            model: Continues the prompt.
            told: How it was taught.
            settings: How it is asked; its `model`, `known` and `terrain` have been acted upon.
            name: Name of the operator; several models at once need several names.
            known: Hashes of the programs that are drawn again, see `SampleSettings.new_attempts`.

        Raises:
            ConfigError: Properties are ordered of a model that was not taught to heed them.
        """
        self.name = name
        self._model = model
        self._told = told
        self._settings = settings or SampleSettings()
        self._orders = self._settings.orders or [""]
        self._prompts = [prompt_for(told, order) for order in self._orders]
        self._sampling = sampling_for(told, self._settings)
        self._known = known

    @property
    def siblings(self) -> int:
        """Programs that a worker has written at a time; see `Operator`."""
        return self._settings.siblings

    @property
    def identity(self) -> str:
        """Name, version, model, prompt and every setting; part of a run's identity."""
        told = self._settings
        asked = repr((self._prompts, self._told.end, self._told.properties))
        parts = {
            "model": self._model.name,
            "prompt": hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:12],
            "temperature": told.temperature,
            "top_p": told.top_p,
            "max_tokens": self._sampling.max_tokens,
            "attempts": told.attempts,
        }
        if told.line_attempts > 1:
            parts["line_attempts"] = told.line_attempts
        if told.new_attempts > 1:
            known = hashlib.sha256(" ".join(sorted(self._known)).encode()).hexdigest()[:12]
            parts |= {"new_attempts": told.new_attempts, "known": known}
        return f"{self.name}/{VERSION} ({', '.join(f'{k}={v!r}' for k, v in parts.items())})"

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        """Return one program per entry of `parents`, which are empty; see `Operator.propose`.

        The note is what was ordered, the answer what the model said. Refusals are those of this
        module.

        Raises:
            ModelError: The model itself is out of reach or broken.
        """
        told = self._settings
        places = [int(rng.random() * len(self._prompts)) for rng in rngs]
        draws = [0] * len(rngs)
        sound: dict[int, Proposal] = {}

        def prompt(entry: int) -> Prompt:
            seed = rngs[entry].getrandbits(64)
            return draft_prompt(self._told, self._prompts[places[entry]], seed, told.line_attempts)

        def read(entry: int, completion: Completion) -> tuple[Proposal, bool]:
            proposal = self._read(places[entry], completion)
            draws[entry] += 1
            made = proposal.program
            if made is not None and fault("", made.source) is None:
                sound[entry] = proposal
                if made.hash not in self._known:
                    return proposal, True
            enough = told.new_attempts if entry in sound else told.attempts
            return sound.get(entry, proposal), draws[entry] >= enough

        attempts = max(told.attempts, told.new_attempts)
        proposals = ask(self._model, self._sampling, range(len(rngs)), prompt, read, attempts)
        return [proposals[entry] for entry in range(len(rngs))]

    def _read(self, place: int, completion: Completion) -> Proposal:
        prompt = self._prompts[place]
        text, refusal = read_program(self._told, prompt, completion, self._sampling.max_tokens)
        return Proposal(
            self.name,
            (),
            None if text is None else Program(text),
            refusal=refusal,
            note=self._orders[place],
            answer=completion.text,
        )


def sampling_for(told: Inventing, settings: SampleSettings) -> Sampling:
    """Return how a model of programs is to answer."""
    return Sampling(
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_tokens=settings.max_tokens or told.max_tokens,
        stop=(told.end,) if told.end else (),
    )


def prompt_for(told: Inventing, order: str = "") -> str:
    """Return what a model is asked to continue.

    Args:
        told: How it was taught.
        order: Comment with the properties that are asked for; it takes the place of one with
            which the model's own prompt begins.

    Raises:
        ConfigError: Properties are ordered of a model that was not taught to heed them.
    """
    if not order:
        return told.start + told.prompt
    if told.properties != "before":
        raise ConfigError(
            "this model was not taught to write to order: it takes one whose data set has "
            f"properties before the program, and this one has properties {told.properties!r}"
        )
    rest = told.prompt
    if rest.startswith(MARK.rstrip()):
        rest = rest.partition("\n")[2]
    return f"{told.start}{order}\n{rest}"


def draft_prompt(told: Inventing, text: str, seed: int, line_attempts: int) -> Prompt:
    """Return a prompt whose answer goes on with the program in it.

    Args:
        told: How the model was taught.
        text: What it is asked to continue.
        seed: Of the answer.
        line_attempts: See `SampleSettings`.
    """
    program = text.removeprefix(told.start)
    check = ProgramCheck(program, line_attempts) if line_attempts > 1 else None
    return Prompt(text, seed, check=check)


def read_program(
    told: Inventing, prompt: str, completion: Completion, max_tokens: int
) -> tuple[str | None, str | None]:
    """Return the program in an answer, or None and the reason why there is none.

    Args:
        told: How the model was taught.
        prompt: What it was asked to continue.
        completion: What it answered.
        max_tokens: Longest answer that it was allowed.
    """
    if completion.error is not None and not completion.text:
        return None, NO_ANSWER
    if completion.error is not None or completion.num_tokens >= max_tokens:
        return None, NO_END
    text = f"{prompt.removeprefix(told.start)}{completion.text}"
    if "\ufffd" in completion.text:
        return None, NOT_TEXT
    return without_properties(text, told.properties), None
