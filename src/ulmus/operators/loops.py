"""Edits of the flow of control: statements wrapped in loops and conditions, and freed from them."""

from __future__ import annotations

import random
import re

from ulmus.operators.constants import varied
from ulmus.operators.draws import pick
from ulmus.operators.indices import around, keep_in_reach
from ulmus.operators.positions import Change, Splice, apply, replace
from ulmus.operators.roles import NUMBER
from ulmus.operators.statements import brief, code, indented, loose
from ulmus.operators.substitutions import numeric_name
from ulmus.operators.view import Call, Statement, View

_COUNTERS = ("i", "j", "k", "m", "n", "p", "q", "s", "t")
_COUNTS = (2, 3, 3, 4, 4, 5, 6, 8)
_STRIDES = ("1", "2", "3", "5", "0.5", "1.5", "0.1", "0.25", "-1", "-2")


def _run(view: View, rng: random.Random) -> list[Statement]:
    """Return one to four neighbouring statements that can be copied and indented anew."""
    movable = {statement.start: statement for statement in loose(view) if not statement.rigid}
    if not movable:
        return []
    first = pick(rng, list(movable.values()))
    run = [first]
    while len(run) < 4 and rng.random() < 0.45:
        after = movable.get(run[-1].stop)
        if after is None or after.block != first.block:
            break
        run.append(after)
    return run


def _body(view: View, run: list[Statement], inner: list[Splice] | None = None) -> str | None:
    """Return the lines of a run one level deeper, with splices inside it applied."""
    start, stop = run[0].start, run[-1].stop
    moved = [Splice(s.start - start, s.stop - start, s.text) for s in inner or []]
    text = apply(view.source[start:stop], moved)
    if not text.endswith(("\n", "\r")):
        text += view.text.newline
    lines = text.splitlines(keepends=True)
    return "".join(view.step + line if line.strip() else line for line in lines)


def wrap_in_loop(view: View, rng: random.Random) -> Change | None:
    """Run statements several times, with a number in them that depends on the counter."""
    run = _run(view, rng)
    if not run:
        return None
    taken = view.scopes.taken()
    counter = next((name for name in _COUNTERS if name not in taken), None)
    if counter is None:
        return None
    inner = _counted(view, rng, run, counter)
    body = _body(view, run, inner)
    if not inner or body is None:
        return None
    count = pick(rng, _COUNTS)
    header = f"{run[0].indent}for {counter} in range({count}):{view.text.newline}"
    note = f"{count} times `{brief(body)}`"
    return replace(run[0].start, run[-1].stop, header + body, note)


def _counted(view: View, rng: random.Random, run: list[Statement], counter: str) -> list[Splice]:
    """Return splices that make one or two numbers within a run depend on a counter."""
    start, stop = run[0].start, run[-1].stop
    numeric = [
        e
        for e in view.expressions
        if start <= e.start < stop and e.loose and view.roles.find(e.role) == NUMBER
    ]
    splices: dict[int, Splice] = {}
    for _ in range(1 if rng.random() < 0.6 else 2):
        if numeric:
            target = pick(rng, numeric)
            before = view.source[target.start : target.stop]
            whole = view.source[target.start - 1 : target.start] == "["
            stride = pick(rng, _STRIDES[:2] if whole else _STRIDES)
            sign, factor = ("-", stride[1:]) if stride[0] == "-" else ("+", stride)
            term = counter if factor == "1" else f"{counter} * {factor}"
            text = f"{before} {sign} {term}"
            if before in {"0", "0.0"}:
                text = term if sign == "+" else f"-{term}"
            splices[target.start] = Splice(target.start, target.stop, text)
    return keep_in_reach(view, list(splices.values()))


def guard(view: View, rng: random.Random) -> Change | None:
    """Run statements only at some turns of a loop, or for some values of an argument."""
    run = _run(view, rng)
    if not run:
        return None
    name = numeric_name(view, rng, run[0].scope, run[0].start)
    body = _body(view, run)
    if name is None or body is None:
        return None
    modulus = pick(rng, (2, 2, 3, 4))
    conditions = (f"{name} % {modulus} == {int(rng.random() * modulus)}", f"{name} > 0")
    condition = conditions[rng.random() < 0.2]
    header = f"{run[0].indent}if {condition}:{view.text.newline}"
    note = f"`{brief(body)}` if {condition}"
    return replace(run[0].start, run[-1].stop, header + body, note)


def unwrap(view: View, rng: random.Random) -> Change | None:
    """Free the body of a loop or of a condition; a loop leaves the first value of its counter."""
    holders = [s for s in view.statements if s.kind in {"For", "If"} and s.movable and s.body >= 0]
    holders = [s for s in holders if not s.rigid]
    if not holders:
        return None
    holder = pick(rng, holders)
    body = _statements_of(view, holder)
    if not body or body[-1].stop != holder.stop:  # there is an `else`
        return None
    text = "".join(indented(view, part, holder.indent) or "" for part in body)
    if holder.kind == "For":
        counter = holder.binds[0]
        text = f"{holder.indent}{counter} = 0{view.text.newline}" + text
    return replace(holder.start, holder.stop, text, f"`{brief(code(view, holder))}` once")


def _statements_of(view: View, holder: Statement) -> list[Statement]:
    for statement in view.statements:
        if statement.start == holder.body:
            return [view.statements[index] for index in view.blocks[statement.block]]
    return []


def change_range(view: View, rng: random.Random) -> Change | None:
    """Let a loop run longer or shorter."""
    ranges = [call for call in view.calls if call.name == "range" and call.arguments]
    if not ranges:
        return None
    call = pick(rng, ranges)
    bound = call.arguments[-1] if len(call.arguments) < 3 else call.arguments[1]
    before = view.source[bound.start : bound.stop]
    exact = [n for n in view.numbers if (n.start, n.stop) == (bound.start, bound.stop)]
    if exact:
        text = varied(exact[0], view, rng)
    else:
        text = _shifted(before, pick(rng, (1, 1, 2)) * pick(rng, (1, -1)))
    change = Splice(bound.start, bound.stop, text)
    return Change((change, *_reached(view, call)), f"{before} → {text}")


def _shifted(bound: str, step: int) -> str:
    """Return a bound plus a step, without `- 1 + 1`."""
    parts = re.fullmatch(r"(.*\S) ([+-]) (\d{1,6})", bound)
    if parts is not None:
        bound = parts[1]
        step += int(parts[2] + parts[3])
    if step == 0:
        return bound
    return f"{bound} {'+' if step > 0 else '-'} {abs(step)}"


def _reached(view: View, call: Call) -> list[Splice]:
    """Return splices that let the indices in the body of a loop wrap around."""
    loops = [s for s in view.statements if s.kind == "For" and s.start <= call.start < s.stop]
    if not loops or loops[-1].body <= call.start:
        return []
    loop, counter = loops[-1], loops[-1].binds[0]
    splices = []
    for subscript in view.subscripts:
        before = view.source[subscript.start : subscript.stop]
        if loop.body <= subscript.start < loop.stop and counter in before:
            after = around(view, subscript, before)
            if after != before:
                splices.append(Splice(subscript.start, subscript.stop, after))
    return splices
