"""Completions that were recorded once and are replayed without the model.

A recording is a text file with one JSON object per line: `key` is a digest of the model's name,
the sampling, the prompt's text and its seed; `completion` is what came; `model` and `prompt_head`
are for people. Equal keys: the last line counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from ulmus.errors import ModelError
from ulmus.models.base import Model
from ulmus.records import Completion, Prompt, Sampling

MISSING = "no recorded answer"
"""The error of a completion that the recording lacks."""

_HEAD_CHARS = 80  # of the prompt, for people who read the file


def recording_key(model: str, sampling: Sampling, prompt: Prompt) -> str:
    """Return the digest under which a completion is recorded, 32 hex digits."""
    address = [model, asdict(sampling), prompt.text, prompt.seed]
    if prompt.check is not None:
        address.append(repr(prompt.check))
    return sha256(json.dumps(address).encode()).hexdigest()[:32]


def read_recording(path: str | Path) -> dict[str, Completion]:
    """Return the completions of a recording by key.

    Raises:
        ModelError: The file cannot be read, or a line is no recorded completion.
    """
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"cannot read the recording {path}: {error}") from None
    found = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                key, completion = _parse(line)
            except ValueError as error:
                raise ModelError(f"{path}, line {number}: {error}") from None
            found[key] = completion
    return found


def _parse(line: str) -> tuple[str, Completion]:
    try:
        entry: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected a JSON object, got {line[:40]!r} ({error})") from None
    if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
        raise ValueError(f'expected an object with a text "key", got {line[:40]!r}')
    fields = entry.get("completion")
    if not isinstance(fields, dict) or set(fields) != {"text", "num_tokens", "error"}:
        raise ValueError('expected a "completion" with text, num_tokens and error')
    text, num_tokens, failure = fields["text"], fields["num_tokens"], fields["error"]
    plain = isinstance(text, str) and type(num_tokens) is int and isinstance(failure, str | None)
    if not plain:
        raise ValueError('the "completion" has a value of the wrong kind')
    return entry["key"], Completion(text, num_tokens, failure)


class RecordedModel:
    """Answers from a recording; what it lacks gets a completion with an error."""

    def __init__(self, recording: str | Path | Mapping[str, Completion], name: str) -> None:
        """Read a recording.

        Args:
            recording: A file, or completions by key.
            name: Name of the model that was recorded.

        Raises:
            ModelError: The file cannot be read or is broken.
        """
        if isinstance(recording, str | Path):
            recording = read_recording(recording)
        self._completions = dict(recording)
        self._name = name

    @property
    def name(self) -> str:
        """Name of the model that was recorded: replaying it gives the same run."""
        return self._name

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Return what was recorded for each prompt."""
        missing = Completion("", error=MISSING)
        return [
            self._completions.get(recording_key(self._name, sampling, prompt), missing)
            for prompt in prompts
        ]


class Recorder:
    """A model that writes down what another model answers."""

    def __init__(self, model: Model, path: str | Path) -> None:
        """Wrap a model; the file is made or appended to at the first answer.

        Args:
            model: The model that answers.
            path: The file that takes the recording.
        """
        self._model = model
        self._path = Path(path)

    @property
    def name(self) -> str:
        """Name of the model that answers."""
        return self._model.name

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Pass the prompts on, append the answers, return them.

        Raises:
            ModelError: The model is out of reach, or the file cannot be written.
        """
        completions = self._model.complete(prompts, sampling)
        pairs = zip(prompts, completions, strict=True)
        lines = [self._line(prompt, sampling, completion) for prompt, completion in pairs]
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.writelines(lines)
        except OSError as error:
            raise ModelError(f"cannot write the recording {self._path}: {error}") from None
        return completions

    def _line(self, prompt: Prompt, sampling: Sampling, completion: Completion) -> str:
        entry = {
            "key": recording_key(self.name, sampling, prompt),
            "model": self.name,
            "prompt_head": prompt.text[:_HEAD_CHARS],
            "completion": asdict(completion),
        }
        return json.dumps(entry) + "\n"
