"""Stage 3 from a toy inventor to a folder: it learns, resumes, and names what is wrong."""

from __future__ import annotations

import json
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra ulmus[train]")

import torch
from safetensors.torch import load_file, save_file
from toy_inventor import write_inventor
from trainings import same, stop_after, weights

from ulmus.catalogue import make_operator
from ulmus.errors import ConfigError, ModelError, TrainingError
from ulmus.invention.sampling import sampling_of
from ulmus.models.inventing import read_inventing
from ulmus.models.local import LocalModel
from ulmus.operators.sample import SampleSettings
from ulmus.training import checkpoints, conditional, experience
from ulmus.training.collapse import LOG, Iteration
from ulmus.training.conditional import Settings, train
from ulmus.training.cross import Cross, Written, cross_table
from ulmus.training.experience import Learners, in_micro_batches, look_back
from ulmus.training.inventors import open_conditional, open_inventor
from ulmus.training.networks import LeftToRight
from ulmus.training.rollouts import chances_for, draw

WANTED = {"left_wall": "a", "right_wall": "b", "tunnel": "c"}

TINY = Settings(
    terrains=("left_wall", "right_wall"), samples=8, iterations=4, epochs=2, minibatches=2, judged=3,
    max_tokens=4, temperature=1.0, rate=3e-3, terrain_rate=0.15, value_rate=3e-3,
)  # fmt: skip


def score(pairs: Sequence[tuple[str, str]]) -> list[float | None]:
    """Count the word that is wanted on a terrain, 100 at most; "f" is invalid."""
    found: list[float | None] = []
    for program, terrain in pairs:
        words = program.removeprefix("go").split()
        found.append(None if "f" in words else 50.0 * words[:2].count(WANTED[terrain]))
    return found


