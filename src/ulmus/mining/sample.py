"""One edit with its message and its origin, and the file that holds many of them.

`edits.jsonl.gz`: a header line, then one JSON object per sample. The bytes depend on the content
only (gzip time stamp 0, keys in order of declaration).
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import io
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ulmus.errors import DataFormatError, DataWriteError
from ulmus.mining.atomic import replacing

FORMAT = "ulmus-edits"
VERSION = 1
FILE_NAME = "edits.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Sample:
    """One edit.

    Attributes:
        before: The unit before the edit; LF, no trailing newline.
        after: The unit after it.
        message: What the edit is for, cleaned.
        path: File in the repository, or a label.
        repo: "OWNER/NAME", or "run:FOLDER" for accepted edits of a run.
        family: Samples of one family never lie on two sides of the split.
        split: "train", "val" or "test".
        kind: fix, add, remove, refactor, perf, change, test or other.
        licence: SPDX identifier at HEAD.
        commit_time: UTC seconds.
        level: func, method or mini.
        weight: How much the sample counts in training; 1 if nothing speaks against it.
        id: 16 hex digits over repository, commit, path, unit and level.
        origin: URL of the repository; None for a local one.
        commit: Object id of the commit.
        parent: Object id of its first parent.
        unit: Name of the function or method ("Class.method"); names joined by "+" for mini.
        lines: First and last line of the unit in the old file, from 1.
        before_blob: Object id of the old file.
        after_blob: Object id of the new file.
        message_raw: Subject as it stood, without personal data.
        imperative: The message begins with an imperative verb.
        change_class: strict, one_py, with_tests or multi (what else the commit touched).
        n_files: Files that the commit touched.
        is_test: The file is a test.
        pure: The file changed nowhere else.
        recent: Commit of the time hold-out.
        from_head: Reachable from HEAD, not only from a pull request or another branch.
        strings_only: Nothing but string literals changed.
        changed: Removed plus added lines.
        hunks: Places that changed.
        min_context: Context lines that make each place unique, 0 to 3.
        tokens: Counts of before, message, diff_u1 (bare) and diff_u3 (with numbers).
        licence_at_commit: SPDX identifier at that time.
        licence_file_blob: Object id of the licence text at HEAD, or "".
        miner: Version and hash of the settings.
    """

    before: str
    after: str
    message: str
    path: str
    repo: str
    family: str
    split: str
    kind: str
    licence: str
    commit_time: int
    level: str
    weight: float = 1.0
    id: str = ""
    origin: str | None = None
    commit: str = ""
    parent: str = ""
    unit: str = ""
    lines: tuple[int, int] = (0, 0)
    before_blob: str = ""
    after_blob: str = ""
    message_raw: str = ""
    imperative: bool = False
    change_class: str = ""
    n_files: int = 0
    is_test: bool = False
    pure: bool = True
    recent: bool = False
    from_head: bool = True
    strings_only: bool = False
    changed: int = 0
    hunks: int = 0
    min_context: int = 0
    tokens: Mapping[str, int] = field(default_factory=dict)
    licence_at_commit: str = ""
    licence_file_blob: str = ""
    miner: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the sample as plain data; `from_json` reads it back."""
        plain = {name: getattr(self, name) for name in _NAMES}
        return plain | {"lines": list(self.lines), "tokens": dict(self.tokens)}

    @staticmethod
    def from_json(plain: object) -> Sample:
        """Build a sample from plain data; unknown keys are ignored.

        Raises:
            DataFormatError: Not an object, a key is missing or has another type.
        """
        if not isinstance(plain, dict):
            raise DataFormatError("a sample must be a JSON object")
        for name, types in _REQUIRED.items():
            if not isinstance(plain.get(name), types):
                raise DataFormatError(f"a sample has no usable {name!r}")
        known = {name: plain[name] for name in _NAMES if name in plain}
        if "lines" in known:
            known["lines"] = tuple(known["lines"])
        return Sample(**known)


_NAMES = tuple(field.name for field in dataclasses.fields(Sample))
_REQUIRED: dict[str, type] = {
    **dict.fromkeys(("before", "after", "message", "path", "repo", "family", "split"), str),
    **dict.fromkeys(("kind", "licence", "level"), str),
    "commit_time": int,
}


def read_edits(path: Path | str) -> Iterator[Sample]:
    """Yield the samples of a data folder or of one `edits.jsonl.gz`.

    Raises:
        DataFormatError: Missing, cut off, of another format or version, or damaged; the message
            names the file and what to do.
    """
    file = data_file(path)
    lines = _lines(file)
    _check_header(next(lines, ""), file)
    for number, line in enumerate(lines, start=2):
        try:
            yield Sample.from_json(json.loads(line))
        except (ValueError, TypeError, DataFormatError) as error:
            raise DataFormatError(f"{file}, line {number}: {error}") from error


def read_header(path: Path | str) -> dict[str, Any]:
    """Return the header of a data file: format, miner, settings, number of samples.

    Raises:
        DataFormatError: See `read_edits`.
    """
    file = data_file(path)
    return _check_header(next(_lines(file), ""), file)


def data_file(path: Path | str) -> Path:
    """Return the file with the samples, given it or its folder."""
    path = Path(path)
    return path / FILE_NAME if path.is_dir() else path


def write_edits(
    path: Path, samples: Iterable[Sample], header: Mapping[str, object] | None = None
) -> None:
    """Write a data file; until it is complete, the old one stays.

    Raises:
        DataWriteError: The folder or the disk refuses.
    """
    head = {"format": FORMAT, "version": VERSION, **(header or {})}
    with writing(path) as stream:
        write_line(stream, head)
        for sample in samples:
            write_line(stream, sample.to_json())


def write_line(stream: IO[str], value: Mapping[str, object]) -> None:
    """Write one JSON object as a line; surrogates are escaped."""
    stream.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[IO[str]]:
    """Open a compressed text file whose bytes depend on nothing but what is written.

    Raises:
        DataWriteError: The folder or the disk refuses.
    """
    try:
        with replacing(path) as raw:
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6)
            with packed, io.TextIOWrapper(packed, "utf-8", newline="\n") as stream:
                yield stream
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataWriteError(f"cannot write {path}: {reason}") from error


def _lines(file: Path) -> Iterator[str]:
    try:
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            yield from stream
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise DataFormatError(f"{file} is damaged or cut off ({error}); mine again") from error
    except OSError as error:
        raise DataFormatError(f"cannot read {file}: {error.strerror or error}") from error


def _check_header(line: str, file: Path) -> dict[str, Any]:
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise DataFormatError(f"{os.fspath(file)} is not a file of edits ({FORMAT})")
    if header.get("version") != VERSION:
        found = header.get("version")
        raise DataFormatError(f"{file} has version {found}, this ulmus reads version {VERSION}")
    return header
