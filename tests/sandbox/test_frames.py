"""What the host believes of an answer: nothing that it has not checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulmus.records import Job, Limits, Status
from ulmus.sandbox import frames

JOB = Job("x", "start", limits=Limits(output_bytes=1000, stdout_bytes=10))
HEAD: dict[str, Any] = {"status": "ok", "error": None, "entry": "start", "stdout": ""}


def answer(body: str = "null", **changes: Any) -> str:
    return json.dumps({**HEAD, **changes}) + "\n" + body


def test_an_honest_answer_is_believed() -> None:
    outcome = frames.decode(answer('{"a": [1, 2.5]}', stdout="hi"), JOB, 7)
    assert (outcome.status, outcome.value) == (Status.OK, {"a": [1, 2.5]})
    assert (outcome.stdout, outcome.fuel, outcome.entry) == ("hi", 7, "start")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "null\nnull",
        json.dumps(HEAD),
        json.dumps(HEAD)[:-1] + "\n1",
        "[" * 3000 + "\n1",
        json.dumps({**HEAD, "extra": 1}) + "\n1",
        json.dumps({"status": "ok"}) + "\n1",
        answer("1", status="timeout", error="x"),
        answer("1", status="violation", error="x"),
        answer("1", status=["ok"]),
        answer("1", status=True),
        answer("1", status="ok", error="x"),
        answer("1", status="error", error=None),
        answer("1", entry=5),
        answer("1", stdout=None),
        answer("1", stdout="x" * 20_000),
        answer(""),
        answer("1 2"),
        answer("[1]\n[2]"),
        answer("NaN"),
        answer("[Infinity]"),
        answer("[1e999]"),
        answer("[-1e999]"),
        answer("-"),
        answer("[" * 900),
        "\ud800\n1",
    ],
)
def test_a_garbled_answer_is_a_violation(text: str) -> None:
    outcome = frames.decode(text, JOB, 0)
    assert outcome.status == Status.VIOLATION
    assert "garbled" in str(outcome.error)
    assert outcome.value is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("9" * 100, "64 bits"),
        ('["\\ud800"]', "surrogate"),
        ("[" * 101 + "]" * 101, "deeper"),
        ("[" + "0," * 600 + "0]", "bytes"),
    ],
)
def test_a_value_beyond_the_rule_is_output(body: str, words: str) -> None:
    outcome = frames.decode(answer(body), JOB, 0)
    assert outcome.status == Status.OUTPUT
    assert words in str(outcome.error)
    assert outcome.value is None
    assert outcome.entry == "start"


def test_a_value_besides_a_failure_is_ignored() -> None:
    outcome = frames.decode(answer("[1]", status="error", error="E: x (line 1)"), JOB, 0)
    assert (outcome.status, outcome.value, outcome.error) == (Status.ERROR, None, "E: x (line 1)")


def test_texts_are_cut_by_bytes_and_cleaned() -> None:
    outcome = frames.decode(answer("1", stdout="ä\ud800" * 6), JOB, 0)
    assert outcome.stdout == "ä?ä?ä?"
    assert len(outcome.stdout.encode()) <= JOB.limits.stdout_bytes
    long = frames.decode(answer("1", status="error", error="e" * 9000, entry=None), JOB, 0)
    assert long.error == "e" * 1000


@given(st.text())
def test_no_text_makes_the_host_raise(text: str) -> None:
    assert frames.decode(text, JOB, 0).status in (Status.VIOLATION, Status.OK, Status.OUTPUT)
    assert frames.decode(json.dumps(HEAD) + "\n" + text, JOB, 0).status in set(Status)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*HEAD, "other"]), JSON), JSON)
def test_no_head_and_no_value_makes_the_host_raise(head: dict[str, Any], value: Any) -> None:
    outcome = frames.decode(json.dumps({**HEAD, **head}) + "\n" + json.dumps(value), JOB, 0)
    assert outcome.status in set(Status)
    assert (outcome.error is None) == (outcome.status == Status.OK)


def test_a_job_that_cannot_be_sent_is_refused_before() -> None:
    large = frames.refusal(Job("#" * (frames.MAX_SOURCE_CHARS + 1), "start"))
    assert large is not None
    assert large.status == Status.ERROR
    odd = frames.refusal(Job("x", "start", args=(float("nan"),)))
    assert odd is not None
    assert "value[0] is nan" in str(odd.error)
    assert frames.refusal(Job("\0\ud800", "start")) is None


def test_the_way_in_is_ascii_whatever_the_program() -> None:
    text = frames.encode(Job("é\0\ud800\n😀", "ä"))
    assert text.isascii()
    assert json.loads(text)["source"] == "é\0\ud800\n😀"
