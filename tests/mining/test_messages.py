"""What makes a commit message useful, and what it must not carry."""

from __future__ import annotations

import pytest

from ulmus.mining import messages, paths

AUTHOR = ("Ann Author", "ann@example.com")


@pytest.mark.parametrize(
    ("subject", "cleaned"),
    [
        ("Fix crash in parser (#123)", "Fix crash in parser"),
        ("Fix #123: crash in parser when empty", "Fix crash in parser when empty"),
        ("BUG: handle nan in the mean", "handle nan in the mean"),
        ("Handle nan in the mean, closes #17", "Handle nan in the mean"),
        ("Handle nan in the mean [ci skip]", "Handle nan in the mean"),
        ("gh-4711: Handle nan in the mean.", "Handle nan in the mean"),
        ("Handle nan in the mean, thanks @somebody-else", "Handle nan in the mean"),
        ("Handle nan. Patch by John Smith.", "Handle nan"),
        (
            "Let alias() of an alias() be cloned [ticket:1641]",
            "Let alias() of an alias() be cloned",
        ),
        ("Use @property for the size", "Use @property for the size"),
        ("Use @open_file in all readers", "Use @open_file in all readers"),
    ],
)
def test_subjects_are_cleaned(subject: str, cleaned: str) -> None:
    assert messages.clean(subject) == cleaned


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Handle empty lists in the mean", None),
        ("Return early if the graph has no nodes", None),
        ("Merge branch 'main' into topic", "merge"),
        ("Revert the change of the mean", "revert"),
        ("Bump version to 1.2", "version"),
        ("Release version 2.0 of it", "version"),
        ("Correct spelling of a name", "typo"),
        ("Fix typo in the mean", "typo"),
        ("Sort imports with isort", "format"),
        ("Make flake8 happy with this", "format"),
        ("Update docstring of the mean", "docs"),
        ("Document the return value of mean", "docs"),
        ("Run tests on travis too", "ci"),
        ("Some more small fixes", "vague"),
        ("Address the review feedback", "vague"),
        ("WIP handle empty lists", "unfinished"),
        ("fixup! Handle empty lists", "unfinished"),
        ("I forgot to handle this", "chatter"),
        ("Does this work at last?", "chatter"),
        ("Take it from https://example.com/x", "link"),
        ("Backport of the mean fix", "link"),
        ("Handle nan", "few words"),
        ("Fix it", "length"),
        ("x" * 20 + " handle lists " * 20, "length"),
        ("Обработка пустых списков в среднем", "not English"),
        ("Behandle Sonderfälle für Größen", "not English"),
        ("Handle broken \ufffd\ufffd characters", "not English"),
        ("Handle what Ann Author found", "names a person"),
        ("Handle lists as @somebody wants", "names a person"),
        ("Handle lists as suggested by John Smith", "names a person"),
    ],
)  # fmt: skip
def test_messages_are_refused_with_a_reason(message: str, reason: str | None) -> None:
    assert messages.refusal(message, *AUTHOR) == reason


@pytest.mark.parametrize("name", ["dependabot[bot]", "pre-commit-ci[bot]", "renovate"])
def test_bots_are_refused(name: str) -> None:
    assert messages.refusal("Handle empty lists in the mean", name, "x@y") == "bot"


def test_kind_and_imperative() -> None:
    assert messages.kind("Fix the mean of nothing") == "fix"
    assert messages.kind("Added a helper for that") == "add"
    assert messages.kind("mean: remove the loop") == "remove"
    assert messages.kind("Speed up the mean of lists") == "perf"
    assert messages.kind("Timedelta deterministic hashing") == "other"
    assert messages.is_imperative("Fix the mean of nothing")
    assert not messages.is_imperative("Fixed the mean of nothing")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("src/pkg/core.py", None),
        ("src/pip/_vendor/requests/api.py", "vendored or generated"),
        ("pkg/third_party/a.py", "vendored or generated"),
        ("app/migrations/0001_initial.py", "vendored or generated"),
        ("pkg/thing_pb2.py", "packaging or generated"),
        ("pkg/_version.py", "packaging or generated"),
        ("versioneer.py", "packaging or generated"),
        ("setup.py", "packaging or generated"),
        ("docs/conf.py", "packaging or generated"),
        ("tests/conftest.py", "packaging or generated"),
        ("pkg/setup_things.py", None),
    ],
)
def test_paths(path: str, reason: str | None) -> None:
    assert paths.refusal(path) == reason


def test_tests_are_known_by_their_path() -> None:
    assert paths.is_test("pkg/tests/thing.py")
    assert paths.is_test("test_thing.py")
    assert paths.is_test("pkg/thing_test.py")
    assert not paths.is_test("pkg/latest.py")
