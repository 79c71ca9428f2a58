"""Sodarace as a problem: settings, jobs, scores."""

import copy
import math
import pickle

import pytest

from ulmus.catalogue import make_problem
from ulmus.errors import ConfigError, ProgramFileError
from ulmus.grid import bins_of, cell_of
from ulmus.problems.base import Problem
from ulmus.problems.sodarace import programs
from ulmus.problems.sodarace.judging import Judgement, failure, judge, judge_outcome
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.problems.sodarace.walker import Walker, parse_walker
from ulmus.records import Evaluation, Outcome, Program, Status

BONE = {"type": "distance"}


def muscle(amplitude, phase):
    return {"type": "muscle", "amplitude": amplitude, "phase": phase}


SQUARE = {
    "joints": [[0, 0], [0, 10], [10, 10], [10, 0], [5, 5]],
    "muscles": [
        *([i, j, BONE] for i, j in ((0, 1), (1, 2), (2, 3), (3, 0), (3, 4))),
        *([i, 4, muscle(2.12, 0.0)] for i in range(3)),
    ],
}
HOPPER = {
    "joints": [[0, 1.7], [5.4, 0], [4.8, 5.6]],
    "muscles": [[0, 1, muscle(-1.5, 0.96)], [0, 2, muscle(-0.8, 0.93)], [1, 2, muscle(-0.4, 0.41)]],
}


def ok(value):
    return Outcome(Status.OK, value)


def scored(value, **settings):
    (evaluation,) = Sodarace(**settings).score([ok(value)])
    return evaluation


def wheel(num_spokes, radius):
    rim = [
        [radius * math.cos(2 * math.pi * k / num_spokes), radius * math.sin(2 * math.pi * k / num_spokes)]
        for k in range(num_spokes)
    ]  # fmt: skip
    ring = [[k, (k + 1) % num_spokes, BONE] for k in range(num_spokes)]
    spokes = [[k, num_spokes, BONE] for k in range(num_spokes)]
    return {"joints": [*rim, [0.0, 0.0]], "muscles": ring + spokes}


def test_sodarace_is_a_problem_that_travels_to_workers():
    problem = Sodarace(terrain="tunnel", bins=(4, 5, 6))
    assert isinstance(problem, Problem)
    assert problem.name == "sodarace"
    assert pickle.loads(pickle.dumps(problem)) == problem


@pytest.mark.parametrize(
    "changed",
    [
        {"terrain": "bumpy"},
        {"seconds": 5.0},
        {"seed_program": "radial"},
        {"fitness": "sustained"},
        {"bins": (12, 12, 10)},
    ],
)
def test_every_setting_is_part_of_the_identity(changed):
    assert Sodarace(**changed).identity != Sodarace().identity
    assert Sodarace(**changed).identity == Sodarace(**copy.deepcopy(changed)).identity


def test_what_programs_import_is_part_of_the_identity(monkeypatch):
    before = Sodarace().identity
    monkeypatch.setattr(programs, "ENTRY", "walk")
    programs.guest_version.cache_clear()
    assert Sodarace().identity != before
    monkeypatch.undo()
    programs.guest_version.cache_clear()
    assert Sodarace().identity == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"terrain": "bumby"}, r"unknown terrain 'bumby'\. Did you mean 'bumpy'"),
        ({"fitness": "sustain"}, "Did you mean 'sustained'"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": 3601.0}, "seconds"),
        ({"seconds": math.nan}, "seconds"),
        ({"seconds": math.inf}, "seconds"),
        ({"bins": (12, 0, 12)}, "bins"),
        ({"bins": (12, 12)}, "bins"),
        ({"bins": (12, 12, 10**9)}, "bins must be three numbers of 1 to 1000"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Sodarace(**settings)


def test_the_catalogue_makes_it_from_plain_options():
    problem = make_problem("sodarace", {"terrain": "gap", "bins": [2, 3, 4], "seconds": 3})
    assert problem == Sodarace(terrain="gap", bins=(2, 3, 4), seconds=3.0)
    for options in ({"terrain": "moon"}, {"bins": [1, 2]}, {"fitness": "x"}, {"terain": "flat"}):
        with pytest.raises(ConfigError):
            make_problem("sodarace", options)


def test_the_axes_are_those_of_the_paper_with_twelve_bins():
    measures = Sodarace().measures
    assert [(m.name, m.low, m.high, m.bins) for m in measures] == [
        ("height", 0.0, 30.0, 12),
        ("width", 0.0, 30.0, 12),
        ("mass", 0.0, 240.0, 12),
    ]
    assert [m.bins for m in Sodarace(bins=(1, 2, 3)).measures] == [1, 2, 3]


def test_a_job_names_the_entry_and_brings_the_interface():
    job = Sodarace().job(Program("x"))
    assert (job.source, job.entry) == ("x", "make_walker")
    assert [module.name for module in job.modules] == ["walk_creator"]
    assert dict(job.scope)["walker_creator"] == "walk_creator:walker_creator"
    assert job.limits.fuel == 400_000_000


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("import numpy", {"numpy"}),
        ("y = np.sin(x)", {"numpy"}),
        ("query_cppn(wc)", {"query_cppn"}),
        ("query_cppn(np.pi)", {"numpy", "query_cppn"}),
    ],
)
def test_stand_ins_come_with_the_programs_that_name_them(source, named):
    job = Sodarace().job(Program(source))
    assert {module.name for module in job.modules} == {"walk_creator", *named}
    targets = {target.partition(":")[0] for _, target in job.scope}
    assert targets == {"math", "walk_creator", *named}


