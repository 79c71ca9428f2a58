"""Families, the split, caps and weights."""

from __future__ import annotations

import pytest

from ulmus.mining import Sample, caps, scrub
from ulmus.mining.families import Kin, families
from ulmus.mining.funnel import Funnel


def kin(repo: str, root: str = "", pairs: range = range(0)) -> Kin:
    return Kin(repo, (root or f"root of {repo}",), frozenset(pairs))


def sample(number: int, family: str = "f", **fields: object) -> Sample:
    plain: dict[str, object] = {
        "before": "", "after": "", "message": f"message {number}", "path": "a.py", "repo": "a/b",
        "split": "train", "kind": "fix", "licence": "MIT", "commit_time": 0, "level": "func",
        "id": f"{number:04}",
    }  # fmt: skip
    return Sample(**{**plain, "family": family, **fields})  # type: ignore[arg-type]


def test_relatives_by_root_owner_and_files() -> None:
    found = families([
        kin("one/a", "r"), kin("two/b", "r"), kin("two/c"), kin("three/d", pairs=range(1000)),
        kin("four/e", pairs=range(985, 2000)), kin("five/f", pairs=range(1995, 4000)),
    ])  # fmt: skip
    assert found["one/a"] == found["two/b"] == found["two/c"]
    assert found["three/d"] == found["four/e"]  # 15 of 1,000
    assert found["five/f"] != found["four/e"]  # 5 of 1,015
    assert found["one/a"].id == "r"


def test_named_families_are_validation_and_test() -> None:
    found = families(
        [kin("pytoolz/toolz"), kin("encode/httpx"), kin("encode/other"), kin("cool-RR/PySnooper")]
    )
    splits = {repo: family.split for repo, family in found.items()}
    assert splits == {
        "pytoolz/toolz": "val", "encode/httpx": "test", "encode/other": "test",
        "cool-RR/PySnooper": "val",
    }  # fmt: skip


def test_a_family_with_a_test_repository_is_never_trained_on() -> None:
    found = families(
        [kin("pytoolz/toolz", "r"), kin("tornadoweb/tornado", "r"), kin("some/fork", "r")]
    )
    assert {family.split for family in found.values()} == {"test"}


def test_the_others_go_by_hash_mostly_to_training() -> None:
    found = families([kin(f"owner{number}/x") for number in range(500)])
    splits = [family.split for family in found.values()]
    assert 480 <= splits.count("train") <= 497
    assert splits.count("val") > 0
    assert splits.count("test") > 0


def test_local_repositories_are_not_of_one_owner() -> None:
    found = families([kin("local/a"), kin("local/b")])
    assert found["local/a"] != found["local/b"]


def test_large_families_are_capped_in_training_only() -> None:
    samples = [sample(number, f"f{number % 60}") for number in range(600)]
    samples += [sample(1000 + number, "large") for number in range(300)]
    samples += [sample(2000 + number, "tested", split="test") for number in range(300)]
    funnel = Funnel()
    kept = caps.capped(samples, 0.05, funnel)
    families_left = [one.family for one in kept]
    assert families_left.count("large") == 32  # 5 % of the 632 that are left
    assert families_left.count("tested") == 300
    assert families_left.count("f3") == 10
    assert funnel.lost["cap"] == {"family": 268}
    again = caps.capped(samples[::-1], 0.05, Funnel())
    assert {one.id for one in again} == {one.id for one in kept}


def test_few_families_are_not_cut_to_pieces() -> None:
    samples = [sample(number, f"f{number % 2}") for number in range(100)]
    assert len(caps.capped(samples, 0.05, Funnel())) == 100


def test_youtube_dl_and_string_edits_are_capped() -> None:
    samples = [sample(number, repo="ytdl-org/youtube-dl") for number in range(600)]
    assert len(caps.capped(samples, 1.0, Funnel())) == 500
    samples = [sample(number, strings_only=number % 2 == 0) for number in range(1000)]
    kept = caps.capped(samples, 1.0, Funnel())
    assert sum(one.strings_only for one in kept) == 27  # 5 % of the 527 that are left


@pytest.mark.parametrize(("num_tests", "weight"), [(5, 1.0), (60, 0.1176)])
def test_test_files_weigh_at_most_15_percent(num_tests: int, weight: float) -> None:
    samples = [sample(number, is_test=number < num_tests) for number in range(100)]
    weighted = caps.weighted(samples)
    assert weighted[0].weight == weight
    assert weighted[-1].weight == 1.0
    share = sum(one.weight for one in weighted if one.is_test) / sum(one.weight for one in weighted)
    assert share <= 0.1501


@pytest.mark.parametrize(
    "text",
    ["x = 'a@example.com'", "ip = '127.0.0.1'", "v = '1.2.3.4'", "password = 'secret'", "password = ''",
     "task_id = 12", "x = '0123456789abcdef'", "http://user@host/", "sha1 = hexdigest()[:32]",
     "net = '192.168.0.17'", "def author(self): pass", "a @ b"],
)  # fmt: skip
def test_harmless_text_stays(text: str) -> None:
    assert scrub.secret(text) is None
    assert scrub.scrubbed(text) == text


def test_raw_subjects_lose_handles_and_addresses() -> None:
    raw = "Fix it for @joe and joe@corp.org\x07"
    assert scrub.scrubbed_message(raw) == "Fix it for @user and user@example.com"
