"""Effects as messages, and what the search asks for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import ToyOperator, ToyProblem

from ulmus.effects import Effect, read_effect
from ulmus.grid import cell_of
from ulmus.records import Evaluation, Measure, Program, Proposal
from ulmus.search.aiming import Aim
from ulmus.search.archive import Archive, Elite
from ulmus.search.map_elites import MapElites
from ulmus.search.portfolio import Portfolio

AXES = (Measure("height", "u", 0.0, 12.0, 12), Measure("body mass", "", 0.0, 12.0, 12))


def at(height: int, mass: int) -> int:
    return cell_of(AXES, (height + 0.5, mass + 0.5))


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ((at(5, 5), 2.0), "Same shape, fitter."),
        ((at(6, 5), 0.5), "More height."),
        ((at(4, 9), 2.0), "Less height, much more body mass, fitter."),
        ((at(0, 3), 0.0), "Much less height, much less body mass."),
        ((at(5, 5), 1.0), "Same shape."),
    ],
)
def test_an_effect_in_words(after: tuple[int, float], message: str) -> None:
    assert Effect.of(AXES, (at(5, 5), 1.0), after).message(AXES) == message


@given(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), st.booleans())
def test_effects_can_be_read_back(moves: tuple[int, int], fitter: bool) -> None:
    effect = Effect(moves, fitter)
    assert read_effect(effect.message(AXES), AXES) == effect


@pytest.mark.parametrize("message", ["Changed make_walker function.", "More width.", "", "Fixed."])
def test_other_messages_are_no_effects(message: str) -> None:
    assert read_effect(message, AXES) is None


def archive(**fitness: float) -> Archive:
    """Cells such as h5m6 with the fitness of their champion."""
    made = Archive(AXES)
    for name, value in fitness.items():
        height, mass = map(int, name[1:].split("m"))
        made.put(at(height, mass), Elite(Program(name), value, (0.0, 0.0)))
    return made


ALL = {"More height.": 0.25, "More body mass.": 0.25, "Same shape, fitter.": 0.5}


def wishes(aim: Aim, archive: Archive, cell: int, fitness: float) -> set[str]:
    """What is asked for in most cases; an effect that is not drawn cannot be."""
    counts = Counter(aim.choose(archive, cell, fitness, random.Random(seed)) for seed in range(50))
    return {text for text, count in counts.items() if count > 25}


def test_an_empty_cell_is_asked_for_first() -> None:
    full = archive(h5m5=3.0, h6m5=1.0)
    assert wishes(Aim(ALL, AXES), full, at(5, 5), 3.0) == {"More body mass."}


def test_then_the_cell_that_the_parent_would_win_by_most() -> None:
    full = archive(h5m5=3.0, h6m5=1.0, h5m6=2.5)
    assert wishes(Aim(ALL, AXES), full, at(5, 5), 3.0) == {"More height."}


def test_where_nothing_can_be_won_the_same_shape_is_to_be_fitter() -> None:
    full = archive(h5m5=3.0, h6m5=9.0, h5m6=9.0)
    assert wishes(Aim(ALL, AXES), full, at(5, 5), 3.0) == {"Same shape, fitter."}


def test_nobody_is_asked_to_leave_the_map() -> None:
    edge = archive(h11m5=3.0, h11m6=9.0)
    assert wishes(Aim(ALL, AXES), edge, at(11, 5), 3.0) == {"Same shape, fitter."}


def test_messages_about_other_measures_are_left_out() -> None:
    assert not Aim({"More width.": 1.0}, AXES)
    assert Aim({"More width.": 0.9, "More height.": 0.1}, AXES)


class Listening(ToyOperator):
    """Writes down what it is asked for."""

    name = "listening"
    wishes = {"More size.": 0.5, "Same shape, fitter.": 0.5}  # noqa: RUF012

    def propose(
        self,
        parents: Sequence[Sequence[Program]],
        rngs: Sequence[random.Random],
        wishes: Sequence[str] | None = None,
    ) -> list[Proposal]:
        assert wishes is not None
        made = super().propose(parents, rngs)
        return [
            Proposal(p.operator, p.parents, p.program, note=wish)
            for p, wish in zip(made, wishes, strict=True)
        ]


def test_the_search_hands_out_wishes_to_those_who_want_some() -> None:
    problem = ToyProblem()
    names = {measure.name for measure in problem.measures}
    told = {f"More {name}.": 1.0 for name in sorted(names)}
    listening = Listening()
    listening.wishes = told
    both = Portfolio((ToyOperator(), listening), (0.5, 0.5))
    search = MapElites(problem.measures, both, problem.seeds(), seed=1, batch_size=16)
    first = search.ask()
    search.tell(first, [Evaluation(1.0, tuple(0.0 for _ in problem.measures))] * len(first.fresh))
    notes = {proposal.note for proposal in search.ask().proposals}
    assert notes & set(told)
    assert notes - set(told)  # the toy's own