@pytest.mark.parametrize(
    ("value", "height", "width", "mass", "bins"),
    [
        (SQUARE, 10.0, 10.0, 5 + (40 + 4 * math.sqrt(50)) / 2, (4, 4, 1)),
        (wheel(8, 5), 10.0, 10.0, 9 + (8 * 10 * math.sin(math.pi / 8) + 40) / 2, (4, 4, 2)),
    ],
    ids=["square", "wheel"],
)
def test_measures_of_walkers_computed_by_hand(value, height, width, mass, bins):
    problem = Sodarace()
    (evaluation,) = problem.score([ok(value)])
    assert evaluation.measures == pytest.approx((height, width, mass))
    assert bins_of(problem.measures, cell_of(problem.measures, evaluation.measures)) == bins


def test_the_square_of_the_paper_hardly_moves_and_the_hopper_does():
    assert scored(SQUARE).fitness == pytest.approx(0.0, abs=0.01)
    assert scored(HOPPER).fitness > 20.0


def test_fitness_is_distance_or_what_was_sustained():
    judgement = judge(HOPPER)
    assert judgement.status == "ok"
    assert scored(HOPPER).fitness == judgement.distance == abs(judgement.displacement)
    assert scored(HOPPER, fitness="sustained").fitness == judgement.sustained
    assert 0.0 < judgement.sustained < judgement.distance


def test_a_wall_stops_what_a_plain_does_not():
    flat = judge(HOPPER)
    wall = "right_wall" if flat.displacement > 0 else "left_wall"
    assert flat.distance > 30.0
    assert judge(HOPPER, wall).distance < 25.0
    assert scored(HOPPER, terrain=wall).fitness == judge(HOPPER, wall).distance


def test_time_matters():
    assert judge(HOPPER, seconds=2.0).distance < judge(HOPPER, seconds=10.0).distance
    assert scored(HOPPER, seconds=2.0).fitness == judge(HOPPER, seconds=2.0).distance


