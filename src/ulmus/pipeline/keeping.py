"""What a pipeline keeps of its tasks: a record beside each folder, and what becomes of old results.

The record of `4-inventor` is `4-inventor.json`. It is written before a task begins and once more
when it has ended, each time whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ulmus.errors import ConfigError, RunWriteError
from ulmus.pipeline.making import losses_file
from ulmus.pipeline.stages import Task
from ulmus.records import Json

PIPELINE = "pipeline.json"
"""File in the folder of a pipeline that says what it is."""

FORMAT = "ulmus-pipeline"
VERSION = 1


@dataclass(frozen=True)
class Record:
    """What is known of a task.

    Attributes:
        stage: Its stage.
        settings: Its settings.
        inputs: Digest of the result of each folder that it reads.
        ulmus: Version that made it.
        seconds: Time spent on it, as far as it ended regularly or was stopped.
        figures: What it came to; None while it is not done.
    """

    stage: str
    settings: Mapping[str, Json]
    inputs: Mapping[str, str]
    ulmus: str
    seconds: float = 0.0
    figures: Mapping[str, Json] | None = field(default=None)

    @property
    def done(self) -> bool:
        """Whether the task has ended."""
        return self.figures is not None

    @property
    def digest(self) -> str:
        """Digest of all that the task depends on."""
        return _digest([self.stage, self.settings, self.inputs, self.ulmus])

    @property
    def result(self) -> str:
        """Digest of what it came to: made again to another end, it is another input."""
        return _digest([self.digest, self.figures])

    def changes(self, now: Record) -> str:
        """Say in words how what a task depends on differs from what it depends on now."""
        before, after = _flat(self), _flat(now)
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return ", ".join(
            f"{key} changed" if key in now.inputs or key in self.inputs
            else f"{key} {before.get(key)} -> {after.get(key)}"
            for key in keys
        )  # fmt: skip


def _flat(record: Record) -> dict[str, Any]:
    return {**record.settings, **record.inputs, "ulmus": record.ulmus}


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def record_file(folder: Path) -> Path:
    """Return where the record of a task is kept, beside its folder."""
    return folder.with_name(f"{folder.name}.json")


def read_record(folder: Path) -> Record | None:
    """Return the record of a task, None if it has not begun.

    Raises:
        ConfigError: The file is damaged.
    """
    file = record_file(folder)
    try:
        plain = json.loads(file.read_text("utf-8"))
        plain.pop("digest", None)
        return Record(**plain)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{file} is no record of a pipeline ({error}); remove it to make its folder anew"
        ) from None


def write_record(folder: Path, record: Record) -> None:
    """Write the record of a task; it appears whole or not at all.

    Raises:
        RunWriteError: The folder or the disk refuses.
    """
    write_json(record_file(folder), {**asdict(record), "digest": record.digest})


def write_json(file: Path, value: Mapping[str, Any]) -> None:
    """Write an object to a file; it appears whole or not at all.

    Raises:
        RunWriteError: The folder or the disk refuses.
    """
    partial = file.with_name(f".{file.name}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
        os.replace(partial, file)
    except OSError as error:
        raise RunWriteError(f"cannot write {file}: {error.strerror}; make room") from error


def set_aside(folder: Path) -> Path | None:
    """Give an old result another name and return it, None if there was nothing.

    Raises:
        RunWriteError: The folder refuses.
    """
    number = 1
    while any(path.exists() for path in _paths(_old(folder, number))):
        number += 1
    new = _old(folder, number)
    moved = False
    for old_path, new_path in zip(_paths(folder), _paths(new), strict=True):
        try:
            if old_path.exists():
                old_path.rename(new_path)
                moved = True
        except OSError as error:
            raise RunWriteError(f"cannot move {old_path} aside: {error.strerror}") from error
    return new if moved else None


def _old(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}.old-{number}")


def _paths(folder: Path) -> Sequence[Path]:
    """Return all that belongs to a task; the record comes last, so a kill loses nothing."""
    return folder, losses_file(folder), record_file(folder)


def check_pipeline(out: Path, preset: str) -> None:
    """Check that a folder is new, empty, or of a pipeline of this preset.

    Raises:
        ConfigError: It holds something else, or another preset.
    """
    file = out / PIPELINE
    try:
        told = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        if out.is_file() or (out.is_dir() and _foreign(out)):
            raise ConfigError(
                f"{out} is not empty and no pipeline; choose another folder with --out"
            ) from None
        return
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is damaged ({error}); choose another folder") from None
    if not isinstance(told, dict) or (told.get("format"), told.get("version")) != (FORMAT, VERSION):
        raise ConfigError(f"{file} is of no pipeline that this ulmus ({FORMAT} {VERSION}) reads")
    if told.get("preset") != preset:
        raise ConfigError(
            f"{out} holds a pipeline of the preset {told.get('preset')}; choose another folder "
            f"with --out, or --preset {told.get('preset')}"
        )


def _foreign(out: Path) -> bool:
    return any(path.name != "lock" for path in out.iterdir())


def write_pipeline(
    out: Path, preset: str, values: Mapping[str, Json], tasks: Sequence[Task]
) -> None:
    """Write what a pipeline is and which folders it has.

    Raises:
        RunWriteError: The folder or the disk refuses.
    """
    import ulmus

    write_json(
        out / PIPELINE,
        {
            "format": FORMAT, "version": VERSION, "ulmus": ulmus.__version__, "preset": preset,
            "values": dict(values),
            "tasks": [{"stage": task.stage, "folder": task.folder} for task in tasks],
        },
    )  # fmt: skip
