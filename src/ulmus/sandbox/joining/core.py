"""A core module, taken apart as far as joining needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ulmus.sandbox.joining.binary import Reader, require

FUNCTION, TABLE, MEMORY, GLOBAL = range(4)
KINDS = (FUNCTION, TABLE, MEMORY, GLOBAL)

END, GLOBAL_GET, GLOBAL_SET, I32_CONST, I64_CONST, I32_ADD = 0x0B, 0x23, 0x24, 0x41, 0x42, 0x6A
_FUNCREF, _FUNCTION_TYPE = 0x70, 0x60


class Place(NamedTuple):
    """Something that a module defines: which module, and which of its things of that kind."""

    module: int
    item: int


@dataclass
class Core:
    """What a core module contains.

    Attributes:
        name: The name that it gives itself, or "".
        types: Function types, encoded.
        imports: Module name, name, kind.
        functions: Type index of each function, imported ones first.
        tables: Encoded types of its own tables.
        memories: Encoded types of its own memories.
        globals: Encoded type and encoded first value of its own globals.
        exports: Kind and index by name.
        elements: Table, encoded offset and functions of each part of a table.
        bodies: Encoded bodies of its own functions.
        data: Encoded pieces of memory.
        names: Names of functions by index.
        imported: For each kind, what the imports of that kind turned out to be.
    """

    name: str = ""
    types: list[bytes] = field(default_factory=list)
    imports: list[tuple[str, str, int]] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    tables: list[bytes] = field(default_factory=list)
    memories: list[bytes] = field(default_factory=list)
    globals: list[tuple[bytes, bytes]] = field(default_factory=list)
    exports: dict[str, tuple[int, int]] = field(default_factory=dict)
    elements: list[tuple[int, bytes, list[int]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    imported: dict[int, list[Place]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def own(self, kind: int, index: int) -> int:
        """Return which of the module's own things an index means."""
        return index - len(self.imported[kind])


def read(data: bytes) -> Core:
    """Take a core module apart.

    Raises:
        FormatError: It has something that the guest is not known to have.
    """
    core = Core()
    readers = {
        1: _types, 2: _imports, 3: _functions, 4: _tables, 5: _memories, 6: _globals,
        7: _exports, 9: _elements, 10: _bodies, 11: _data,
    }  # fmt: skip
    for kind, content in Reader(data, 8).sections():
        if kind == 0 and content.text() == "name":
            _names(core, content)
        elif kind in readers:
            readers[kind](core, content)
        else:
            require(kind in (0, 12), f"a core module has section {kind}")  # 12: number of data
    return core


def _types(core: Core, content: Reader) -> None:
    for _ in content.times():
        start = content.at
        require(content.byte() == _FUNCTION_TYPE, "a type is not that of a function")
        content.take(content.unsigned())
        content.take(content.unsigned())
        core.types.append(content.data[start : content.at])


def _imports(core: Core, content: Reader) -> None:
    for _ in content.times():
        module, name, kind = content.text(), content.text(), content.byte()
        require(kind in KINDS, f"import of kind {kind}")
        if kind == FUNCTION:
            core.functions.append(content.unsigned())
        elif kind == GLOBAL:
            content.take(2)
        else:
            _ = _table(content) if kind == TABLE else _limits(content)
        core.imports.append((module, name, kind))


def _functions(core: Core, content: Reader) -> None:
    core.functions += [content.unsigned() for _ in content.times()]


def _tables(core: Core, content: Reader) -> None:
    core.tables = [_table(content) for _ in content.times()]


def _table(content: Reader) -> bytes:
    require(content.byte() == _FUNCREF, "a table holds something else than functions")
    return bytes([_FUNCREF]) + _limits(content)


def _memories(core: Core, content: Reader) -> None:
    core.memories = [_limits(content) for _ in content.times()]


def _limits(content: Reader) -> bytes:
    start = content.at
    flags = content.byte()
    require(flags in (0, 1), f"limits with flags {flags}")
    for _ in range(1 + flags):
        content.unsigned()
    return content.data[start : content.at]


def _globals(core: Core, content: Reader) -> None:
    core.globals = [(content.take(2), _expression(content)) for _ in content.times()]


def _expression(content: Reader) -> bytes:
    start = content.at
    while (code := content.byte()) != END:
        known = code in (GLOBAL_GET, I32_CONST, I64_CONST, I32_ADD)
        require(known, f"constant expression with {code:#x}")
        if code != I32_ADD:
            content.unsigned()
    return content.data[start : content.at]


