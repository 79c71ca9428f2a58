"""One run, one folder, one SQLite file: steps are appended, nothing is ever changed.

The file holds what a fold over the run needs and no derived state: the map, the curves and the
lineage are computed from the steps. A batch is one transaction, so a run that is killed at any
byte loses at most the batches in flight. Texts are kept where nothing else could reproduce them:
of admitted programs and of language models' answers.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ulmus.errors import RunWriteError
from ulmus.records import NO_USAGE, Json, Placement, Step, Usage
from ulmus.runs import file as run_file
from ulmus.runs.file import FILE_NAME, NEW_NAME, broken, manifest_rows, reading, writing
from ulmus.runs.lock import FolderLock
from ulmus.runs.schema import PLACEMENTS, USAGE


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """A step as the log knows it.

    Attributes:
        number: Number of the step in the run, from 0.
        batch: Number of its batch.
        index: Index within the batch.
        operator: Name of the operator.
        parents: Numbers of the steps that admitted the parents.
        program: Hash of the program, None if refused.
        placement: What became of it.
        cell: Its cell, None if it has none.
        fitness: None unless the program was valid.
        measures: Empty unless the program was valid.
        reason: Of a refusal or an invalid program, else None.
    """

    number: int
    batch: int
    index: int
    operator: str
    parents: tuple[int, ...]
    program: str | None
    placement: Placement
    cell: int | None
    fitness: float | None
    measures: tuple[float, ...]
    reason: str | None

    @property
    def admitted(self) -> bool:
        """Tell whether the program entered the map."""
        return self.placement.admitted


@dataclass(frozen=True)
class StepText:
    """The texts kept of a step; each may be missing.

    Attributes:
        note: What the operator did, for people.
        source: The program.
        answer: What the language model said.
    """

    note: str
    source: str | None
    answer: str | None


@dataclass(frozen=True)
class BatchClock:
    """How long a batch took.

    Attributes:
        batch: Number of the batch.
        num_steps: Steps that were appended with it.
        elapsed_s: Time of the search when it was appended, pauses between resumes left out.
        parts_s: CPU seconds by part of the pipeline.
        usage: What was asked of models on servers to make it.
    """

    batch: int
    num_steps: int
    elapsed_s: float
    parts_s: Mapping[str, float]
    usage: Usage = NO_USAGE


class RunLog:
    """Reads a run, and appends to it if it was opened for that."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: FolderLock | None):
        """Wrap an open file; use `create`, `open_for_append` or `open_read_only`."""
        self.folder = folder
        self._connection = connection
        self._lock = lock
        self._names: dict[str, int] = {}
        self._step_of: dict[str, int] = {}  # hash of an admitted program → first step
        self.num_steps = 0
        if lock is not None:
            try:
                self._load_tail()
            except BaseException:
                connection.close()
                raise

    @classmethod
    def create(cls, folder: Path, manifest: Mapping[str, Json]) -> RunLog:
        """Start a run in a new or empty folder.

        Raises:
            RunWriteError: The folder cannot be made or written, or is not empty.
            RunLockedError: Another process is writing there.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = sorted(entry.name for entry in folder.iterdir())
        except OSError as error:
            raise RunWriteError(
                f"cannot write to the run folder {folder}: {error.strerror}; "
                "choose another one with --out"
            ) from error
        others = [name for name in names if name != "lock" and not name.startswith(NEW_NAME)]
        if others:
            raise RunWriteError(
                f"the folder {folder} is not empty (it holds {others[0]}); choose another one, "
                "or go on with that run by --resume"
            )
        lock = FolderLock.take(folder)
        try:
            run_file.create(folder, manifest)
            return cls(folder, run_file.open_to_write(folder), lock)
        except BaseException:
            lock.release()
            _remove(folder)
            raise

    @classmethod
    def open_for_append(cls, folder: Path) -> RunLog:
        """Open an existing run to go on with it.

        Raises:
            RunNotFoundError, RunFormatError, RunLockedError: See `ulmus.errors`.
        """
        run_file.open_to_read(folder).close()  # nothing is written to what is not ours
        lock = FolderLock.take(folder)
        try:
            return cls(folder, run_file.open_to_write(folder), lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open_read_only(cls, folder: Path) -> RunLog:
        """Open an existing run to look at it; another process may be writing meanwhile.

        Raises:
            RunNotFoundError, RunFormatError: See `ulmus.errors`.
        """
        return cls(folder, run_file.open_to_read(folder), None)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let other writers in."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def discard(self) -> None:
        """Remove a run that has no steps, with its folder if nothing else is in it.

        Raises:
            RunWriteError: The run has steps.
        """
        if self.num_steps:
            raise RunWriteError(f"the run {self.folder} has steps and is not discarded")
        self.close()
        _remove(self.folder)

    @property
    def manifest(self) -> dict[str, Json]:
        """What the run is: configuration, seed, versions, identity; plain data by key."""
        rows = self._read("SELECT key, value FROM manifest ORDER BY key")
        with reading(self.folder):
            return {key: json.loads(value) for key, value in rows}

    @property
    def elapsed_s(self) -> float:
        """Time of the search at the last appended batch, pauses left out."""
        rows = list(self._read("SELECT elapsed_s FROM batches ORDER BY row DESC LIMIT 1"))
        return float(rows[0][0]) if rows else 0.0

    def set_manifest(self, changes: Mapping[str, Json]) -> None:
        """Record changed entries of the manifest, such as a larger budget at a resume."""
        with writing(self.folder), self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO manifest VALUES (?, ?)", manifest_rows(changes)
            )

    def append(
        self,
        steps: Sequence[Step],
        *,
        replayable: Mapping[str, bool],
        elapsed_s: float,
        parts_s: Mapping[str, float],
        usage: Usage = NO_USAGE,
    ) -> None:
        """Append the steps of one batch in one transaction.

        Args:
            steps: The steps, in order.
            replayable: For each operator whether its children can be made again without it.
            elapsed_s: Time of the search so far.
            parts_s: CPU seconds by part of the pipeline, for the profile.
            usage: What was asked of models on servers.

        Raises:
            RunWriteError: The disk refuses; what was appended before stays.
        """
        first = self.num_steps
        new_names: dict[str, int] = {}
        rows, texts = [], []
        admitted: dict[str, int] = {}
        for number, step in enumerate(steps, start=first):
            rows.append(self._row(number, step, new_names, admitted))
            text = _text_row(number, step, replayable.get(step.proposal.operator, False))
            if text is not None:
                texts.append(text)
            if step.placement.admitted and step.proposal.program is not None:
                admitted.setdefault(step.proposal.program.hash, number)
        batch = steps[0].batch if steps else -1
        parts: dict[str, Json] = dict(parts_s)
        if usage != NO_USAGE:
            parts[USAGE] = asdict(usage)
        clock = (batch, len(steps), elapsed_s, json.dumps(parts))
        with writing(self.folder):
            self._commit(new_names, rows, texts, clock)
        self.num_steps += len(rows)
        self._names.update(new_names)
        for key, number in admitted.items():
            self._step_of.setdefault(key, number)

    def steps(self, start: int = 0) -> Iterator[LoggedStep]:
        """Iterate over the steps from a number on, in order."""
        names = dict(self._read("SELECT id, text FROM names"))
        query = (
            "SELECT step, batch, position, operator, parents, placement, program, reason, cell,"
            " fitness, measures FROM steps WHERE step >= ? ORDER BY step"
        )
        for row in self._read(query, (start,)):
            with reading(self.folder):
                step = _logged(row, names)
            yield step

    def texts(self, start: int = 0) -> Iterator[tuple[int, StepText]]:
        """Iterate over (number of the step, its texts) from a number on, in order."""
        query = "SELECT step, note, source, answer FROM texts WHERE step >= ? ORDER BY step"
        for number, *row in self._read(query, (start,)):
            with reading(self.folder):
                text = _step_text(row)
            yield number, text

    def text(self, number: int) -> StepText | None:
        """Return the texts kept of one step, None if none were."""
        query = "SELECT note, source, answer FROM texts WHERE step = ?"
        rows = list(self._read(query, (number,)))
        with reading(self.folder):
            return _step_text(rows[0]) if rows else None

    @property
    def usage(self) -> Usage:
        """What was asked of models on servers in the whole run, lost batches left out."""
        return sum((clock.usage for clock in self.clocks()), NO_USAGE)

    def clocks(self) -> Iterator[BatchClock]:
        """Iterate over the times of the batches, in order."""
        query = "SELECT batch, num_steps, elapsed_s, parts FROM batches ORDER BY row"
        for batch, num_steps, elapsed_s, parts in self._read(query):
            with reading(self.folder):
                told = json.loads(parts)
                usage = Usage(**told.pop(USAGE, {}))
                clock = BatchClock(batch, num_steps, elapsed_s, told, usage)
            yield clock

    def _read(self, query: str, arguments: Sequence[object] = ()) -> Iterator[tuple]:  # type: ignore[type-arg]
        with reading(self.folder):
            # not "yield from", which would close the cursor of a log that is closed already
            for row in self._connection.execute(query, tuple(arguments)):  # noqa: UP028
                yield row

    def _load_tail(self) -> None:
        self._names = {text: number for number, text in self._read("SELECT id, text FROM names")}
        rows = list(self._read("SELECT count(*), max(step) FROM steps"))
        count, last = rows[0]
        if count and last != count - 1:
            raise broken(self.folder, f"{count} steps, but the last one has number {last}")
        self.num_steps = count
        query = "SELECT step, program FROM steps WHERE placement <= 1 ORDER BY step"
        for number, program in self._read(query):
            self._step_of.setdefault(program.hex(), number)

    def _row(
        self, number: int, step: Step, new_names: dict[str, int], admitted: dict[str, int]
    ) -> tuple[object, ...]:
        proposal, evaluation = step.proposal, step.evaluation
        reason = proposal.refusal if evaluation is None else evaluation.reason
        parents = [
            self._step_of[key] if key in self._step_of else admitted[key]
            for key in proposal.parents
        ]
        measures = evaluation.measures if evaluation else ()
        return (
            number,
            step.batch,
            step.index,
            self._name(proposal.operator, new_names),
            " ".join(map(str, parents)),
            PLACEMENTS.index(step.placement.value),
            bytes.fromhex(proposal.program.hash) if proposal.program else None,
            None if reason is None else self._name(reason, new_names),
            step.cell,
            evaluation.fitness if evaluation else None,
            struct.pack(f"<{len(measures)}d", *measures) if measures else None,
        )

    def _name(self, text: str, new_names: dict[str, int]) -> int:
        text = _printable(text)
        number = self._names.get(text) or new_names.get(text)
        if number is None:
            number = new_names[text] = len(self._names) + len(new_names) + 1
        return number

    def _commit(
        self,
        new_names: Mapping[str, int],
        rows: Sequence[tuple[object, ...]],
        texts: Sequence[tuple[object, ...]],
        clock: tuple[object, ...],
    ) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(
                "INSERT INTO names (text, id) VALUES (?, ?)", list(new_names.items())
            )
            connection.executemany(f"INSERT INTO steps VALUES ({','.join('?' * 11)})", rows)
            connection.executemany("INSERT INTO texts VALUES (?, ?, ?, ?)", texts)
            connection.execute(
                "INSERT INTO batches (batch, num_steps, elapsed_s, parts) VALUES (?, ?, ?, ?)",
                clock,
            )
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _remove(folder: Path) -> None:
    """Remove the files of a run, and the folder if nothing else is in it."""
    run_file.remove_new(folder)
    for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "lock"):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _text_row(number: int, step: Step, replayable: bool) -> tuple[object, ...] | None:
    proposal = step.proposal
    if replayable and not step.placement.admitted:
        return None
    source = _pack(proposal.program.source) if proposal.program else None
    return number, _printable(proposal.note), source, _pack(proposal.answer)


def _printable(text: str) -> str:
    """Return a text for people that any file can hold; lone surrogates become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _pack(text: str | None) -> bytes | None:
    return None if text is None else zlib.compress(text.encode("utf-8", "surrogatepass"), 6)


def _unpack(blob: bytes | None) -> str | None:
    return None if blob is None else zlib.decompress(blob).decode("utf-8", "surrogatepass")


def _step_text(row: Sequence[object]) -> StepText:
    note, source, answer = row
    assert isinstance(note, str)
    return StepText(note, _unpack(source), _unpack(answer))  # type: ignore[arg-type]


def _logged(row: tuple, names: Mapping[int, str]) -> LoggedStep:  # type: ignore[type-arg]
    number, batch, index, operator, parents, placement, program, reason, cell, fitness, blob = row
    return LoggedStep(
        number=number,
        batch=batch,
        index=index,
        operator=names[operator],
        parents=tuple(map(int, parents.split())),
        program=program.hex() if program is not None else None,
        placement=Placement(PLACEMENTS[placement]),
        cell=cell,
        fitness=fitness,
        measures=struct.unpack(f"<{len(blob) // 8}d", blob) if blob else (),
        reason=names[reason] if reason is not None else None,
    )
