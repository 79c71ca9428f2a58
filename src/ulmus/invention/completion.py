"""Half programs completed: the best of many completions against the original."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ulmus import experiment as root
from ulmus.catalogue import make_problem, make_sandbox
from ulmus.errors import ConfigError
from ulmus.evaluate import Evaluator
from ulmus.models.base import Model
from ulmus.models.inventing import Inventing, read_inventing
from ulmus.models.shelf import find_model, open_model
from ulmus.operators.sample import SampleSettings, draft_prompt, read_program, sampling_for
from ulmus.problems.base import Problem
from ulmus.properties import comment
from ulmus.records import Completion, Evaluation, Program, Prompt, Sampling
from ulmus.seeding import derive
from ulmus.training.programs import SEED_OPTION
from ulmus.workers import local_executor


@dataclass(frozen=True)
class Completed:
    """What a model made of the first half of a program.

    Attributes:
        program: Name or file of the program.
        samples: Completions.
        valid: Share of them that ran and got a fitness.
        same: How many have the text of the original.
        original: Fitness of the original.
        best: Highest fitness of a completion, 0 if none is valid.
    """

    program: str
    samples: int
    valid: float
    same: int
    original: float
    best: float

    @property
    def percent(self) -> float:
        """Fitness of the best completion in per cent of the original's."""
        return 100.0 * self.best / self.original


def first_half(source: str) -> str:
    """Return the first half of a program: half of its lines, empty ones counted, rounded down."""
    lines = source.splitlines(keepends=True)
    return "".join(lines[: len(lines) // 2])


def complete(
    model: str,
    programs: Sequence[str],
    count: int,
    *,
    settings: SampleSettings,
    options: Mapping[str, Any],
    seed: int = 0,
    workers: int = 0,
    sandbox: str = "wasm",
    observe: Callable[[Completed], None] = lambda completed: None,
) -> list[Completed]:
    """Let a model complete the first halves of programs; see `first_half`.

    Args:
        model: Name or folder of the model.
        programs: Names of built-in programs of the problem, or Python files.
        count: Completions of each.
        settings: How the model is asked; `model` and `orders` do not count.
        options: Of the problem, instead of those that the model was taught for.
        seed: Of the answers.
        workers: Worker processes; does not change the result.
        sandbox: Name of the sandbox tier.
        observe: Is told what became of each program.

    Raises:
        ConfigError, ModelError, ProgramFileError: No such model or program, or one that is not
            valid itself.
    """
    told = read_inventing(find_model(model))
    opened, _ = open_model(model)
    sampling = sampling_for(told, settings)
    options = {**told.problem_options, **options}
    problem, tier = make_problem(told.problem, options), make_sandbox(sandbox)
    sources = [
        make_problem(told.problem, {**options, SEED_OPTION: program}).seeds()[0]
        for program in programs
    ]
    root.prepare(problem, tier)
    evaluator = Evaluator(problem, tier, partial(local_executor, workers))
    results = []
    try:
        originals = _evaluate(evaluator, sources)
        for name, source, original in zip(programs, sources, originals, strict=True):
            if original.fitness is None or original.fitness <= 0:
                raise ConfigError(
                    f"{name} has no fitness to compare with ({original.reason or original.fitness})"
                )
            prompt = _half_prompt(told, problem, source, original)
            seeds = [derive(seed, f"complete {name}", 0, k) for k in range(count)]
            again = settings.line_attempts
            prompts = [draft_prompt(told, prompt, one, again) for one in seeds]
            answers = _answers(evaluator, opened, prompts, sampling, settings.siblings)
            texts = [read_program(told, prompt, one, sampling.max_tokens)[0] for one in answers]
            children = [Program(text) for text in texts if text is not None]
            results.append(_completed(evaluator, name, source, original, children, count))
            observe(results[-1])
    finally:
        evaluator.close(wait=sys.exc_info()[0] is None)
    return results


def _half_prompt(told: Inventing, problem: Problem, source: Program, judged: Evaluation) -> str:
    """Return the half as the model saw programs: behind its mark, and its properties if need be."""
    if told.properties != "before":
        return told.start + first_half(source.source)
    assert judged.fitness is not None  # the caller has looked
    order = comment(problem.measures, judged.fitness, judged.measures)
    return f"{told.start}{order}\n{first_half(source.source)}"


def _answers(
    evaluator: Evaluator, model: Model, prompts: Sequence[Prompt], sampling: Sampling, together: int
) -> list[Completion]:
    """Let the workers answer prompts, so many at a time."""
    parts = [prompts[at : at + together] for at in range(0, len(prompts), together)]
    answered = evaluator.call_all(model.complete, [(part, sampling) for part in parts])
    return [completion for part in answered for completion in part]


def _completed(
    evaluator: Evaluator,
    name: str,
    source: Program,
    original: Evaluation,
    children: Sequence[Program],
    count: int,
) -> Completed:
    distinct = list(dict.fromkeys(children))
    judged = dict(zip(distinct, _evaluate(evaluator, distinct), strict=True))
    found = [judged[child].fitness for child in children]
    fitness = [value for value in found if value is not None]
    same = sum(child == source for child in children)
    assert original.fitness is not None  # the caller has looked
    best = max(fitness, default=0.0)
    return Completed(name, count, len(fitness) / count, same, original.fitness, best)


def _evaluate(evaluator: Evaluator, programs: Sequence[Program]) -> Sequence[Evaluation]:
    return evaluator.finish(evaluator.start(programs)).evaluations
