"""Every model keeps the promises of the protocol; broken ones are found out."""

import pytest

from ulmus.models.conformance import check_model
from ulmus.models.recorded import RecordedModel, Recorder, recording_key
from ulmus.models.scripted import ScriptedModel
from ulmus.records import Completion, Prompt, Sampling

PROMPTS = [Prompt("def f(x):", seed=1), Prompt("def g(x):", seed=2), Prompt("def f(x):", seed=3)]


@pytest.mark.parametrize(
    "answers",
    [
        ["return x", "return 1", "pass"],
        {"def f(x):": "return x + 1"},
        lambda prompt: f"{prompt.text} return {prompt.seed}",
    ],
)
def test_scripted_models_conform(answers):
    check_model(ScriptedModel(answers), PROMPTS)


def test_recorded_models_conform(tmp_path):
    file = tmp_path / "answers.jsonl"
    model = ScriptedModel(lambda prompt: f"{prompt.text} return {prompt.seed}", name="toy")
    check_model(Recorder(model, file), PROMPTS)
    check_model(RecordedModel(file, name="toy"), PROMPTS)


class Forgetful(ScriptedModel):
    def complete(self, prompts, sampling):
        return super().complete(prompts, sampling)[:-1]


class Chatty(ScriptedModel):
    def complete(self, prompts, sampling):
        return super().complete(prompts, Sampling())


class Moody(ScriptedModel):
    def complete(self, prompts, sampling):
        return [Completion(f"{len(prompts)}") for _ in prompts]


class Silent(ScriptedModel):
    def complete(self, prompts, sampling):
        return [Completion("", error="out of words") for _ in prompts]


@pytest.mark.parametrize("broken", [Forgetful, Chatty, Moody, Silent])
def test_a_broken_promise_is_found(broken):
    with pytest.raises(AssertionError):
        check_model(broken(["return x", "return 1", "pass"]), PROMPTS)


def test_recording_keys_tell_everything_apart():
    prompt, sampling = Prompt("a", 1), Sampling()
    keys = {
        recording_key("m", sampling, prompt),
        recording_key("n", sampling, prompt),
        recording_key("m", Sampling(temperature=0.1), prompt),
        recording_key("m", sampling, Prompt("a", 2)),
        recording_key("m", sampling, Prompt("b", 1)),
    }
    assert len(keys) == 5
