"""Data sets of programs: what a folder holds, written whole or not at all, and read with care.

A folder can be loaded with Hugging Face `datasets`: `data/train.jsonl` and `data/test.jsonl` (or
Parquet) hold one program per row, `README.md` is the card, and `ulmus.json` says the same as the
card in plain data. The bytes depend on the content only.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Literal, cast, get_args

from ulmus.errors import ConfigError, DataFormatError, DataWriteError, unknown_name
from ulmus.properties import Where, without_properties
from ulmus.records import Json, Measure, program_hash

FORMAT = "ulmus-programs"
VERSION = 1

FACTS_NAME = "ulmus.json"
CARD_NAME = "README.md"
SPLITS = ("train", "test")

FileFormat = Literal["jsonl", "parquet"]
"""Form of the files with the rows."""

_AGAIN = "make the data set again with `ulmus dataset`"


@dataclass(frozen=True, slots=True)
class Row:
    """One program.

    Attributes:
        text: What a model learns: the program, with its properties if the data set has them.
        program: The program alone.
        hash: Of the program.
        fitness: Its fitness.
        measures: By name of the measure.
        cell: Its cell of the map.
        run: Name of the run that admitted it.
        step: Step of that run.
        lineage: "RUN/STEP" of the early ancestor that its lineage is named after.
    """

    text: str
    program: str
    hash: str
    fitness: float
    measures: Mapping[str, float]
    cell: int
    run: str
    step: int
    lineage: str


@dataclass(frozen=True)
class Source:
    """A run that a data set was made from.

    Attributes:
        name: Name of its folder; "-2" and so on after it if that was taken.
        seed: Seed of the run.
        operators: Identity of its operators.
        evaluations: Steps of the run when it was read.
        admitted: Programs that its map had admitted.
        kept: Programs that came into the data set from it.
    """

    name: str
    seed: int
    operators: str
    evaluations: int
    admitted: int
    kept: int


@dataclass(frozen=True)
class Facts:
    """What a data set is.

    Attributes:
        problem: Name of the problem.
        problem_options: Its options, without the one that says what a run starts from.
        scoring: Identity of the problem, likewise.
        measures: The axes of the map.
        percentile: A program is kept if its fitness reaches so many per cent of its cell's best;
            "final" for the champions of each run.
        properties: Where the texts have the properties of their programs.
        seed: Of the choice of what is held out.
        runs: Where the programs come from.
        dropped: How many admitted programs were left out, by reason.
        rows: How many rows each split has.
    """

    problem: str
    problem_options: Mapping[str, Json]
    scoring: str
    measures: tuple[Measure, ...]
    percentile: float | Literal["final"]
    properties: Where
    seed: int
    runs: tuple[Source, ...]
    dropped: Mapping[str, int]
    rows: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return them as plain data."""
        return asdict(self)

    @staticmethod
    def from_json(plain: Mapping[str, Any]) -> Facts:
        """Build them from plain data.

        Raises:
            KeyError, TypeError: Something is missing or of another kind.
        """
        told = {field.name: plain[field.name] for field in fields(Facts)}
        told["measures"] = tuple(Measure(**axis) for axis in told["measures"])
        told["runs"] = tuple(Source(**run) for run in told["runs"])
        told["rows"] = {split: int(told["rows"][split]) for split in SPLITS}
        return Facts(**told)


@dataclass(frozen=True)
class Dataset:
    """A data set of programs, or what was read of one."""

    facts: Facts
    train: tuple[Row, ...]
    test: tuple[Row, ...]

    def rows(self, split: str) -> tuple[Row, ...]:
        """Return the rows of a split, "train" or "test"."""
        return self.test if split == "test" else self.train


def check_format(text: str) -> FileFormat:
    """Return a form of the files that was given as text and can be written here.

    Raises:
        ConfigError: There is no such form, or the package that it needs is not installed.
    """
    if text not in get_args(FileFormat):
        raise unknown_name("format", text, get_args(FileFormat))
    if text == "parquet":
        _parquet()
    return cast(FileFormat, text)


def check_new(folder: Path) -> None:
    """Check that a data set may be written to a folder that does not exist yet.

    Raises:
        DataWriteError: It exists.
    """
    if folder.exists() or folder.is_symlink():
        raise DataWriteError(f"{folder} exists already; choose another folder with --out")


def write_dataset(dataset: Dataset, folder: Path, form: FileFormat = "jsonl") -> None:
    """Write a data set to a new folder; it appears whole or not at all.

    Raises:
        DataWriteError: The folder exists, or the disk refuses.
        ConfigError: See `check_format`.
    """
    from ulmus.training.dataset_card import card

    check_format(form)
    facts = {"format": FORMAT, "version": VERSION, "files": form, **dataset.facts.to_json()}
    with _new_folder(folder) as new:
        (new / "data").mkdir()
        for split in SPLITS:
            if dataset.rows(split):
                _write_rows(dataset.rows(split), new / data_file(split, form), form)
        _write_text(new / CARD_NAME, card(dataset.facts, form))
        _write_text(new / FACTS_NAME, json.dumps(facts, indent=1) + "\n")


def data_file(split: str, form: FileFormat) -> str:
    """Return where in the folder the rows of a split are."""
    return f"data/{split}.{form}"


