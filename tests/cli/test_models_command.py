"""`ulmus models`: what is there is listed, what is foreign is named, a try prints answers."""

import json

import pytest
from tiny_llama import write_model
from typer.testing import CliRunner

from ulmus.cli.models import models
from ulmus.errors import ConfigError, ModelError

RUNNER = CliRunner()


def invoke(*arguments):
    return RUNNER.invoke(models, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("ulmus.models.shelf.cached_models", lambda: tmp_path / "cache")
    monkeypatch.setattr("ulmus.models.shelf.SHIPPED", tmp_path / "none")
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_models_are_listed_by_name(cache):
    assert json.loads(invoke("list", "--json").stdout) == {"models": {}}
    write_model(cache / "mine")
    write_model(cache / "odd", architectures=["GPT2LMHeadModel"], model_type="gpt2")
    listed = invoke("list", "--json").stdout.splitlines()
    assert listed[0].startswith("mine")
    assert "0.0M weights, context 128" in listed[0]
    assert "cannot be run by the embedded decoder" in listed[1]
    assert set(json.loads(listed[-1])["models"]) == {"mine", "odd"}


def test_a_folder_is_converted_into_the_cache_and_tried(cache, tmp_path):
    source = write_model(tmp_path / "Tiny")
    done = json.loads(
        invoke("convert", source, "--numbers", "int8", "--json").stdout.splitlines()[-1]
    )
    assert done["folder"] == str(cache / "tiny")
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("def f(x):")
    tried = invoke("try", "tiny", "--prompt", prompt, "-n", 2, "--max-tokens", 5, "--json")
    answers = json.loads(tried.stdout.splitlines()[-1])
    assert answers["model"].startswith("local:")
    assert [answer["num_tokens"] for answer in answers["answers"]] == [5, 5]
    assert "\x1b" not in tried.stdout


def test_what_cannot_be_converted(cache, tmp_path):
    with pytest.raises(ConfigError, match="there is no file or folder"):
        invoke("convert", tmp_path / "none.gguf")
    with pytest.raises(ConfigError, match="numbers must be one of float16, int8"):
        invoke("convert", tmp_path, "--numbers", "int4")
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"a\.gguf is cut off"):
        invoke("convert", tmp_path / "a.gguf")
    assert list(cache.iterdir()) == []
