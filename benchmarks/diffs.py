"""What errors of models our applier puts up with, and what an edit costs.

    python benchmarks/diffs.py --repo PATH [--repo PATH ...]   function edits of git histories
    python benchmarks/diffs.py --data DATA                     edits that `ulmus mine` wrote
    python benchmarks/diffs.py                                 children of the built-in programs

Each edit is rendered in each form, one error of a kind that language models make is put into it,
and it is parsed and applied. "right" is the share whose text is exactly the intended one, "wrong"
the share that applied and gave another text; the rest was rejected. `peer_*` are the figures that
a throw-away prototype of the same recipe reached on 1,000 function edits of the same kind (three
lines of context with numbers, one line without; its way to change a token may have been milder than
ours, which puts an unrelated word there). Times are processor time of `parse` and `apply` together.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from machine import print_rows, write_rows
from ulmus.catalogue import make_operator
from ulmus.diffs import Applied, apply, make, parse, render
from ulmus.errors import EditFormatError
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.seeding import generator

FORMS = ("unified-numbers", "unified", "search-replace", "numbered", "rewrite")
MOST_CHANGED = 30
PEERS = {
    "none": ((100, 0), (99.8, 0.2)),
    "wrong start lines": ((100, 0), None),
    "wrong counts": ((100, 0), None),
    "bare @@": ((100, 0), (99.8, 0.2)),
    "context line dropped": ((95, 5), (91, 3)),
    "context line re-indented": ((100, 0), (99.6, 0.4)),
    "token of a context line changed": ((100, 0), (99.6, 0.3)),
    "removed line re-indented": ((100, 0), (99.9, 0.1)),
    "token of a removed line changed": ((100, 0), (99.9, 0.1)),
    "trailing context missing": ((98, 2), (96, 2)),
}


@dataclass(frozen=True)
class Hunk:
    """A written hunk: its header and its lines with their marks " ", "-", "+"."""

    header: str
    lines: tuple[tuple[str, str], ...]


def read_hunks(text: str, form: str) -> list[Hunk]:
    """Return the hunks of a rendered edit."""
    if form == "search-replace":
        return [
            Hunk(
                "",
                (
                    *((" ", line) for line in hunk.before),
                    *(("-", line) for line in hunk.removed or ()),
                    *(("+", line) for line in hunk.added),
                    *((" ", line) for line in hunk.after),
                ),
            )
            for hunk in parse(text, form).hunks
        ]
    hunks: list[Hunk] = []
    for line in text.split("\n"):
        if line.startswith("@@"):
            hunks.append(Hunk(line, ()))
        else:
            lines = (*hunks[-1].lines, (line[:1], line[1:]))
            hunks[-1] = Hunk(hunks[-1].header, lines)
    return hunks


def write_hunks(hunks: list[Hunk], form: str) -> str:
    """Return the text of hunks."""
    lines: list[str] = []
    for hunk in hunks:
        if form == "search-replace":
            lines += ["<<<<<<< SEARCH", *(line for mark, line in hunk.lines if mark != "+")]
            lines += ["=======", *(line for mark, line in hunk.lines if mark != "-")]
            lines += [">>>>>>> REPLACE"]
        else:
            lines += [hunk.header, *(mark + line for mark, line in hunk.lines)]
    return "\n".join(lines)


Inject = Callable[[Hunk, random.Random], Hunk | None]
"""Puts an error into a hunk; None where it has no place for it."""


def on_line(mark: str, change: Callable[[str, random.Random], str | None]) -> Inject:
    """Return an injection that changes one line with a mark; "" as the new line drops it."""

    def inject(hunk: Hunk, rng: random.Random) -> Hunk | None:
        places = [i for i, (own, line) in enumerate(hunk.lines) if own == mark and line.strip()]
        rng.shuffle(places)
        for place in places:
            line = change(hunk.lines[place][1], rng)
            if line is not None:
                new = ((mark, line),) if line else ()
                return replace(hunk, lines=hunk.lines[:place] + new + hunk.lines[place + 1 :])
        return None

    return inject


def reindented(line: str, rng: random.Random) -> str:
    """Return a line with four blanks more or less."""
    return line[4:] if line.startswith("    ") and rng.random() < 0.5 else "    " + line


def with_other_token(line: str, rng: random.Random) -> str | None:
    """Return a line in which one word has become another; None if it has no word."""
    words = list(re.finditer(r"\w+", line))
    if not words:
        return None
    word = rng.choice(words)
    other = rng.choice([x for x in ("value", "self", "result", "x", "None", "0") if x != word[0]])
    return line[: word.start()] + other + line[word.end() :]


def shifted_numbers(hunk: Hunk, rng: random.Random) -> Hunk:
    """Return a hunk whose numbers are off by 1 to 9."""
    off = rng.randint(1, 9)
    return replace(
        hunk, header=re.sub(r"(?<=[-+ ])\d+", lambda m: str(int(m[0]) + off), hunk.header)
    )


def wrong_counts(hunk: Hunk, rng: random.Random) -> Hunk:
    """Return a hunk whose header counts wrong."""
    off = rng.randint(1, 3)
    return replace(hunk, header=re.sub(r",(\d+)", lambda m: f",{int(m[1]) + off}", hunk.header))


def without_trailing_context(hunk: Hunk, rng: random.Random) -> Hunk | None:
    """Return a hunk that ends with its last change."""
    end = max(i for i, (mark, _) in enumerate(hunk.lines) if mark in "+-") + 1
    rest = hunk.lines[end:]
    remark = rest[:1] if rest and rest[0][0] == "\\" else ()  # belongs to the last change
    lines = (*hunk.lines[:end], *remark)
    return replace(hunk, lines=lines) if lines != hunk.lines else None


def with_cut_line(hunk: Hunk, rng: random.Random) -> Hunk | None:
    """Return a hunk whose last line, if it is context, ends in its middle."""
    mark, line = hunk.lines[-1]
    if mark != " " or len(line.strip()) < 6:
        return None
    return replace(
        hunk, lines=(*hunk.lines[:-1], (mark, line[: len(line) - len(line.strip()) // 2]))
    )


def unchanged(hunk: Hunk, rng: random.Random) -> Hunk:
    """Return a hunk as it is."""
    return hunk


ERRORS: dict[str, Inject] = {
    "none": unchanged,
    "wrong start lines": shifted_numbers,
    "wrong counts": wrong_counts,
    "bare @@": lambda hunk, rng: replace(hunk, header="@@"),
    "context line dropped": on_line(" ", lambda line, rng: ""),
    "context line re-indented": on_line(" ", reindented),
    "token of a context line changed": on_line(" ", with_other_token),
    "removed line re-indented": on_line("-", reindented),
    "token of a removed line changed": on_line("-", with_other_token),
    "trailing context missing": without_trailing_context,
    "last line cut off": with_cut_line,
}
BY_FORM = {
    "unified-numbers": tuple(ERRORS),
    "unified": tuple(
        error for error in ERRORS if error not in ("wrong start lines", "wrong counts")
    ),
    "search-replace": ("none", *tuple(ERRORS)[4:]),
    "numbered": ("none", "wrong start lines"),
    "rewrite": ("none",),
}


def damaged(text: str, form: str, error: str, rng: random.Random) -> str | None:
    """Return a rendered edit with one error; None where it has no place for it."""
    if error == "none":
        return text
    hunks = read_hunks(text, form)
    order = list(range(len(hunks)))
    rng.shuffle(order)
    for index in order:
        hunk = ERRORS[error](hunks[index], rng)
        if hunk is not None:
            return write_hunks([*hunks[:index], hunk, *hunks[index + 1 :]], form)
    return None


def attempt(before: str, text: str, form: str) -> tuple[str | None, float]:
    """Return the text after an edit, None if it was rejected, and the microseconds that took."""
    start = time.thread_time()
    try:
        result = apply(before, parse(text, form))
    except EditFormatError:
        result = None
    took = 1e6 * (time.thread_time() - start)
    return (result.text if isinstance(result, Applied) else None), took


def row(form: str, error: str, pairs: list[tuple[str, str]]) -> dict[str, object]:
    """Return the row of one form and kind of error."""
    outcomes, times = [], []
    for index, (before, after) in enumerate(pairs):
        rng = generator(5, f"{form} {error}", 0, index)
        text = damaged(render(make(before, after), form, before), form, error, rng)
        if text is not None:
            result, took = attempt(before, text, form)
            outcomes.append("rejected" if result is None else str(result == after))
            times.append(took)
    return shares(form, error, outcomes, times)


def shares(form: str, error: str, outcomes: list[str], times: list[float]) -> dict[str, object]:
    """Return a row of percentages."""
    peers = PEERS.get(error, (None, None))
    peer = peers[FORMS.index(form)] if form in FORMS[:2] else None
    times = sorted(times)
    return {
        "form": form,
        "error": error,
        "n": len(outcomes),
        "right_%": percent(outcomes, "True"),
        "rejected_%": percent(outcomes, "rejected"),
        "wrong_%": percent(outcomes, "False"),
        "peer_right_%": "" if peer is None else peer[0],
        "peer_wrong_%": "" if peer is None else peer[1],
        "median_us": round(statistics.median(times)),
        "p95_us": round(times[int(0.95 * len(times))]),
    }


def percent(outcomes: list[str], which: str) -> float:
    """Return the share of an outcome."""
    return round(100 * outcomes.count(which) / len(outcomes), 1)


def foreign_row(form: str, pairs: list[tuple[str, str]]) -> dict[str, object]:
    """Return the row of edits applied to the program of another edit: right is to reject them."""
    outcomes, times = [], []
    for index, (before, after) in enumerate(pairs):
        other = pairs[(index + len(pairs) // 2) % len(pairs)][0]
        result, took = attempt(other, render(make(before, after), form, before), form)
        outcomes.append("rejected" if result is None else "False")
        times.append(took)
    return shares(form, "edit of another program", outcomes, times)


def making_row(form: str, pairs: list[tuple[str, str]]) -> dict[str, object]:
    """Return the row of what making and rendering an edit costs."""
    times = []
    for before, after in pairs:
        start = time.thread_time()
        render(make(before, after), form, before)
        times.append(1e6 * (time.thread_time() - start))
    return shares(form, "(make and render)", ["True"] * len(times), times)


def from_repository(path: Path, most: int) -> Iterator[tuple[str, str]]:
    """Yield function edits of the commits of a repository that change one Python file."""
    git = ["git", "--git-dir", str(path)]
    log = [*git, "log", "--no-merges", "--raw", "--no-renames", "--no-abbrev", "--format=%x01"]
    text = subprocess.run(log, capture_output=True, check=True, text=True).stdout
    changes = [
        re.findall(r"^:\d+ \d+ (\w+) (\w+) M\t.*\.py$", part, re.M) for part in text.split("\x01")
    ]
    blobs = [part[0] for part in changes if len(part) == 1][: 4 * most]
    wanted = [blob for pair in blobs for blob in pair]
    texts = read_blobs(git, wanted)
    found = 0
    for old, new in zip(texts[::2], texts[1::2], strict=True):
        for pair in function_edits(old, new):
            if found < most:
                found += 1
                yield pair


def read_blobs(git: list[str], names: list[str]) -> list[str]:
    """Return the texts of blobs."""
    raw = subprocess.run(
        [*git, "cat-file", "--batch"],
        input="\n".join(names).encode(),
        capture_output=True,
        check=True,
    ).stdout
    texts, at = [], 0
    for _ in names:
        start = raw.index(b"\n", at) + 1
        at = start + int(raw[at:start].split()[2])
        texts.append(raw[start:at].decode("utf-8", "replace").replace("\r\n", "\n"))
        at += 1
    return texts


def function_edits(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of functions and methods that differ between two files."""
    after = functions(new)
    for name, text in functions(old).items():
        changed = after.get(name, text)
        if changed != text and text.count("\n") >= 2:
            lines = sum(
                len(hunk.added) + len(hunk.removed or ()) for hunk in make(text, changed).hunks
            )
            if lines <= MOST_CHANGED:
                yield text, changed


