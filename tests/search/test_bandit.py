"""Shares that follow success: the rule alone, and in a search however it is asked, cut or resumed."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pytest
from toys import FarToyOperator, ToyOperator, ToyProblem, ToySandbox

from ulmus.evaluate import evaluate_chunk
from ulmus.records import Evaluation, Placement, Program, Proposal
from ulmus.search.archive import Elite
from ulmus.search.bandit import (
    FLOOR,
    HALF_LIFE,
    LIMITS,
    PATIENCE,
    Bandit,
    Credit,
    Trial,
    context_of,
    learned,
    shares,
)
from ulmus.search.map_elites import MapElites, PastStep
from ulmus.search.portfolio import Portfolio

NAMES = ("a", "b", "c")
WEIGHTS = (8.0, 1.0, 1.0)
STARTS = (0.8, 0.1, 0.1)


def test_without_evidence_the_shares_are_those_of_the_start():
    assert shares(NAMES, WEIGHTS, {}) == pytest.approx(STARTS)
    assert shares(NAMES, WEIGHTS, {"a": Credit(500.0, 0.0)}) == pytest.approx(STARTS)
    even = {
        name: Credit(1000.0 * (place + 1), 200.0 * (place + 1)) for place, name in enumerate(NAMES)
    }
    assert shares(NAMES, WEIGHTS, even) == pytest.approx(STARTS)


def test_half_the_gain_is_half_the_share_above_the_floor():
    credits = {"b": Credit(1e9, 1e8), "c": Credit(1e9, 2e8)}
    found = shares(NAMES, WEIGHTS, credits)
    floors = [FLOOR * start for start in STARTS]
    assert found[2] - floors[2] == pytest.approx(2 * (found[1] - floors[1]))
    assert sum(found) == pytest.approx(1.0)


def test_who_alone_gains_gets_all_but_the_floors():
    credits = {"a": Credit(1e9, 0.0), "b": Credit(1e9, 1e8), "c": Credit(1e9, 0.0)}
    found = shares(NAMES, WEIGHTS, credits)
    assert found == pytest.approx((0.16, 0.1 + 0.8 * 0.9, 0.02), abs=1e-6)


def test_a_few_children_prove_little():
    before = Credit(2000.0, 400.0)
    few = shares(("a", "b"), (1.0, 1.0), {"a": before, "b": Credit(1.0, 0.0)})
    many = shares(("a", "b"), (1.0, 1.0), {"a": before, "b": Credit(10.0 * PATIENCE, 0.0)})
    assert 0.47 < few[1] < 0.5
    assert many[1] < 0.2


@pytest.mark.parametrize("children", [0.0, 5e-324, 1e-300, 1e-9, 3.0])
def test_what_has_all_but_faded_breaks_nothing(children):
    credits = {"a": Credit(children, children / 4), "b": Credit(2000.0, 5e-324)}
    found = shares(NAMES, WEIGHTS, credits)
    assert sum(found) == pytest.approx(1.0)
    assert all(share >= FLOOR * start - 1e-12 for share, start in zip(found, STARTS, strict=True))


def test_what_was_seen_counts_half_after_a_half_life():
    trials = [Trial(1, "b", 0, 0.0)] * HALF_LIFE
    after = learned({"a": Credit(100.0, 50.0)}, trials)
    assert after == {"a": Credit(50.0, 25.0), "b": Credit(float(HALF_LIFE), 0.0)}
    assert learned(after, []) == after


def test_a_new_cell_counts_more_than_an_improvement_and_all_else_nothing():
    gains = {}
    for placement in Placement:
        bandit = Bandit(("x", "y"), (1.0, 1.0))
        for _ in range(100):
            bandit.note(1, "x", (), placement, Program("x"))
            bandit.note(1, "y", (), Placement.IMPROVED, Program("y"))
        bandit.show(1)
        gains[placement] = bandit.shares(None)[0]
    assert gains[Placement.NEW] > 0.6
    assert gains[Placement.IMPROVED] == 0.5
    others = {gains[p] for p in set(Placement) - {Placement.NEW, Placement.IMPROVED}}
    assert len(others) == 1
    assert others.pop() < 0.3


def test_parents_of_different_length_are_counted_apart():
    short, long = Program("x" * (LIMITS[0] - 1)), Program("x" * LIMITS[0])
    assert (context_of(short), context_of(long)) == (0, 1)
    assert context_of(Program("x" * 10 * LIMITS[-1])) == len(LIMITS)
    bandit = Bandit(("x", "y"), (1.0, 1.0))
    for parent in (short, long):
        bandit.note(0, "seed", (), Placement.NEW, parent)
    for _ in range(50):
        bandit.note(1, "x", (short.hash,), Placement.NEW, Program("x"))
        bandit.note(1, "y", (short.hash,), Placement.INVALID, None)
    before = bandit.shares(short)
    bandit.show(0)
    assert bandit.shares(short) == before == (0.5, 0.5)
    bandit.show(1)
    assert bandit.shares(short)[0] > 0.6
    assert bandit.shares(long) == (0.5, 0.5)


class Good(ToyOperator):
    """Always has a text that nobody has seen."""

    name = "good"

    def propose(self, parents, rngs):
        texts = [str(rng.getrandbits(60)) for rng in rngs]
        hashes = [tuple(parent.hash for parent in some) for some in parents]
        return [
            Proposal(self.name, some, Program(text))
            for some, text in zip(hashes, texts, strict=True)
        ]


class Refusing(Good):
    name = "refusing"

    def propose(self, parents, rngs):
        return [Proposal(self.name, (some[0].hash,), None, refusal="no idea") for some in parents]


class Repeating(Good):
    name = "repeating"

    def propose(self, parents, rngs):
        return [Proposal(self.name, (some[0].hash,), some[0]) for some in parents]


@pytest.mark.parametrize("bad", [Refusing(), Repeating()])
@pytest.mark.parametrize("siblings", [1, 4])
def test_the_good_one_rises_to_its_ceiling_and_the_bad_one_keeps_its_floor(bad, siblings):
    bad.siblings = siblings
    portfolio = Portfolio((Good(), bad), (1.0, 3.0))
    measures, seeds = ToyProblem().measures, [Program("seed")]
    search = MapElites(measures, portfolio, seeds, seed=1, batch_size=100, adapt=True)
    better = count(1)
    made: list[str] = []
    for _ in range(61):
        batch = search.ask()
        search.tell(batch, [Evaluation(float(next(better)), (0.5, 0.5)) for _ in batch.programs])
        made += [proposal.operator for proposal in batch.proposals]
    floor = FLOOR * 0.75
    assert floor < search.shares[bad.name] < floor + 0.06
    assert search.shares["good"] == pytest.approx(1 - search.shares[bad.name])
    assert made[1:201].count(bad.name) > 100  # nothing counts before batch 1 is `depth` old
    late = made[-2000:].count(bad.name) / 2000
    assert floor - 0.04 < late < floor + 0.08


class Several(FarToyOperator):
    """Wants four children in a row of one parent."""

    siblings = 4


def new_search(*, adapt: bool = True, depth: int = 2, siblings: bool = True) -> MapElites:
    problem = ToyProblem()
    portfolio = Portfolio((ToyOperator(), Several() if siblings else FarToyOperator()), (0.5, 0.5))
    return MapElites(
        problem.measures,
        portfolio,
        problem.seeds(),
        seed=3,
        depth=depth,
        batch_size=32,
        adapt=adapt,
    )


def evaluate(programs):
    sources = [program.source for program in programs]
    return evaluate_chunk(ToyProblem(), ToySandbox(), sources).evaluations


def steps_of(search, limits):
    steps = []
    for limit in limits:
        batch = search.ask(limit)
        steps += search.tell(batch, evaluate(batch.programs))
    return steps


def test_shares_adapt_in_a_search_and_only_if_they_are_told_to():
    search, fixed = new_search(), new_search(adapt=False)
    steps, others = steps_of(search, [None] * 40), steps_of(fixed, [None] * 40)
    assert fixed.shares == {}
    assert sum(search.shares.values()) == pytest.approx(1.0)
    assert search.shares["toy-move"] > 0.53
    last = [Counter(step.proposal.operator for step in some[-640:]) for some in (steps, others)]
    assert last[0]["toy-move"] > last[1]["toy-move"]


@pytest.mark.parametrize("siblings", [False, True])
def test_a_batch_that_is_cut_anywhere_gives_the_same_children(siblings):
    whole = steps_of(new_search(siblings=siblings), [None] * 12)
    cut = new_search(siblings=siblings)
    assert steps_of(cut, [None] + [5] * 7 * 11) == whole
    assert cut.shares != pytest.approx({"toy-move": 0.5, "toy-leap": 0.5}, abs=0.005)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_asking_ahead_gives_the_same_children_as_asking_in_turn(depth):
    in_turn, ahead = new_search(depth=depth), new_search(depth=depth)
    expected = steps_of(in_turn, [None] * 20)
    waiting, steps = [], []
    for _ in range(20):
        while ahead.ready and (not waiting or waiting[-1].number < 19):
            waiting.append(ahead.ask())
        batch = waiting.pop(0)
        steps += ahead.tell(batch, evaluate(batch.programs))
    assert steps == expected
    assert ahead.shares == in_turn.shares


def test_a_batch_depends_on_no_batch_that_is_less_than_the_depth_older():
    def asked(spoiled: int):
        search, batches = new_search(depth=3), []
        for number in range(9):
            batch = search.ask()
            batches.append([proposal.operator for proposal in batch.proposals])
            results = evaluate(batch.programs)
            if number >= spoiled:
                results = [Evaluation.invalid("spoiled")] * len(results)
            search.tell(batch, results)
        return batches, search.shares

    (sound, before), (spoiled, after) = asked(9), asked(6)
    assert sound == spoiled  # batch 8 may know of batches up to 5
    assert before == after
    assert asked(5)[1] != before


def past_of(step):
    proposal, evaluation = step.proposal, step.evaluation
    program = proposal.program
    elite = None
    if step.placement.admitted:
        elite = (step.cell, Elite(program, evaluation.fitness, evaluation.measures))
    hashed = None if program is None else program.hash
    return PastStep(
        step.batch, step.index, proposal.operator, proposal.parents, hashed, step.placement, elite
    )


@pytest.mark.parametrize("num_steps", [1, 33, 34, 100, 353, 400])
def test_a_resumed_search_has_the_same_shares_and_makes_the_same_children(num_steps):
    steps = steps_of(new_search(), [None] * 20)
    again = new_search()
    for step in steps[:num_steps]:
        again.restore(past_of(step))
    rest = []
    while len(rest) < len(steps) - num_steps:
        rest += steps_of(again, [None])
    assert rest == steps[num_steps:]
    whole = new_search()
    steps_of(whole, [None] * 20)
    assert again.shares == whole.shares


def test_blocks_of_siblings_stay_whole_and_share_a_parent():
    steps = [step for step in steps_of(new_search(), [None] * 30) if step.batch]
    blocks = [steps[at : at + 4] for at in range(0, len(steps), 4)]
    kinds = Counter()
    for block in blocks:
        names = {step.proposal.operator for step in block}
        assert len(names) == 1
        kinds[names.pop()] += 1
        if block[0].proposal.operator == "toy-leap":
            assert len({step.proposal.parents for step in block}) == 1
    assert min(kinds.values()) > 20


class Drawing(Good):
    name = "drawing"
    arity = 0


def test_operators_without_parents_adapt_as_well():
    class Useless(Drawing):
        name = "useless"

        def propose(self, parents, rngs):
            return [Proposal(self.name, (), None, refusal="no idea") for _ in parents]

    portfolio = Portfolio((Drawing(), Useless()), (1.0, 1.0))
    search = MapElites(ToyProblem().measures, portfolio, [], seed=1, batch_size=50, adapt=True)
    better = count(1)
    for _ in range(30):
        batch = search.ask()
        search.tell(batch, [Evaluation(float(next(better)), (0.5, 0.5)) for _ in batch.programs])
    assert search.shares["drawing"] > 0.75
