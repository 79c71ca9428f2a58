"""Whether a child parses, at the price of parsing only the statements that changed.

Python's blocks are made of lines, so whole statements of one block, at the indentation that they
had, parse where they stand if they parse on their own. For a program of a hundred lines this is
several times faster than parsing all of it (benchmarks/operators.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from ulmus.diffs.parsing import parse
from ulmus.operators.positions import NEWLINE, Splice, apply, parses
from ulmus.operators.view import Statement, View

_OPENERS = frozenset("_@([{\"'-+~")
"""With letters and digits, what a statement can begin with."""


def units(statements: Sequence[Statement], blocks: Sequence[Sequence[int]]) -> list[Statement]:
    """Return the statements that can be checked alone, in text order, none within another.

    They are the statements right in the body of a top-level function or class, and the other
    top-level statements.
    """
    found: list[Statement] = []
    for index in blocks[0] if blocks else ():
        top = statements[index]
        inner = statements[index + 1] if index + 1 < len(statements) else top
        if top.body >= 0 and top.kind in {"FunctionDef", "ClassDef"} and inner.start == top.body:
            found.extend(statements[k] for k in blocks[inner.block])
        else:
            found.append(top)
    return found


def child_parses(view: View, splices: Sequence[Splice], source: str) -> bool:
    """Tell whether the text that splices make of a program parses.

    Args:
        view: The parent.
        splices: What changes, without overlaps.
        source: The parent's text with the splices applied.
    """
    pieces = _pieces(view, splices)
    if len(pieces) > 1 and all(_verdict(view, *piece) for piece in pieces):
        return True
    touched = _touched(view, splices)
    verdict = _verdict(view, touched, splices) if touched else None
    return parses(source) if verdict is None else verdict


def _pieces(
    view: View, splices: Sequence[Splice]
) -> list[tuple[list[Statement], Sequence[Splice]]]:
    """Return statements to check on their own, each with its splices; [] if there are none."""
    pieces: list[tuple[list[Statement], list[Splice]]] = []
    for splice in sorted(splices, key=lambda splice: splice[:2]):  # as `apply` takes them
        touched = _touched(view, [splice])
        if not touched:
            return []
        if pieces and touched[0].start <= pieces[-1][0][-1].start:
            before, mine = pieces[-1]
            before.extend(unit for unit in touched if unit.start > before[-1].start)
            mine.append(splice)
        else:
            pieces.append((touched, [splice]))
    return list(pieces)


def _verdict(view: View, touched: Sequence[Statement], splices: Sequence[Splice]) -> bool | None:
    """Tell whether neighbouring statements parse after a change; None if only all text can tell.

    Args:
        view: The parent.
        touched: Neighbouring statements of one block, at least one.
        splices: What changes, all of it within these statements.
    """
    start, stop = touched[0].start, touched[-1].stop
    moved = [Splice(s.start - start, s.stop - start, s.text) for s in splices]
    text = apply(view.source[start:stop], moved)
    if stop < len(view.source) and not text.endswith(("\n", "\r")):
        return None
    indent, newline = touched[0].indent, view.text.newline
    head = f"def f():{newline}" if indent else ""
    if _stays_inside(text, indent):
        return parses(head + text)
    # The first line has the indentation of the block; what does not fit to it does not parse.
    tree = parse(f"{head}{indent}0{newline}{text}")
    if tree is None or (indent and len(tree.body) > 1):
        return False
    body = getattr(tree.body[0], "body", ()) if indent else tree.body
    # Where nothing is left, only the whole text tells whether the block holds more.
    return True if len(body) > 1 else None


def _stays_inside(text: str, indent: str) -> bool:
    """Tell whether lines, if they parse, hold a statement of the block and none further out.

    A plain look at how the lines begin; False only means that the syntax tree has to tell. A form
    feed among the white space counts as the start of the line.
    """
    lines = [line for line in NEWLINE.split(text) if line]
    first = lines[0][len(indent) : len(indent) + 1] if lines else ""
    begins = first.isalnum() or first in _OPENERS
    return begins and "\f" not in text and all(map(str.startswith, lines, repeat(indent)))


def _touched(view: View, splices: Sequence[Splice]) -> list[Statement]:
    """Return the neighbouring statements of one block that the splices lie in; [] if none do."""
    low = min(splice.start for splice in splices)
    high = max(splice.stop for splice in splices)
    found = [unit for unit in view.units if unit.start <= high and low <= unit.stop]
    inside = (
        found
        and found[0].start <= low
        and high <= found[-1].stop
        and all(unit.movable and unit.block == found[0].block for unit in found)
    )
    return found if inside else []