def read_dataset(folder: Path) -> Dataset:
    """Read a data set that `ulmus dataset` wrote.

    Raises:
        DataFormatError: It is missing, empty, foreign, cut off or damaged; the message names the
            file, the line and what to do.
        ConfigError: Its files are Parquet, and pyarrow is not installed.
    """
    plain = _read_facts(folder)
    file = folder / FACTS_NAME
    try:
        facts, form = Facts.from_json(plain), check_format(str(plain["files"]))
    except (KeyError, TypeError, ValueError) as error:
        raise DataFormatError(f"{file} is damaged ({error!r}); {_AGAIN}") from None
    parts = {split: _read_split(folder, split, form, facts) for split in SPLITS}
    if not parts["train"]:
        raise DataFormatError(f"{folder} holds no program to learn from; {_AGAIN}")
    return Dataset(facts, parts["train"], parts["test"])


class Hashes(frozenset[str]):
    """Hashes of the programs of a data set.

    Another process gets the name of the folder and reads it once, since tasks by the hundred
    would carry all of them.
    """

    folder: Path

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again."""
        return _hashes_once, (self.folder,)


def hashes_in(folder: Path) -> Hashes:
    """Return the hashes of all programs of a data set; raises what `read_dataset` does."""
    dataset = read_dataset(folder)
    hashes = Hashes(row.hash for row in (*dataset.train, *dataset.test))
    hashes.folder = folder.resolve()
    return hashes


@lru_cache(maxsize=2)
def _hashes_once(folder: Path) -> Hashes:
    return hashes_in(folder)


def _read_facts(folder: Path) -> dict[str, Any]:
    file = folder / FACTS_NAME
    try:
        plain = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise DataFormatError(
            f"there is no data set of programs in {folder}: cannot read {file} "
            f"({error.strerror}); {_AGAIN}"
        ) from None
    except ValueError as error:
        raise DataFormatError(f"{file} is damaged or cut off ({error}); {_AGAIN}") from None
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise DataFormatError(f"{file} does not belong to a data set of programs ({FORMAT})")
    if plain.get("version") != VERSION:
        raise DataFormatError(
            f"{file} has version {plain.get('version')}, this ulmus reads version {VERSION}"
        )
    return plain


def _read_split(folder: Path, split: str, form: FileFormat, facts: Facts) -> tuple[Row, ...]:
    expected, file = facts.rows[split], folder / data_file(split, form)
    if not expected:
        return ()
    names = {measure.name for measure in facts.measures}
    rows = []
    for number, plain in enumerate(_plain_rows(file, form), start=1):
        why = _fault(plain, names, facts.properties)
        if why is not None:
            raise DataFormatError(f"{file}, line {number}: {why}; {_AGAIN}")
        rows.append(Row(**{field.name: plain[field.name] for field in fields(Row)}))
    if len(rows) != expected:
        raise DataFormatError(
            f"{file} has {len(rows)} rows, {folder / FACTS_NAME} speaks of {expected}: it is cut "
            f"off or was changed; {_AGAIN}"
        )
    return tuple(rows)


def _plain_rows(file: Path, form: FileFormat) -> Iterator[Any]:
    try:
        if form == "parquet":
            yield from _parquet().read_table(file).to_pylist()
            return
        with file.open("rb") as stream:
            yield from _json_lines(stream, file)
    except OSError as error:
        why = error.strerror or str(error)
        raise DataFormatError(f"cannot read {file}: {why}; {_AGAIN}") from None


def _json_lines(stream: IO[bytes], file: Path) -> Iterator[Any]:
    for number, line in enumerate(stream, start=1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise DataFormatError(
                f"{file}, line {number}: damaged or cut off ({error}); {_AGAIN}"
            ) from None


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "text": str, "program": str, "hash": str, "fitness": (int, float), "measures": dict,
    "cell": int, "run": str, "step": int, "lineage": str,
}  # fmt: skip


def _fault(plain: Any, names: set[str], properties: Where) -> str | None:
    """Return why a row cannot be one of ours, None if it can."""
    if not isinstance(plain, dict):
        return f"expected an object, got {type(plain).__name__}"
    for name, kinds in _KINDS.items():
        if not isinstance(plain.get(name), kinds):
            return f"no usable {name!r}"
    numbers = all(isinstance(value, (int, float)) for value in plain["measures"].values())
    if set(plain["measures"]) != names or not numbers:
        return f"measures must give a number to each of {', '.join(sorted(names))}"
    program = plain["program"]
    if program_hash(program) != plain["hash"]:
        return "the program has another hash"
    if without_properties(plain["text"], properties) != program:
        return "the text is not that of the program"
    return None


def _write_rows(rows: Sequence[Row], file: Path, form: FileFormat) -> None:
    if form == "parquet":
        import pyarrow

        _parquet().write_table(pyarrow.Table.from_pylist([asdict(row) for row in rows]), file)
        return
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(json.dumps(asdict(row), ensure_ascii=False, separators=(",", ":")) + "\n")


def _write_text(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Give a folder that takes its name once the block has ended well."""
    check_new(folder)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        yield partial
        check_new(folder)
        partial.rename(folder)
    except OSError as error:
        raise DataWriteError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _parquet() -> Any:
    try:
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise ConfigError(
            "Parquet needs pyarrow, which is not installed: pip install pyarrow, or take "
            "--format jsonl, which `datasets` loads as well"
        ) from None
    return parquet
