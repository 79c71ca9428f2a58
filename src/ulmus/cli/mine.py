"""`ulmus mine`: git histories → a data set of small edits with their messages."""

from __future__ import annotations

import multiprocessing
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ulmus.cli.output import emit, say
from ulmus.errors import ConfigError
from ulmus.records import Json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ulmus.mining import RepositorySpec
    from ulmus.mining.pipeline import Progress


def mine(
    repositories: Annotated[
        list[str],
        typer.Argument(
            metavar="REPO...", help="Local git repositories; PATH=OWNER/NAME says what one is."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for edits.jsonl.gz and funnel.json.")],
    levels: Annotated[
        str, typer.Option(help="Units: func, method, mini (all touched statements).")
    ] = "func,method,mini",
    max_tokens: Annotated[
        int, typer.Option(min=32, help="Longest before + message + diff, in tokens.")
    ] = 512,
    tokenizer: Annotated[
        Path | None, typer.Option(help="Count with this tokenizer.json, not approximately.")
    ] = None,
    refs: Annotated[
        str, typer.Option(help="HEAD, or all: other branches and pull requests too.")
    ] = "HEAD",
    since: Annotated[str | None, typer.Option(help="First day, such as 2015-01-31.")] = None,
    until: Annotated[str | None, typer.Option(help="Day after the last.")] = None,
    licence: Annotated[
        list[str] | None,
        typer.Option(metavar="OWNER/NAME=SPDX", help="Vouch for the licence of a repository."),
    ] = None,
    multi: Annotated[
        bool, typer.Option("--multi", help="Also commits that touch 2 to 4 source files.")
    ] = False,
    cap: Annotated[
        float, typer.Option(help="Largest share of one family of repositories in training.")
    ] = 0.05,
    jobs: Annotated[int, typer.Option(min=1, help="Repositories read at the same time.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Mine edits and their messages from git histories; the repositories are only read."""
    from ulmus.mining import Options, mine
    from ulmus.mining.funnel import table
    from ulmus.workers import local_executor

    options = Options(
        levels=tuple(word.strip() for word in levels.split(",")), max_tokens=max_tokens, refs=refs,
        since=_day(since), until=_day(until), multi=multi, cap=cap, tokenizer=tokenizer,
    )  # fmt: skip
    specs = _specs(repositories, licence or [])
    start = time.monotonic()
    executor = local_executor(0 if jobs == 1 else min(jobs, len(specs)))
    try:
        mined = mine(specs, options, out, executor, _observer(start))
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():  # after Ctrl-C, they are in the middle
            worker.terminate()
    print(table(mined.report))
    for name, one in mined.report["repositories"].items():
        for warning in one["warnings"]:
            say(f"{name}: {warning}")
    say(f"{mined.num_samples:,} samples in {out}, {time.monotonic() - start:.0f} s")
    if json:
        emit(_summary(out, mined.num_samples, mined.report))


def _summary(out: Path, num_samples: int, report: Mapping[str, Any]) -> dict[str, Json]:
    repositories = report["repositories"]
    refused = {name: one["refusal"] for name, one in repositories.items() if one["refusal"]}
    return {
        "data": str(out), "samples": num_samples,
        "commits": report["funnel"]["kept"].get("commits", 0),
        "repositories": len(repositories), "refused": refused,
        "split": report["samples"]["split"], "level": report["samples"]["level"],
    }  # fmt: skip


def _observer(start: float) -> Callable[[Progress], None]:
    def observe(progress: Progress) -> None:
        seconds = time.monotonic() - start
        what = "was there" if progress.reused else "done"
        done = f"{progress.num_done}/{progress.num_repositories}"
        say(f"{done} {progress.repo} {what}, {seconds:.1f} s")

    return observe


def _specs(repositories: list[str], licences: list[str]) -> list[RepositorySpec]:
    """Read the arguments; a licence must belong to a repository that is given."""
    from ulmus.mining import RepositorySpec
    from ulmus.mining.history import Repository
    from ulmus.mining.naming import name_of

    vouched = dict(map(_licence, licences))
    specs = []
    for text in repositories:
        path, name = _split(text)
        name = name or name_of(path, Repository(path).origin)
        specs.append(RepositorySpec(path, name, vouched.pop(name, None)))
    if vouched:
        raise ConfigError(f"--licence for {', '.join(sorted(vouched))}, which is not mined")
    return specs


def _split(text: str) -> tuple[Path, str | None]:
    found = re.fullmatch(r"(.+)=([\w.~-]+/[\w.+-]+)", text)
    if found and not Path(text).exists():
        return Path(found[1]), found[2]
    return Path(text), None


def _licence(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"([\w.~-]+/[\w.+-]+)=([\w.+-]+(?: (?:AND|OR|WITH) [\w.+-]+)*)", text)
    if not found:
        raise ConfigError(f"--licence takes OWNER/NAME=SPDX; got {text!r}")
    return found[1], found[2]


def _day(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        day = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"a day looks like 2015-01-31; got {text!r}") from error
    return int((day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp())