def _exports(core: Core, content: Reader) -> None:
    for _ in content.times():
        name = content.text()
        core.exports[name] = content.byte(), content.unsigned()


def _elements(core: Core, content: Reader) -> None:
    for _ in content.times():
        flags = content.unsigned()
        require(flags in (0, 2), f"part of a table with flags {flags}")
        table = content.unsigned() if flags else 0
        offset = _expression(content)
        require(not flags or content.byte() == 0, "part of a table that holds no functions")
        core.elements.append((table, offset, [content.unsigned() for _ in content.times()]))


def _bodies(core: Core, content: Reader) -> None:
    core.bodies = [content.take(content.unsigned()) for _ in content.times()]


def _data(core: Core, content: Reader) -> None:
    for _ in content.times():
        start = content.at
        require(content.unsigned() == 0, "data without a place")
        require(_expression(content)[0] == I32_CONST, "data at a place that is not a constant")
        content.take(content.unsigned())
        core.data.append(content.data[start : content.at])


def _names(core: Core, content: Reader) -> None:
    for kind, part in content.sections():
        if kind == 0:
            core.name = part.text()
        elif kind == 1:
            core.names = {part.unsigned(): part.text() for _ in part.times()}


_LEB = rb"[\x80-\xff]*+[\x00-\x7f]"
_PLAIN = (
    rb"(?:[\x00\x01\x05\x0b\x0f\x1a\x1b\x45-\xc4]"  # without operands
    rb"|[\x02-\x04][\x40\x7c-\x7f]"  # block, loop, if with at most one result
    rb"|[\x0c\x0d\x20-\x22\x3f-\x42]" + _LEB + rb"|[\x28-\x3e]" + _LEB + _LEB  # one, two numbers
    + rb"|\x43.{4}|\x44.{8}"  # float constants
    rb"|\xfc[\x00-\x07]|\xfc\x0a\x00\x00|\xfc\x0b\x00)++"  # saturating; copy and fill of memory
)  # fmt: skip
_STEP = re.compile(
    rb"(?P<plain>%b)|\x10(?P<call>%b)|\x11(?P<type>%b)(?P<indirect>%b)|\x23(?P<get>%b)"
    rb"|\x24(?P<set>%b)|(?P<jumps>\x0e)" % (_PLAIN, _LEB, _LEB, _LEB, _LEB, _LEB),
    re.DOTALL,
)


class Step(NamedTuple):
    """A piece of a function: one instruction with an index, or some that stay as they are.

    Attributes:
        what: "plain", "call", "indirect", "get" or "set" (of a global).
        raw: The plain instructions.
        operand: The index: of a function, type or global.
        table: The table of an indirect call.
    """

    what: str
    raw: bytes = b""
    operand: int = 0
    table: int = 0


def steps(body: bytes) -> Iterator[Step]:
    """Take the body of a function apart.

    Raises:
        FormatError: It has an instruction that the guest is not known to have.
    """
    reader = Reader(body)
    for _ in reader.times():  # local variables
        reader.unsigned()
        reader.byte()
    yield Step("plain", body[: reader.at])
    while reader.at < len(body):
        found = _STEP.match(body, reader.at)
        require(found is not None, f"unknown instruction {body[reader.at : reader.at + 2].hex()}")
        assert found is not None
        start, reader.at = reader.at, found.end()
        yield _step(found, reader, start)


def _step(found: re.Match[bytes], reader: Reader, start: int) -> Step:
    what = str(found.lastgroup)
    if what == "jumps":  # br_table: a vector of labels and one more
        for _ in range(reader.unsigned() + 1):
            reader.unsigned()
        return Step("plain", reader.data[start : reader.at])
    if what == "plain":
        return Step(what, found["plain"])
    if what == "indirect":
        return Step(what, b"", number(found["type"]), number(found["indirect"]))
    return Step(what, b"", number(found[what]))


def number(encoded: bytes) -> int:
    """Return the number that is written in LEB128."""
    return Reader(encoded).unsigned()


_FORWARD = re.compile(
    rb"\x00(?P<arguments>(?:\x20%b)*+)\x41(?P<entry>%b)\x11%b(?P<table>%b)\x0b" % ((_LEB,) * 4)
)


def forward(body: bytes, arguments: int) -> tuple[int, int] | None:
    """Return table and entry if a function only hands its arguments on to one, else None."""
    found = _FORWARD.fullmatch(body)
    handed_on = b"".join(b"\x20" + bytes([index]) for index in range(arguments))
    if found is None or arguments > 0x7F or found["arguments"] != handed_on:
        return None
    return number(found["table"]), Reader(found["entry"]).signed()