def test_scores_do_not_depend_on_the_batch_or_the_order_of_statements():
    problem, alone = Sodarace(), scored(HOPPER)
    turned = {
        "joints": HOPPER["joints"][::-1],
        "muscles": [[2 - j, 2 - i, drive] for i, j, drive in reversed(HOPPER["muscles"])],
    }
    outcomes = [ok(SQUARE), ok(None), ok(HOPPER), Outcome(Status.TIMEOUT), ok(turned), ok(HOPPER)]
    scores = problem.score(outcomes)
    assert len(scores) == 6
    assert scores[2] == scores[4] == scores[5] == alone
    assert problem.score(outcomes) == scores
    assert problem.score([]) == []


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome(Status.ERROR, error="NameError: name 'x' is not defined (line 3)"), "error: NameError"),
        (Outcome(Status.ERROR, error="SyntaxError: invalid syntax (line 1)"), "error: SyntaxError"),
        (Outcome(Status.ERROR, error="RecursionError (line 2)"), "error: RecursionError"),
        (Outcome(Status.ERROR, error="no entry: expected a function make_walker()"), "error: no entry"),
        (Outcome(Status.ERROR, error="TooManyJoints: more than 1000 joints"), "error: TooManyJoints"),
        (Outcome(Status.ERROR, error="Fake123: whatever"), "error: other exception"),
        (Outcome(Status.ERROR, error=None), "error: other exception"),
        (Outcome(Status.TIMEOUT, error="used up its fuel"), "timeout"),
        (Outcome(Status.MEMORY), "memory"),
        (Outcome(Status.OUTPUT, error="value is nan"), "output"),
        (Outcome(Status.VIOLATION), "violation"),
        (Outcome(Status.CRASHED), "crashed"),
    ],
)  # fmt: skip
def test_a_program_that_failed_is_invalid_for_a_short_reason(outcome, reason):
    assert Sodarace().score([outcome]) == [Evaluation.invalid(reason)]
    assert judge_outcome(outcome) == Judgement(outcome.status.value, reason=reason)
    assert failure(outcome) == reason


def test_what_is_no_walker_is_invalid():
    assert scored({"joints": []}) == Evaluation.invalid("walker: no list of muscles")
    judgement = judge(None)
    assert (judgement.status, judgement.reason) == ("invalid", "walker: nothing returned")
    assert judgement.distance is None


def test_physics_that_overflow_are_invalid():
    far = {"joints": [[1e300, 0], [1e300, 5]], "muscles": [[0, 1, BONE]]}
    assert isinstance(parse_walker(far), Walker)
    assert scored(far) == Evaluation.invalid("unstable physics")
    assert judge(far).reason == "unstable physics"


def test_judge_takes_walkers_as_well_as_what_programs_return():
    assert judge(parse_walker(HOPPER)) == judge(HOPPER) == judge_outcome(ok(HOPPER))


def test_judge_refuses_unknown_terrains():
    with pytest.raises(ConfigError, match="unknown terrain"):
        judge(HOPPER, "moon")


@pytest.mark.parametrize("name", programs.SEED_NAMES)
def test_built_in_seeds_are_found_by_name(name):
    (program,) = Sodarace(seed_program=name).seeds()
    assert "def make_walker(" in program.source


def test_a_file_is_a_seed_too_and_wins_over_a_name(tmp_path, monkeypatch):
    file = tmp_path / "mine.py"
    file.write_bytes(b"\xef\xbb\xbfx = '\xc3\xa4'\r\ny = 1\n")
    (program,) = Sodarace(seed_program=str(file)).seeds()
    assert program.source == "x = 'ä'\ny = 1\n"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "square").write_text("z = 1\n")
    assert Sodarace().seeds() == (Program("z = 1\n"),)


def test_a_folder_of_the_same_name_does_not_hide_a_seed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "square").mkdir()
    assert "make_square" in programs.read_seed("square")


@pytest.mark.parametrize("name", ["sqare", "Square", "cppn_fixed", "", "a\0b", "x" * 5000])
def test_unknown_seeds_are_refused(name):
    with pytest.raises(ConfigError, match="unknown seed program"):
        Sodarace(seed_program=name).seeds()


def test_the_nearest_seed_is_named():
    with pytest.raises(ConfigError, match="Did you mean 'cppn-fixed'"):
        programs.read_seed("cppn-fix")


def test_bad_seed_files_are_named_with_what_to_do(tmp_path):
    def refused(path, message):
        with pytest.raises(ProgramFileError, match=message) as caught:
            Sodarace(seed_program=str(path)).seeds()
        assert str(path) in str(caught.value)

    refused(tmp_path / "missing.py", "there is no seed program .* or one of square")
    refused(tmp_path / "folder" / "square", "there is no seed program")
    (tmp_path / "folder.py").mkdir()
    refused(tmp_path / "folder.py", "give a Python file that you may read")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe4'")
    refused(tmp_path / "latin.py", r"not UTF-8 text \(byte 5\); save it as UTF-8")
    (tmp_path / "huge.py").write_bytes(b"#" * (programs.MAX_SOURCE_BYTES + 1))
    refused(tmp_path / "huge.py", "larger than 256 KiB")
