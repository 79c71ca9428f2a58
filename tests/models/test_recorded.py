"""Recordings are replayed exactly; what is missing is a value, what is broken is an error."""

import json

import pytest

from ulmus.errors import ConfigError, ModelError
from ulmus.models.recorded import MISSING, RecordedModel, Recorder, read_recording, recording_key
from ulmus.models.scripted import ScriptedModel, cut_at_stop
from ulmus.records import Completion, Prompt, Sampling

SAMPLING = Sampling(stop=("\nEND",))
PROMPTS = [Prompt("ä\u2028b", 7), Prompt("x = '\ud800'", 8)]


def record(path):
    model = ScriptedModel(lambda p: f"answer {p.seed}\u2028\nEND more", name="toy")
    return Recorder(model, path).complete(PROMPTS, SAMPLING)


def test_a_recording_gives_back_what_was_answered(tmp_path):
    file = tmp_path / "a.jsonl"
    answered = record(file)
    assert [c.text for c in answered] == ["answer 7\u2028", "answer 8\u2028"]
    assert RecordedModel(file, "toy").complete(PROMPTS, SAMPLING) == answered
    assert RecordedModel(str(file), "toy").complete(PROMPTS[1:], SAMPLING) == answered[1:]
    assert RecordedModel(read_recording(file), "toy").complete(PROMPTS, SAMPLING) == answered


def test_recordings_are_appended_to(tmp_path):
    file = tmp_path / "a.jsonl"
    record(file)
    record(file)
    assert len(file.read_text().splitlines()) == 4
    assert len(read_recording(file)) == 2


@pytest.mark.parametrize(
    ("name", "sampling", "prompt"),
    [
        ("other", SAMPLING, PROMPTS[0]),
        ("toy", Sampling(), PROMPTS[0]),
        ("toy", SAMPLING, Prompt(PROMPTS[0].text, 9)),
    ],
)
def test_what_was_not_recorded_is_a_value(tmp_path, name, sampling, prompt):
    file = tmp_path / "a.jsonl"
    record(file)
    (completion,) = RecordedModel(file, name).complete([prompt], sampling)
    assert completion == Completion("", error=MISSING)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"key": 1}',
        '{"key": "a"}',
        '{"key": "a", "completion": {"text": "b"}}',
        '{"key": "a", "completion": {"text": 1, "num_tokens": 1, "error": null}}',
        '{"key": "a", "completion": {"text": "", "num_tokens": true, "error": null}}',
        "[" * 100_000,
    ],
)
def test_a_broken_line_is_named(tmp_path, line):
    file = tmp_path / "a.jsonl"
    record(file)
    with file.open("a") as stream:
        stream.write("\n" + line + "\n")
    with pytest.raises(ModelError, match=r"a\.jsonl, line 4: "):
        RecordedModel(file, "toy")


def test_files_that_cannot_be_read_or_written(tmp_path):
    with pytest.raises(ModelError, match="cannot read"):
        RecordedModel(tmp_path / "none.jsonl", "toy")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="cannot read"):
        RecordedModel(tmp_path / "latin.jsonl", "toy")
    with pytest.raises(ModelError, match="cannot write"):
        record(tmp_path / "no" / "folder.jsonl")


def test_failed_answers_are_recorded_too(tmp_path):
    file = tmp_path / "a.jsonl"
    Recorder(ScriptedModel({}, name="toy"), file).complete(PROMPTS, SAMPLING)
    (completion, _) = RecordedModel(file, "toy").complete(PROMPTS, SAMPLING)
    assert completion.error == "the script has no answer to this prompt"
    entry = json.loads(file.read_text().splitlines()[0])
    assert entry["key"] == recording_key("toy", SAMPLING, PROMPTS[0])
    assert entry["prompt_head"] == PROMPTS[0].text


def test_scripts_answer_by_seed_text_or_function():
    listed = ScriptedModel(["a", "b"])
    texts = [c.text for c in listed.complete([Prompt("", 3), Prompt("", 4)], Sampling())]
    assert texts == ["b", "a"]
    assert listed.name != ScriptedModel(["a", "c"]).name
    assert ScriptedModel({"q": "r"}).complete([Prompt("q")], Sampling())[0].text == "r"


@pytest.mark.parametrize("answers", ["text", []])
def test_scripts_that_make_no_sense(answers):
    with pytest.raises(ConfigError):
        ScriptedModel(answers)


def test_cut_at_stop():
    assert cut_at_stop("abcabc", ["ca", "b"]) == "a"
    assert cut_at_stop("abc", ["", "x"]) == "abc"
