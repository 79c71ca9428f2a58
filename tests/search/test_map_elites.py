"""The search as a library: ask, tell, fold; no sandbox, store or command line involved."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import ToyOperator, ToyProblem, ToySandbox

from ulmus.errors import ConfigError
from ulmus.evaluate import evaluate_chunk
from ulmus.grid import bin_of, bins_of, cell_of, num_cells
from ulmus.records import Evaluation, Measure, Placement, Program, Proposal
from ulmus.search.archive import Archive, Elite
from ulmus.search.map_elites import MapElites, PastStep
from ulmus.search.portfolio import Portfolio, call_here

AXES = (
    Measure("a", "u", 0.0, 30.0, 12),
    Measure("b", "u", 0.0, 30.0, 12),
    Measure("c", "", 0, 240, 12),
)


def new_search(*, seed: int = 1, depth: int = 2, batch_size: int = 16) -> MapElites:
    problem = ToyProblem()
    portfolio = Portfolio((ToyOperator(),), (1.0,))
    return MapElites(
        problem.measures, portfolio, problem.seeds(), seed=seed, depth=depth, batch_size=batch_size
    )


def evaluate(programs: list[Program]) -> tuple[Evaluation, ...]:
    sources = [program.source for program in programs]
    return evaluate_chunk(ToyProblem(), ToySandbox(), sources).evaluations


def elites_of(search: MapElites) -> list[tuple[int, str, float]]:
    return [(cell, elite.program.source, elite.fitness) for cell, elite in search.archive]


def run_alternating(search: MapElites, num_batches: int) -> None:
    for _ in range(num_batches):
        batch = search.ask()
        search.tell(batch, evaluate(batch.programs))


def test_bins_of_the_square_seed_are_those_of_the_specification() -> None:
    assert bins_of(AXES, cell_of(AXES, (10.0, 10.0, 39.1))) == (4, 4, 1)


def test_values_beyond_the_ends_go_to_the_edge_bins() -> None:
    assert [bin_of(AXES[0], value) for value in (-5.0, 0.0, 29.99, 30.0, 1e9)] == [0, 0, 11, 11, 11]
    unit = Measure("share", "", 0.0, 1.0, 12)
    assert [bin_of(unit, value) for value in (-1.7e308, 1.7e308)] == [0, 11]


def test_the_lower_end_of_a_bin_belongs_to_it() -> None:
    for axis, width in zip(AXES, (2.5, 2.5, 20.0), strict=True):
        ends = [width * k for k in range(12)]
        assert [bin_of(axis, end) for end in ends] == list(range(12))
        assert [bin_of(axis, end - 1e-9) for end in ends] == [0, *range(11)]


@given(st.integers(0, 12**3 - 1))
def test_cell_numbers_and_bins_are_inverse(cell: int) -> None:
    centres = [2.5 * (bins_of(AXES, cell)[0] + 0.5), 2.5 * (bins_of(AXES, cell)[1] + 0.5)]
    centres.append(20.0 * (bins_of(AXES, cell)[2] + 0.5))
    assert cell_of(AXES, centres) == cell
    assert num_cells(AXES) == 1728


def test_a_program_takes_a_cell_if_better_or_if_equal_and_shorter() -> None:
    archive = Archive(AXES[:1])
    assert archive.judge(Program("long text"), Evaluation(1.0, (5.0,))) == (Placement.NEW, 2)
    archive.put(2, Elite(Program("long text"), 1.0, (5.0,)))
    judge = archive.judge
    assert judge(Program("x"), Evaluation(0.9, (5.0,))) == (Placement.KEPT_OUT, 2)
    assert judge(Program("longer text"), Evaluation(1.1, (5.0,))) == (Placement.IMPROVED, 2)
    assert judge(Program("text"), Evaluation(1.0, (5.0,))) == (Placement.IMPROVED, 2)
    assert judge(Program("other txt"), Evaluation(1.0, (5.0,))) == (Placement.KEPT_OUT, 2)
    assert judge(Program("x"), Evaluation.invalid("no")) == (Placement.INVALID, None)


def test_qd_score_never_falls_and_cells_are_never_lost() -> None:
    search, qd_score, cells = new_search(), 0.0, 0
    for _ in range(40):
        batch = search.ask()
        search.tell(batch, evaluate(batch.programs))
        assert search.archive.qd_score >= qd_score
        assert len(search.archive) >= cells
        qd_score, cells = search.archive.qd_score, len(search.archive)
    assert cells > 30


def test_asking_ahead_gives_the_same_map_as_asking_in_turn() -> None:
    in_turn, ahead = new_search(), new_search()
    run_alternating(in_turn, 21)
    waiting = []
    for _ in range(21):
        while ahead.ready and len(waiting) < 2:
            waiting.append(ahead.ask())
        batch = waiting.pop(0)
        ahead.tell(batch, evaluate(batch.programs))
    assert elites_of(ahead) == elites_of(in_turn)


def test_the_depth_is_part_of_what_is_found() -> None:
    shallow, deep = new_search(depth=1), new_search(depth=3)
    run_alternating(shallow, 20)
    run_alternating(deep, 20)
    assert elites_of(shallow) != elites_of(deep)


def test_another_seed_finds_other_elites() -> None:
    one, two = new_search(seed=1), new_search(seed=2)
    run_alternating(one, 5)
    run_alternating(two, 5)
    assert elites_of(one) != elites_of(two)


def test_cutting_a_batch_does_not_change_its_proposals() -> None:
    whole, cut = new_search(), new_search()
    run_alternating(whole, 6)
    done = 0
    while done < 1 + 5 * 16:
        batch = cut.ask(limit=5)
        cut.tell(batch, evaluate(batch.programs))
        done += len(batch.proposals)
    assert elites_of(cut) == elites_of(whole)


def test_cutting_a_batch_does_not_let_later_batches_be_asked_too_early() -> None:
    whole, cut = new_search(), new_search()
    run_alternating(whole, 8)
    run_alternating(cut, 2)
    flying = [cut.ask(5)]
    for _ in range(9):
        while cut.ready and flying[-1].number < 7:
            flying.append(cut.ask())
        batch = flying.pop(0)
        cut.tell(batch, evaluate(batch.programs))
        if not flying:
            break
    assert elites_of(cut) == elites_of(whole)


def test_a_text_is_evaluated_once() -> None:
    search, seen = new_search(), set()
    duplicates = 0
    for _ in range(20):
        batch = search.ask()
        for program in batch.programs:
            assert program.hash not in seen
            seen.add(program.hash)
        steps = search.tell(batch, evaluate(batch.programs))
        duplicates += sum(step.placement is Placement.DUPLICATE for step in steps)
    assert duplicates > 0


def test_asking_too_far_ahead_is_an_error() -> None:
    search = new_search()
    search.ask()
    assert not search.ready
    with pytest.raises(ConfigError, match="needs batch 0"):
        search.ask()


def test_a_search_without_a_valid_seed_says_so() -> None:
    search = new_search()
    batch = search.ask()
    search.tell(batch, [Evaluation.invalid("timeout")])
    with pytest.raises(ConfigError, match="none of the seed programs is valid"):
        search.ask()


def test_weights_decide_how_often_an_operator_is_drawn() -> None:
    from ulmus.seeding import generator

    portfolio = Portfolio((ToyOperator(), ToyOperator()), (3.0, 1.0))
    draws = [portfolio.choose(generator(0, "select", 0, index)) for index in range(4000)]
    assert abs(draws.count(1) / 4000 - 0.25) < 0.03
    with pytest.raises(ConfigError, match="positive"):
        Portfolio((ToyOperator(),), (0.0,))


def test_parents_are_drawn_uniformly_from_the_occupied_cells() -> None:
    seeds = [Program(f"({k / 10 + 0.05}, 0.5)") for k in range(10)]
    portfolio = Portfolio((ToyOperator(),), (1.0,))
    measures = ToyProblem().measures
    search = MapElites(measures, portfolio, seeds, seed=1, batch_size=4000)
    search.tell(search.ask(), evaluate(seeds))
    assert len(search.archive) == 10
    drawn = Counter(proposal.parents[0] for proposal in search.ask().proposals)
    counts = [drawn[seed.hash] for seed in seeds]
    chi_square = sum((count - 400) ** 2 / 400 for count in counts)
    assert chi_square < 27.9  # 1 in 1,000 for 9 degrees of freedom; the seed is fixed


def test_every_digit_of_a_weight_is_part_of_the_identity() -> None:
    near = [Portfolio((ToyOperator(),), (weight,)).identity for weight in (0.8, 0.8000001)]
    assert near[0] != near[1]


class Siblings(ToyOperator):
    """Wants four children in a row of one parent, and remembers the sizes of its groups."""

    name = "toy-siblings"
    siblings = 4


def test_siblings_share_a_parent_however_a_batch_is_cut():
    def searched(limits):
        portfolio = Portfolio((Siblings(), ToyOperator()), (1.0, 1.0))
        search = MapElites(
            ToyProblem().measures, portfolio, ToyProblem().seeds(), seed=4, batch_size=16
        )
        steps = []
        for limit in limits:
            batch = search.ask(limit)
            steps += search.tell(batch, evaluate(batch.programs))
        return steps

    whole = searched([None] * 8)
    mine = [s for s in whole if s.proposal.operator == "toy-siblings"]
    groups = {}
    for step in mine:
        groups.setdefault((step.batch, step.index // 4), set()).add(step.proposal.parents)
    assert len(groups) > 10
    assert all(len(parents) == 1 for parents in groups.values())
    assert (
        len(
            {parents for (batch, _), parents in groups.items() if batch == 7 for parents in parents}
        )
        > 1
    )
    cut = searched([None] * 7 + [5, 6, 5])
    assert cut == whole


def test_a_block_belongs_to_its_operator_and_the_shares_hold():
    class Other(ToyOperator):
        name = "toy-other"

    portfolio = Portfolio((Siblings(), ToyOperator(), Other()), (0.2, 0.6, 0.2))
    search = MapElites(
        ToyProblem().measures, portfolio, ToyProblem().seeds(), seed=4, batch_size=400
    )
    made = []
    for _ in range(11):
        batch = search.ask()
        search.tell(batch, evaluate(batch.programs))
        if batch.number:
            made += [proposal.operator for proposal in batch.proposals]
    blocks = [set(made[i : i + 4]) for i in range(0, len(made), 4)]
    assert all(block == {"toy-siblings"} or "toy-siblings" not in block for block in blocks)
    assert any(len(block) == 2 for block in blocks)
    for name, share in (("toy-siblings", 0.2), (ToyOperator.name, 0.6), ("toy-other", 0.2)):
        # 1,000 blocks: a deviation of 0.0127 for the block-wise share
        assert abs(made.count(name) / len(made) - share) < 0.05, name


def test_groups_of_siblings_may_be_made_elsewhere():
    sizes = []

    def call_all(function, tasks):
        sizes.extend(len(parents) for parents, _ in tasks)
        return [function(*task) for task in tasks]

    def searched(**where):
        portfolio = Portfolio((Siblings(), ToyOperator()), (3.0, 1.0), **where)
        search = MapElites(
            ToyProblem().measures, portfolio, ToyProblem().seeds(), seed=4, batch_size=16
        )
        steps = []
        for _ in range(6):
            batch = search.ask()
            steps += search.tell(batch, evaluate(batch.programs))
        return steps

    assert searched(call_all=call_all) == searched()
    assert 1 < max(sizes) <= 16


class Drawing(ToyOperator):
    """Draws pairs from nothing, four at a time."""

    name = "toy-drawing"
    arity = 0
    siblings = 4

    def propose(self, parents, rngs):
        assert all(len(some) == 0 for some in parents)
        texts = [repr((round(rng.random(), 2), round(rng.random(), 2))) for rng in rngs]
        return [Proposal(self.name, (), Program(text)) for text in texts]


def drawn_steps(*, limit: int | None = None, num_batches: int = 6, call_all=None, more=()):
    operators = (Drawing(), *more)
    portfolio = Portfolio(operators, (1.0,) * len(operators), call_all or call_here)
    seeds = ToyProblem().seeds() if more else []
    search = MapElites(ToyProblem().measures, portfolio, seeds, seed=5, batch_size=10)
    steps = []
    while len(steps) < 10 * num_batches:
        batch = search.ask(limit)
        steps += search.tell(batch, evaluate(batch.programs))
    return steps[: 10 * num_batches], search


def test_without_parents_a_search_needs_no_seeds():
    steps, search = drawn_steps()
    assert {step.batch for step in steps} == set(range(1, 7))
    assert all(step.proposal.parents == () for step in steps)
    assert len(search.archive) == len({step.cell for step in steps})


def test_what_is_drawn_does_not_depend_on_where_a_batch_is_cut():
    assert drawn_steps(limit=3)[0] == drawn_steps()[0]


def test_a_search_without_seeds_can_be_restored():
    steps, search = drawn_steps(num_batches=3)
    again = MapElites(
        ToyProblem().measures, Portfolio((Drawing(),), (1.0,)), [], seed=5, batch_size=10
    )
    for step in steps:
        program = step.proposal.program
        elite = None
        if step.placement.admitted:
            elite = (step.cell, Elite(program, step.evaluation.fitness, step.evaluation.measures))
        again.restore(PastStep(step.batch, step.index, "", (), program.hash, step.placement, elite))
    assert elites_of(again) == elites_of(search)
    assert again.ask() == search.ask()


def test_several_workers_share_what_is_drawn():
    sizes = []

    def call_all(function, tasks):
        sizes.extend(len(rngs) for _, rngs in tasks)
        return call_here(function, tasks)

    steps, _ = drawn_steps(num_batches=2, call_all=call_all)
    assert sizes == [4, 4, 2, 4, 4, 2]
    assert steps == drawn_steps(num_batches=2)[0]


def test_drawing_mixes_with_operators_that_want_parents():
    steps, _ = drawn_steps(num_batches=20, more=(ToyOperator(),))
    kinds = Counter((step.proposal.operator, len(step.proposal.parents)) for step in steps)
    assert set(kinds) == {("seed", 0), ("toy-drawing", 0), ("toy-move", 1)}


@pytest.mark.parametrize("operator", [ToyOperator(), Drawing()])
def test_seeds_are_given_if_and_only_if_parents_are_wanted(operator):
    seeds = [] if operator.arity else ToyProblem().seeds()
    with pytest.raises(ConfigError, match="seed programs"):
        MapElites(ToyProblem().measures, Portfolio((operator,), (1.0,)), seeds, seed=1)
