"""A child that was there before is drawn again, the same way however a batch is cut."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from toys import ToyProblem

from ulmus.records import Evaluation, Program, Proposal
from ulmus.search.copies import drawn_anew
from ulmus.search.map_elites import MapElites
from ulmus.search.portfolio import Portfolio


def proposal(text: str) -> Proposal:
    """A proposal of a program, or of none for an empty text."""
    program = Program(text) if text else None
    return Proposal("toy", (), program, refusal=None if program else "nothing")


def texts(proposals: Sequence[Proposal]) -> list[str]:
    return [one.program.source if one.program else "" for one in proposals]


def draws_of(table: Sequence[Sequence[str]], asked: list[tuple[int, list[int]]]):
    """A function that draws from a table: one row per place, one column per draw."""

    def draw(attempt: int, places: Sequence[int]) -> list[Proposal]:
        asked.append((attempt, list(places)))
        return [proposal(table[place][attempt]) for place in places]

    return draw


def test_copies_are_drawn_again_and_nothing_else() -> None:
    asked: list[tuple[int, list[int]]] = []
    table = [("a", "x"), ("b", "y"), ("a", "c"), ("", "z"), ("old", "d")]
    found = drawn_anew([2] * 5, {Program("old").hash}, draws_of(table, asked))
    assert texts(found) == ["a", "b", "c", "", "d"]
    assert asked == [(0, [0, 1, 2, 3, 4]), (1, [2, 4])]


def test_a_draw_that_turns_out_to_be_a_copy_is_seen() -> None:
    asked: list[tuple[int, list[int]]] = []
    table = [("a", "x"), ("a", "b"), ("b", "c")]  # the second draw of 1 is the first one of 2
    assert texts(drawn_anew([2] * 3, set(), draws_of(table, asked))) == ["a", "b", "c"]
    assert asked == [(0, [0, 1, 2]), (1, [1]), (1, [2])]


def test_if_all_draws_are_copies_or_nothing_the_first_one_counts() -> None:
    table = [("a", "", ""), ("a", "", "a")]
    assert texts(drawn_anew([3, 3], set(), draws_of(table, []))) == ["a", "a"]
    assert texts(drawn_anew([1, 1], set(), draws_of(table, []))) == ["a", "a"]


@given(
    st.lists(st.tuples(*[st.sampled_from(["", *"abcd"])] * 3), max_size=8),
    st.lists(st.integers(1, 3), min_size=8, max_size=8),
    st.sets(st.sampled_from("abcd")),
    st.integers(0, 8),
)
def test_it_does_not_matter_where_a_batch_is_cut(
    table: list[tuple[str, str, str]], attempts: list[int], old: set[str], cut: int
) -> None:
    seen = {Program(text).hash for text in old}
    whole = drawn_anew(attempts[: len(table)], seen, draws_of(table, []))
    first = drawn_anew(attempts[: len(table[:cut])], seen, draws_of(table[:cut], []))
    seen |= {one.program.hash for one in first if one.program}
    second = drawn_anew(attempts[cut : len(table)], seen, draws_of(table[cut:], []))
    assert texts([*first, *second]) == texts(whole)


class Poor:
    """An operator that knows few children."""

    name, identity, arity, replayable = "poor", "poor/1", 1, True

    def __init__(self, new_attempts: int) -> None:
        self.new_attempts = new_attempts

    def propose(
        self, parents: Sequence[Sequence[Program]], rngs: Sequence[random.Random]
    ) -> list[Proposal]:
        return [
            Proposal(self.name, (parent[0].hash,), Program(f"{rng.randrange(60)}"))
            for parent, rng in zip(parents, rngs, strict=True)
        ]


def test_a_search_has_fewer_copies_the_same_ones_however_it_is_cut() -> None:
    def children(new_attempts: int, *limits: int) -> list[str]:
        problem = ToyProblem()
        portfolio = Portfolio((Poor(new_attempts),), (1.0,))
        search = MapElites(
            problem.measures, portfolio, problem.seeds(), seed=1, depth=1, batch_size=16
        )
        made: list[str] = []
        while len(made) < 48:
            limit = limits[len(made) % len(limits)] if limits else None
            batch = search.ask(limit)
            worth = [Evaluation(1.0, (0.0,) * len(problem.measures)) for _ in batch.programs]
            search.tell(batch, worth)
            made += texts(batch.proposals)
        return made

    assert children(3)[:49] == children(3, 1, 5, 2)[:49]
    once, thrice = (len(set(children(attempts)[:49])) for attempts in (1, 3))
    assert thrice > once + 5