def functions(text: str) -> dict[str, str]:
    """Return the text of each function and method by name; none if the file does not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    lines = text.split("\n")
    found: dict[str, str] = {}
    for node in tree.body:
        body = node.body if isinstance(node, ast.ClassDef) else [node]
        for item in body:
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                start = min([item.lineno, *(mark.lineno for mark in item.decorator_list)])
                margin = item.col_offset
                own = [line[margin:] for line in lines[start - 1 : item.end_lineno]]
                found[f"{getattr(node, 'name', '')}.{item.name}"] = "\n".join(own)
    return found


def from_seeds(most: int) -> Iterator[tuple[str, str]]:
    """Yield edits of descendants of the built-in programs, by the operator `syntax`."""
    operator = make_operator("syntax")
    names = ("square", "radial", "cppn-fixed", "cppn-mutable", "galloper")
    programs = [Sodarace(seed_program=name).seeds()[0] for name in names]
    for index in range(most):
        which = index % len(programs)
        proposal = operator.propose([[programs[which]]], [generator(6, "edit", 0, index)])[0]
        if proposal.program is not None and proposal.program != programs[which]:
            yield programs[which].source, proposal.program.source
            programs[which] = proposal.program


def from_data(path: Path, most: int) -> Iterator[tuple[str, str]]:
    """Yield mined edits."""
    from ulmus.mining import read_edits

    for index, sample in enumerate(read_edits(path)):
        if index < most:
            yield sample.before, sample.after


def pairs_of(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return the edits to measure with."""
    if options.data:
        return list(from_data(options.data, options.number))
    if options.repo:
        most = options.number // len(options.repo)
        return [pair for path in options.repo for pair in from_repository(path, most)]
    return list(from_seeds(options.number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repo", type=Path, action="append", help="a bare git repository")
    parser.add_argument("--data", type=Path, help="folder of mined edits")
    parser.add_argument("--number", type=int, default=1000, help="edits at most")
    parser.add_argument("--machine", help="name of the folder of results")
    options = parser.parse_args()
    pairs = pairs_of(options)
    rows = [row(form, error, pairs) for form in FORMS for error in BY_FORM[form]]
    rows += [foreign_row(form, pairs) for form in FORMS[:3]]
    rows += [making_row(form, pairs) for form in FORMS]
    print_rows(rows)
    source = "data" if options.data else "commits" if options.repo else "seeds"
    print(write_rows(f"diffs-{source}", rows, options.machine))


if __name__ == "__main__":
    main()