def log_of(folder: Path) -> list[dict[str, Any]]:
    """The log without the seconds, which differ from time to time."""
    lines = [json.loads(line) for line in (folder / LOG).read_text("utf-8").splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


@pytest.fixture
def inventor(tmp_path: Path) -> Path:
    return write_inventor(tmp_path / "inventor")


@pytest.mark.parametrize("kind", ["codes", pytest.param("picture", marks=pytest.mark.slow)])
def test_it_learns_to_write_what_each_terrain_rewards(
    kind: str, inventor: Path, tmp_path: Path
) -> None:
    settings = replace(
        TINY, terrain_network=kind, samples=64, iterations=32, epochs=3, judged=40, kl_stop=0.1,
        value_rate=1e-2, trace=1.0,
    )  # fmt: skip
    told: list[Iteration] = []
    result = train(inventor, score, settings, tmp_path / "out", observe=told.append)
    assert result is not None
    for name, other in (("left_wall", "right_wall"), ("right_wall", "left_wall")):
        assert result.before.mean[name][name] < 30
        assert result.after.mean[name][name] > 75  # 100 is the most
        assert result.after.mean[other][name] < 25
        assert result.best[name] == 100
    assert told[0].kl < 0.3
    assert told[-1].kl > 1
    apart = [one.terrain_kl for one in (told[0], told[-1])]
    assert apart[0] is not None
    assert apart[1] is not None
    assert abs(apart[0]) < 0.1
    assert apart[1] > 1
    assert told[-1].learned.entropy < told[0].learned.entropy
    assert [one.iteration for one in told] == list(range(1, 33))


def test_all_rates_fall_to_the_last_iteration(
    inventor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[torch.optim.Optimizer] = []
    rates: list[list[float]] = []

    def optimizer_for(*arguments: Any) -> torch.optim.Optimizer:
        made.append(experience.optimizer_for(*arguments))
        return made[-1]

    def observe(told: Iteration) -> None:
        rates.append([group["lr"] for group in made[0].param_groups])

    monkeypatch.setattr(conditional, "optimizer_for", optimizer_for)
    train(inventor, score, replace(TINY, iterations=4), tmp_path / "out", observe=observe)
    assert len(rates[0]) == 3
    assert min(rates[0]) > 0
    for number, now in enumerate(rates):
        assert now == pytest.approx([rate * (1 - number / 4) for rate in rates[0]])


def test_the_folder_says_all_and_writes_programs(inventor: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = train(inventor, score, replace(TINY, cross_every=2), out)
    assert result is not None
    told = json.loads((out / "ulmus.json").read_text("utf-8"))
    assert told["kind"] == "conditional"
    assert told["terrains"] == ["left_wall", "right_wall"]
    assert told["terrain_network"] == "codes"
    assert (told["problem"], told["prompt"], told["max_tokens"]) == ("sodarace", "go", 4)
    assert load_file(out / "terrain.safetensors")["codes"].shape == (2, 1, 32)
    assert "| left_wall |" in (out / "README.md").read_text("utf-8")
    lines = log_of(out)
    assert [line["iteration"] for line in lines] == [0, 1, 2, 3, 4]
    assert all(isinstance(line["terrain_kl"], float) for line in lines[1:])
    assert ["cross" in line for line in lines] == [True, False, True, False, True]
    samples = [json.loads(line) for line in (out / "samples.jsonl").read_text("utf-8").splitlines()]
    assert len(samples) == 6
    assert all(set(sample["scores"]) == {"left_wall", "right_wall"} for sample in samples)

    model = open_conditional(out)
    programs = model.programs("right_wall", 5, seed=1)
    assert programs == model.programs("right_wall", 5, seed=1)
    assert any(program is not None and program.startswith("go") for program in programs)
    with pytest.raises(ConfigError, match=r"left_wall, right_wall"):
        model.programs("tunnel", 1)
    with pytest.raises(ConfigError, match="picture"):
        model.programs([((-1e6, 0.0), (1e6, 0.0))], 1)


@pytest.mark.parametrize(("kind", "vectors"), [("codes", 1), ("picture", 3)])
def test_without_torch_it_says_the_same_for_each_terrain(
    kind: str, vectors: int, inventor: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    train(
        inventor, score,
        replace(TINY, terrain_network=kind, prefix_vectors=vectors, iterations=1), out,
    )  # fmt: skip
    model, local = open_conditional(out), LocalModel(out)
    told = read_inventing(out, "conditional")
    tokens = torch.tensor([[5, 3, 4, 6]])
    said, errors = [], []
    for name in model.terrains:
        with torch.no_grad():
            units = model.policy.hidden(model.prefix(name)[None], tokens)
            expected = model.policy.net.logits(units)[0].numpy()
        opening = local._vocabulary.encode(told.on(name).start + told.prompt)
        assert len(opening) == vectors + len(model.inventor.prompt_tokens)
        logits = local.decoder.logits(np.array([*opening, *tokens[0, :-1]], np.int32))
        assert logits.shape[1] == model.policy.net.shape.vocabulary  # marks are never said
        said.append(logits[len(opening) - 1 :])
        errors.append(np.abs(said[-1] - expected).max())
    assert max(errors) < 1e-4
    assert np.abs(said[0] - said[1]).max() > 10 * max(errors)
    assert local.name != LocalModel(inventor).name


def test_samples_of_the_command_are_for_a_terrain(inventor: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(inventor, score, replace(TINY, iterations=1), out)
    config = sampling_of(str(out), {}, {"terrain": "left_wall"}, evaluations=5)
    assert (config.sample.terrain, config.options["terrain"]) == ("left_wall", "left_wall")
    operators = [
        make_operator("sample", None, config.sample.model_copy(update={"terrain": name}))
        for name in ("left_wall", "right_wall")
    ]
    assert operators[0].identity != operators[1].identity
    rngs = [random.Random(k) for k in range(20)]
    made = [proposal.program for proposal in operators[0].propose([()] * 20, rngs)]
    assert all(program.source.startswith("go") for program in made if program)
    assert any(made)
    for terrain, words in (("", "name one: left_wall, right_wall"), ("tunnel", "'tunnel'")):
        with pytest.raises(ConfigError, match=words):
            make_operator("sample", None, SampleSettings(model=str(out), terrain=terrain))
    with pytest.raises(ConfigError, match="no terrain in particular"):
        make_operator("sample", None, SampleSettings(model=str(inventor), terrain="tunnel"))
    assert sampling_of(str(inventor), {}, {"terrain": "tunnel"}).sample.terrain == ""


def test_prefixes_that_do_not_fit_are_refused(inventor: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(inventor, score, replace(TINY, iterations=1), out)
    asked = SampleSettings(model=str(out), terrain="right_wall")
    save_file({"left_wall": torch.zeros(1, 32)}, out / "prefixes.safetensors")
    with pytest.raises(ModelError, match="must have 1 vectors of 'right_wall', it has 0"):
        make_operator("sample", None, asked)
    (out / "prefixes.safetensors").unlink()
    with pytest.raises(ModelError, match=r"prefixes\.safetensors is missing"):
        make_operator("sample", None, asked)
    save_file({"left_wall": torch.zeros(1, 7)}, out / "prefixes.safetensors")
    with pytest.raises(ModelError, match=r"prefixes\.safetensors: left_wall must have the shape"):
        LocalModel(out)
    (out / "prefixes.safetensors").write_bytes(b"short")
    with pytest.raises(ModelError, match=r"prefixes\.safetensors"):
        LocalModel(out)


def test_a_model_with_pictures_looks_at_new_terrains(inventor: Path, tmp_path: Path) -> None:
    settings = replace(TINY, terrain_network="picture", prefix_vectors=2, iterations=1)
    train(inventor, score, settings, tmp_path / "out")
    model = open_conditional(tmp_path / "out")
    low = (((20.0, 200.0), (20.0, 3.0), (60.0, 3.0), (60.0, 200.0), (20.0, 200.0))[::-1],)
    prefixes = [model.prefix("tunnel"), model.prefix([((-1e6, 0.0), (1e6, 0.0)), *low])]
    assert prefixes[0].shape == (2, 32)
    assert not torch.equal(*prefixes)
    assert len(model.programs("tunnel", 3)) == 3


def test_stage_2_stays_as_it_is_and_policy_and_judge_begin_with_it(inventor: Path) -> None:
    before = load_file(inventor / "model.safetensors")["model.norm.weight"]
    learners = Learners(open_inventor(inventor), TINY)
    nets = (learners.policy.net, learners.judge.model.net, learners.stage_2.net)
    assert all(torch.equal(net.model.norm.weight, before.float()) for net in nets)
    names = set(checkpoints.trained(learners))
    assert not any(name.startswith("stage_2") for name in names)
    grouped = [weight for group in learners.groups(TINY) for weight in group["params"]]
    assert {id(weight) for weight in grouped} == {
        id(weight) for weight in checkpoints.trained(learners).values()
    }
    assert len(grouped) == len(names)


def test_the_rate_of_codes_follows_the_size_of_the_vector(inventor: Path) -> None:
    opened = open_inventor(inventor)
    size = float(opened.net.model.embed_tokens.weight[opened.end].detach().square().mean().sqrt())
    learners = Learners(opened, TINY)
    rate = learners.groups(TINY)[1]["lr"]
    assert rate == pytest.approx(TINY.rate_of_terrains * size)
    assert not 0.5 < size < 2  # so a rate without the size would be seen


def test_the_temperature_is_in_the_weights_of_policy_and_stage_2(inventor: Path) -> None:
    plain = open_inventor(inventor).net
    learners = Learners(open_inventor(inventor), replace(TINY, temperature=0.5))
    tokens, places = torch.tensor([[1, 2, 3]]), torch.arange(3)[None]
    stream = plain.embedded(tokens)
    plans = [LeftToRight()] * 2
    wanted = (plain.logits(plain.through(stream, places, plans)) / 0.5).log_softmax(-1)
    for model in (learners.policy, learners.stage_2):
        found = model.log_probabilities(model.through(stream, 0, plans))
        assert torch.allclose(found, wanted, atol=1e-5)


def test_a_program_is_measured_against_those_of_its_terrain(inventor: Path) -> None:
    opened = open_inventor(inventor)
    learners = Learners(opened, TINY)
    terrains = torch.arange(8) % 2
    with torch.no_grad():
        prefixes = learners.policy.terrains()[terrains]
        rollouts = draw(learners.policy, prefixes, chances_for(0, "test", 0, 8, 4), opened.end)
    rewards = torch.tensor([0.0, 5.0, 1.0, 6.0, 0.0, 5.0, 1.0, 6.0])  # the second is far easier
    seen = look_back(learners, terrains, rollouts, rewards, TINY)
    for terrain in (0, 1):
        mine = seen.advantages[seen.there & (terrains == terrain)[:, None]]
        assert abs(float(mine.mean())) < 1e-5
        assert abs(float(mine.square().mean()) - 1) < 1e-4
    means = [float(seen.advantages[row][seen.there[row]].mean()) for row in range(4)]
    assert means[0] < means[2]
    assert means[1] < means[3]


@pytest.mark.parametrize(
    ("prompt", "start", "length"),
    [("go", "", 0), ("", "", 1), ("", "<|endoftext|>", 1), ("go", "<|endoftext|>", 1)],
)
def test_stage_2_is_asked_as_it_was_taught(
    prompt: str, start: str, length: int, tmp_path: Path
) -> None:
    inventor = open_inventor(write_inventor(tmp_path / "toy", prompt=prompt, start=start))
    assert inventor.own_prefix.shape == (length, 32)
    assert inventor.prompt == prompt


@pytest.mark.parametrize("queue", [0, 2])
def test_a_stopped_training_goes_on_to_the_same_weights(
    queue: int, inventor: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = replace(TINY, queue=queue)
    train(inventor, score, settings, whole)
    observe, stop = stop_after(2)
    assert train(inventor, score, settings, parts, observe=observe, stop=stop) is None
    with (parts / LOG).open("a") as stream:
        stream.write('{"iteration": 3, "reward": 0}\n{"iterat')  # what a later kill leaves
    assert not same(weights(whole), weights(parts))
    assert train(inventor, score, settings, parts, resume=True) is not None
    assert same(weights(whole), weights(parts))
    assert log_of(whole) == log_of(parts)
    assert (log_of(whole)[-1]["learned"]["queue_loss"] is not None) == bool(queue)
    for name in ("model.safetensors", "terrain.safetensors", "samples.jsonl"):
        assert (whole / name).read_bytes() == (parts / name).read_bytes()


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(inventor: Path, tmp_path: Path) -> None:
    train(inventor, score, replace(TINY, iterations=16), tmp_path / "whole")
    parts = tmp_path / "parts"
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "import torch; torch.set_num_threads(1)\n"
        "from dataclasses import replace; from pathlib import Path\n"
        "from test_conditional import TINY, score, train\n"
        "train(Path(sys.argv[1]) / 'inventor', score, replace(TINY, iterations=16, save_every_s=0),"
        " Path(sys.argv[1]) / 'parts')"
    )
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), *paths])
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and child.poll() is None:
        place = checkpoints.newest(parts)
        if place is not None and int(place.name[5:]) >= 5:
            break
        time.sleep(0.002)
    assert child.poll() is None, "the training ended before it was killed"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert train(inventor, score, replace(TINY, iterations=16), parts, resume=True) is not None
    assert same(weights(tmp_path / "whole"), weights(parts))
    assert log_of(tmp_path / "whole") == log_of(parts)


def test_a_resume_with_other_options_or_another_model_is_refused(
    inventor: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    train(inventor, score, replace(TINY, iterations=1), out)
    with pytest.raises(TrainingError, match=r"kl_weight = 0\.01, now it is 0\.5"):
        train(inventor, score, replace(TINY, kl_weight=0.5), out, resume=True)
    other = write_inventor(tmp_path / "other", prompt="go a")
    with pytest.raises(TrainingError, match="stage-2 model"):
        train(other, score, TINY, out, resume=True)
    assert train(inventor, score, replace(TINY, iterations=2, judged=2), out, resume=True)


@pytest.mark.parametrize(("queue", "third"), [(0, 4), (8, 6)])
def test_a_reward_that_is_no_number_keeps_the_last_good_checkpoint(
    queue: int, third: int, inventor: Path, tmp_path: Path
) -> None:
    calls: list[int] = []
    settings = replace(TINY, save_every_s=0, queue=queue)

    def broken(pairs: Sequence[tuple[str, str]]) -> list[float | None]:
        calls.append(len(pairs))
        return [math.nan if len(calls) == third else value for value in score(pairs)]

    out = tmp_path / "out"
    with pytest.raises(TrainingError, match=r"after iteration 2 .*step-00000002"):
        train(inventor, broken, settings, out)
    assert all(bool(weight.isfinite().all()) for weight in weights(out).values())
    assert train(inventor, score, settings, out, resume=True) is not None
    train(inventor, score, settings, tmp_path / "whole")
    assert same(weights(tmp_path / "whole"), weights(out))


@contextmanager
def small_disk(room: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGXFSZ, before)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_keeps_the_checkpoint_before(inventor: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    observe, stop = stop_after(1)
    train(inventor, score, TINY, out, observe=observe, stop=stop)
    kept = checkpoints.newest(out)
    assert kept is not None
    with small_disk(20_000), pytest.raises(TrainingError, match="last one is"):
        train(inventor, score, replace(TINY, save_every_s=0), out, resume=True)
    assert checkpoints.newest(out) == kept
    assert train(inventor, score, TINY, out, resume=True) is not None


def test_what_cannot_be_trained_is_named(inventor: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match=r"right_wal.*Known: .*tunnel"):
        train(inventor, score, replace(TINY, terrains=("right_wal",)), out)
    with pytest.raises(ConfigError, match="at most 62"):
        train(inventor, score, replace(TINY, max_tokens=63), out)
    for told, error, words in (
        ({"kind": "diff"}, ModelError, "must say kind 'inventor', it says 'diff'"),
        ({"max_tokens": 0}, ModelError, "max_tokens at least 1"),
        ({"end": "nothing"}, TrainingError, "a token of the vocabulary, got 'nothing'"),
        ({"properties": "before"}, TrainingError, "was taught with properties"),
    ):
        bad = write_inventor(tmp_path / "bad", **told)  # type: ignore[arg-type]
        with pytest.raises(error, match=words):
            train(bad, score, TINY, out)
        shutil.rmtree(bad)
    with pytest.raises(ModelError, match=r"no ulmus\.json"):
        train(tmp_path, score, TINY, out)
    with pytest.raises(ModelError, match=r"kind 'conditional'.*`ulmus train conditional`"):
        open_conditional(inventor)
    assert not out.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"terrains": ()}, "different terrains"),
        ({"terrains": ("flat", "flat")}, "different terrains"),
        ({"samples": 1}, "at least 2"),
        ({"minibatches": 0}, "--minibatches must be at least 1; got 0"),
        ({"rate": 0.0}, "rate must be above 0"),
        ({"terrain_rate": math.nan}, "--terrain-rate must be above 0; got nan"),
        ({"temperature": 0.0}, "temperature must be above 0"),
        ({"clip": 1.5}, "clip must be in 0 to 1"),
        ({"kl_weight": -1.0}, "--kl-weight must be 0 or more; got -1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        replace(TINY, **changes)  # type: ignore[arg-type]


def test_micro_batches_hold_every_row_once_and_few_places() -> None:
    lengths = [900, 10, 2_000, 30, 1_500, 4_000, 5_000]
    parts = list(in_micro_batches(range(7), lengths))
    assert sorted(row for part in parts for row in part) == list(range(7))
    assert all(len(p) == 1 or len(p) * max(lengths[r] for r in p) <= 4_096 for p in parts)


def test_the_table_does_not_depend_on_how_many_programs_are_drawn_at_a_time(
    inventor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = open_inventor(inventor)
    policy = Learners(begun, TINY).policy
    tables = []
    for together in (128, 3):
        monkeypatch.setattr("ulmus.training.cross.TOGETHER", together)
        tables.append(cross_table(policy, begun, TINY.terrains, score, 7, 4, 1, "before"))
    assert tables[0] == tables[1]
    assert len({one.program for one in tables[0].written}) > 3
    assert [one.terrain for one in tables[0].written] == 7 * ["left_wall"] + 7 * ["right_wall"]


def test_the_cross_table_counts_invalid_programs_as_nothing() -> None:
    written = [
        Written("flat", "x", {"flat": 4.0, "tunnel": None}),
        Written("flat", None, {"flat": None, "tunnel": None}),
        Written("tunnel", "y", {"flat": 1.0, "tunnel": 3.0}),
    ]
    cross = Cross.of(written, ("flat", "tunnel"))
    assert cross.mean == {
        "flat": {"flat": 2.0, "tunnel": 0.0}, "tunnel": {"flat": 1.0, "tunnel": 3.0}
    }  # fmt: skip
    assert cross.best == {"flat": 4.0, "tunnel": 3.0}
    assert Cross.from_json(json.loads(json.dumps(cross.to_json()))).mean == cross.mean
