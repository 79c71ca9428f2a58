"""Many repositories → one data set: parts, duplicates, families, caps, file and report.

The result depends on the repositories and the options only, not on the number of workers, the
order of the arguments or how often the run was interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ulmus.errors import ConfigError, DataWriteError, RepositoryError
from ulmus.mining.atomic import replacing, sweep
from ulmus.mining.caps import capped, weighted, without_frequent_subjects
from ulmus.mining.duplicates import Seen, oldest_first
from ulmus.mining.extract import Part
from ulmus.mining.families import Family, families, repositories_of
from ulmus.mining.funnel import Funnel, counts, percentiles
from ulmus.mining.history import Repository
from ulmus.mining.naming import name_of
from ulmus.mining.options import Options, RepositorySpec, digest
from ulmus.mining.parts import FOLDER, make_part, part_file, read_part
from ulmus.mining.sample import FILE_NAME, Sample, write_edits

REPORT_NAME = "funnel.json"


@dataclass(frozen=True)
class Mined:
    """What a mining run gave.

    Attributes:
        folder: Where the data lie.
        num_samples: How many there are.
        report: What stands in `funnel.json`.
    """

    folder: Path
    num_samples: int
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Progress:
    """One repository is done.

    Attributes:
        repo: Its name.
        num_done: How many are done.
        num_repositories: How many there are.
        reused: The part was there already.
    """

    repo: str
    num_done: int
    num_repositories: int
    reused: bool


@dataclass(frozen=True)
class _Task:
    spec: RepositorySpec
    name: str
    file: Path


def mine(
    specs: Sequence[RepositorySpec],
    options: Options,
    out: Path,
    executor: Executor,
    observe: Callable[[Progress], None] = lambda progress: None,
) -> Mined:
    """Mine repositories into a folder: `edits.jsonl.gz` and `funnel.json`.

    Args:
        specs: The repositories.
        options: What is mined and how.
        out: The folder; made if it is not there. Parts of an earlier run are used again.
        executor: Where repositories are read, each as one task.
        observe: Called after each repository.

    Raises:
        ConfigError: No repository, or two of the same name.
        RepositoryError: One cannot be read, or a worker died.
        DataWriteError: The folder or the disk refuses.
    """
    if not specs:
        raise ConfigError("no repository to mine")
    _make_folder(out)
    tasks = _tasks(specs, options, out)
    parts = _parts(tasks, options, executor, observe)
    found = families([part.kin for part in parts])
    funnel = Funnel()
    for part in parts:
        funnel.add(part.funnel)
    samples = _selected(parts, found, options, funnel)
    report = _report(parts, found, options, funnel, samples)
    head = {"miner": options.miner, "options": options.plain(), "python": _python(),
            "num_samples": len(samples)}  # fmt: skip
    write_edits(out / FILE_NAME, samples, head)
    _write_report(out / REPORT_NAME, report)
    return Mined(out, len(samples), report)


def _python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _make_folder(out: Path) -> None:
    try:
        (out / FOLDER).mkdir(parents=True, exist_ok=True)
        sweep(out)
        sweep(out / FOLDER)
        with replacing(out / ".writable"):
            pass
        (out / ".writable").unlink()
    except OSError as error:
        raise DataWriteError(f"cannot write into {out}: {error.strerror}") from error


def _tasks(specs: Sequence[RepositorySpec], options: Options, out: Path) -> list[_Task]:
    tasks: dict[str, _Task] = {}
    for spec in specs:
        with Repository(spec.path) as repository:
            name = spec.name or name_of(spec.path, repository.origin)
            plain = {key: value for key, value in options.plain().items() if key != "cap"}
            refs = repository.tips().decode("utf-8", "replace") if options.refs == "all" else ""
            key = digest([plain, name, spec.licence, repository.head(), repository.origin, refs])
        if name in tasks:
            raise ConfigError(f"{tasks[name].spec.path} and {spec.path} are both {name}; "
                              "name one of them with PATH=OWNER/NAME")  # fmt: skip
        tasks[name] = _Task(spec, name, part_file(out, name, key))
    return [tasks[name] for name in sorted(tasks)]


def _parts(
    tasks: Sequence[_Task], options: Options, executor: Executor,
    observe: Callable[[Progress], None],
) -> list[Part]:  # fmt: skip
    """Return all parts in the order of the tasks, mining those that are not there yet."""
    done = 0
    parts: dict[str, Part] = {}
    futures: list[Future[str]] = []

    def tell(name: str, reused: bool) -> None:
        nonlocal done
        done += 1
        observe(Progress(name, done, len(tasks), reused))

    for task in tasks:
        part = read_part(task.file)
        if part is not None:
            parts[task.name] = part
            tell(task.name, reused=True)
    for task in tasks:
        if task.name not in parts:
            future = executor.submit(make_part, task.spec, task.name, options, task.file)
            future.add_done_callback(lambda done: None if done.cancelled() or done.exception()
                                     else tell(done.result(), reused=False))  # fmt: skip
            futures.append(future)
    wait(futures)
    try:
        for future in futures:
            future.result()
    except BrokenExecutor as error:
        raise RepositoryError(f"a worker died, perhaps for want of memory: {error}") from error
    return [parts.get(task.name) or _read_back(task.file) for task in tasks]


def _read_back(file: Path) -> Part:
    part = read_part(file)
    if part is None:
        raise DataWriteError(f"{file} was written but cannot be read back")
    return part


def _selected(
    parts: Sequence[Part], found: Mapping[str, Family], options: Options, funnel: Funnel
) -> list[Sample]:
    """Return the samples that stay, in their final order."""
    seen = Seen()
    kept: list[Sample] = []
    for sample, change in oldest_first([pair for part in parts for pair in part.samples]):
        family = found[sample.repo]
        repeats = seen.repeats(sample, change)
        if not sample.from_head and family.split != "train":
            repeats = "not behind HEAD, outside training"
        if repeats:
            funnel.lose("duplicate", repeats)
        else:
            kept.append(replace(sample, family=family.id, split=family.split))
    funnel.keep("duplicate", len(kept))
    kept = without_frequent_subjects(kept, funnel)
    kept = weighted(capped(kept, options.cap, funnel))
    return sorted(kept, key=lambda s: (s.repo, s.commit, s.path, s.unit, s.level, s.lines))


def _report(
    parts: Sequence[Part], found: Mapping[str, Family], options: Options, funnel: Funnel,
    samples: Sequence[Sample],
) -> dict[str, Any]:  # fmt: skip
    per_repo = counts(sample.repo for sample in samples)
    splits = {family.id: family.split for family in found.values()}
    return {
        "format": "ulmus-funnel", "version": 1, "miner": options.miner,
        "options": options.plain(), "python": _python(),
        "funnel": funnel.plain(),
        "samples": {
            "all": len(samples),
            "split": counts(s.split for s in samples),
            "level": counts(s.level for s in samples),
            "kind": counts(s.kind for s in samples),
            "licence": counts(s.licence for s in samples),
            "change_class": counts(s.change_class for s in samples),
            "imperative": sum(s.imperative for s in samples),
            "test_files": sum(s.is_test for s in samples),
            "strings_only": sum(s.strings_only for s in samples),
            "recent": sum(s.recent for s in samples),
            "min_context": counts(str(s.min_context) for s in samples),
            "tokens": {name: percentiles(s.tokens[name] for s in samples)
                       for name in ("before", "message", "diff_u1", "diff_u3")},
            "changed": percentiles(s.changed for s in samples),
        },
        "families": {id: {"split": splits[id], "repositories": repos}
                     for id, repos in repositories_of(found).items()},
        "repositories": {
            part.repo: {
                "head": part.head, "licence": part.licence, "refusal": part.refusal,
                "warnings": list(part.warnings), "split": found[part.repo].split,
                "samples": per_repo.get(part.repo, 0), **part.funnel.plain(),
            } for part in parts
        },
    }  # fmt: skip


def _write_report(file: Path, report: Mapping[str, Any]) -> None:
    try:
        with replacing(file) as stream:
            stream.write(json.dumps(report, indent=1).encode() + b"\n")
    except OSError as error:
        raise DataWriteError(f"cannot write {file}: {error.strerror}") from error
