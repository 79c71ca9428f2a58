"""From two versions of a file to candidate edits of one unit, and what speaks against them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from ulmus.diffs.parsing import parse
from ulmus.mining.units import (
    Touched,
    body_indent,
    changed_region,
    class_head,
    dedent,
    join,
    touched,
)

MAX_CHANGED = 30
MIN_LINES = 3
MAX_LINE = 200
MAX_MINI_UNITS = 8
"""Limits of what is kept, see docs/mining.md."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One edit of one unit.

    Attributes:
        level: func, method or mini.
        unit: Its name.
        line: Where it starts in the old file, from 1.
        before: Old text without trailing newline.
        after: New text.
        pure: The file changed nowhere else.
    """

    level: str
    unit: str
    line: int
    before: str
    after: str
    pure: bool


@dataclass(frozen=True, slots=True)
class LineHunk:
    """One place: lines [start, end) of before become lines [new_start, new_end) of after."""

    start: int
    end: int
    new_start: int
    new_end: int


def candidates(before: str, after: str, levels: tuple[str, ...]) -> list[Candidate]:
    """Return the candidate edits of a file, the smallest unit first; none if it is not of use.

    A file in which one function or method changed and nothing else gives only that. Where an
    import or another statement changed too, the mini level shows both.
    """
    region = changed_region(before, after)
    if region is None:
        return []
    old, new, line = region
    changes = touched(old, new, "", line)
    found = list(_function(changes)) or list(_method(changes))
    wanted = [candidate for candidate in found if candidate.level in levels]
    if "mini" in levels and not any(candidate.pure for candidate in found):
        wanted += _mini(changes)
    return wanted


def _function(changes: Touched) -> Iterator[Candidate]:
    if len(changes.pairs) != 1 or changes.lone:
        return
    old, new = changes.pairs[0]
    if old.kind == new.kind == "func":
        pure = not changes.others
        yield Candidate("func", old.name, old.line, old.text, new.text, pure)


def _method(changes: Touched) -> Iterator[Candidate]:
    if len(changes.pairs) != 1 or changes.lone or changes.pairs[0][0].kind != "class":
        return
    old, new = changes.pairs[0]
    indent = body_indent(old.text)
    if indent is None or body_indent(new.text) != indent:
        return
    inside = touched(old.text, new.text, indent, old.line)
    if len(inside.pairs) != 1 or inside.lone:
        return
    one, other = inside.pairs[0]
    before, after = dedent(one.text, indent), dedent(other.text, indent)
    if one.kind != "func" or before is None or after is None:
        return
    same_head = class_head(old.text, indent) == class_head(new.text, indent)
    pure = not changes.others and not inside.others and same_head
    yield Candidate("method", f"{old.name}.{one.name}", one.line, before, after, pure)


def _mini(changes: Touched) -> Iterator[Candidate]:
    num = max(len(changes.before), len(changes.after))
    if not changes.before or num > MAX_MINI_UNITS:
        return
    names = "+".join(unit.name for unit in changes.before if unit.name) or "statements"
    before, after = join(changes.before), join(changes.after)
    yield Candidate("mini", names, changes.before[0].line, before, after, True)


def shape_refusal(candidate: Candidate, max_chars: int) -> str | None:
    """Return what a glance at size and lines says against a candidate, or None."""
    before, after = candidate.before, candidate.after
    if before == after:
        return "unit is equal"
    if len(before) > max_chars or len(after) > 2 * max_chars:
        return "too long"
    if not after.strip():
        return "nothing left"
    if before.count("\n") + 1 < MIN_LINES:
        return "fewer than 3 lines"
    for text in (before, after):
        if any(len(line) > MAX_LINE for line in text.split("\n")):
            return "long line"
        if "\t" in text and re.search(r"^ *\t", text, re.MULTILINE):
            return "tabs"
        if not text.isascii() and not text.replace("\n", "").replace("\t", "").isprintable():
            return "odd characters"
        if _CONTROL.search(text):
            return "odd characters"
    return None


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def line_hunks(before: str, after: str) -> list[LineHunk]:
    """Return the places that differ, by lines, minimal at both ends."""
    old, new = before.split("\n"), after.split("\n")
    head, limit = 0, min(len(old), len(new))
    while head < limit and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < limit - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if not middle or not new_middle:
        return [LineHunk(head, head + len(middle), head, head + len(new_middle))]
    matcher = SequenceMatcher(None, middle, new_middle, autojunk=False)
    return [
        LineHunk(head + i1, head + i2, head + j1, head + j2)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def num_changed(hunks: list[LineHunk]) -> int:
    """Return how many lines are removed plus how many are added."""
    return sum(h.end - h.start + h.new_end - h.new_start for h in hunks)


def min_context(before: str, hunks: list[LineHunk]) -> int:
    """Return how many context lines make every old place unique, at most 3."""
    lines = before.split("\n")
    for context in range(3):
        if all(_unique(lines, hunk, context) for hunk in hunks):
            return context
    return 3


def _unique(lines: list[str], hunk: LineHunk, context: int) -> bool:
    start, end = max(hunk.start - context, 0), min(hunk.end + context, len(lines))
    block = lines[start:end]
    if not block:
        return False
    first, num = block[0], len(block)
    places = (i for i in range(len(lines) - num + 1) if lines[i] == first)
    return sum(lines[i : i + num] == block for i in places) == 1


def syntax_refusal(before: str, after: str) -> tuple[str | None, bool]:
    """Compare the syntax trees: (what speaks against the edit or None, only strings differ)."""
    old, new = parse(before), parse(after)
    if old is None or new is None:
        return "does not parse", False
    try:
        if not differ(old, new):
            return "same tree", False
        return None, not differ(old, new, strings=False)
    except RecursionError:
        return "too deep", False


_NO_MEANING = frozenset({"annotation", "returns", "type_comment", "type_params", "kind", "ctx"})


def differ(old: object, new: object, strings: bool = True) -> bool:
    """Tell whether two trees differ, docstrings and annotations left aside.

    Args:
        old: A tree, a list of trees or a plain value.
        new: The same.
        strings: Count different string literals as a difference.
    """
    if type(old) is not type(new):
        return _bare_annotation(old) != _bare_annotation(new)
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return True
        return any(differ(a, b, strings) for a, b in zip(old, new, strict=True))
    if not isinstance(old, ast.AST) or not isinstance(new, ast.AST):
        return old != new
    if not strings and _is_string(old) and _is_string(new):
        return False
    for name in old._fields:
        if name not in _NO_MEANING:
            one, other = getattr(old, name, None), getattr(new, name, None)
            if name == "body" and isinstance(one, list) and isinstance(other, list):
                one, other = _without_docstring(one), _without_docstring(other)
            if differ(one, other, strings):
                return True
    return False


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _bare_annotation(node: object) -> object:
    """Return something equal for `x: int = 1` and `x = 1`, and the node itself otherwise."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return (ast.dump(node.target), ast.dump(node.value))
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return (ast.dump(node.targets[0]), ast.dump(node.value))
    return node


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_text = isinstance(first, ast.Expr) and _is_string(first.value)
    return body[1:] if is_text else body
