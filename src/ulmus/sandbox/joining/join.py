"""Puts the core modules of a component into one, and a small component round it.

What changes: imports are gone, every call goes straight to its function, places in the table and
in memory are constants, what nothing can reach is left out, and the objects in memory are immortal
(see `lasting`). What does not: the instructions of the functions, their order, and what memory and
table contain otherwise.
"""

from __future__ import annotations

from functools import cached_property

from ulmus.sandbox.joining import CHANGING, OUTSIDE, component, lasting, memory
from ulmus.sandbox.joining.binary import (
    COMPONENT_HEAD,
    CORE_HEAD,
    Reader,
    require,
    section,
    signed,
    text,
    unsigned,
    vector,
)
from ulmus.sandbox.joining.core import (
    END,
    FUNCTION,
    GLOBAL,
    GLOBAL_GET,
    I32_ADD,
    I32_CONST,
    MEMORY,
    TABLE,
    Place,
    Step,
    forward,
    steps,
)

EXPORTS = {"shelf": (), "compile": ("modules",), "run": ("job", "code")}
"""Functions of the guest and their arguments; all are strings, and so is the result."""

_REALLOC = "cabi_realloc"
_I32 = 0x7F
_STRING = b"\x73"


def join(original: bytes) -> bytes:
    """Return a component that does the same with a single core module.

    Raises:
        FormatError: The component is not built as expected.
    """
    parts = component.read(original)
    home = [n for n in parts.order if parts.modules[n].exports.keys() >= {_REALLOC, *EXPORTS}]
    require(len(home) == 1, f"{len(home)} of its modules export {', '.join(EXPORTS)}")
    return _wrap(_Joined(parts, home[0]).encode())


class _Joined:
    """The single module while it is put together."""

    def __init__(self, parts: component.Parts, home: int) -> None:
        self._parts = parts
        self._home = home
        self._straight: dict[Place, Place] = {}
        self._types: dict[bytes, int] = {}
        self._changing: dict[Place, int] = {}
        self._constants: dict[Place, bytes] = {}

    def encode(self) -> bytes:
        """Return the module."""
        bodies = [self._body(place) for place in self._functions]
        signatures = [unsigned(self._type(self._signature(place))) for place in self._functions]
        return b"".join(
            [
                CORE_HEAD,
                section(1, vector(self._types)),
                section(3, vector(signatures)),
                section(4, vector([self._own(TABLE, self._table)])),
                section(5, vector([self._own(MEMORY, self._memory)])),
                section(6, vector(b"".join(self._global(place)) for place in self._changing)),
                section(7, vector(self._exports())),
                section(9, vector(self._elements())),
                section(10, vector(unsigned(len(body)) + body for body in bodies)),
                section(11, vector(self._data())),
                section(0, text("name") + section(0, text("guest")) + section(1, self._names())),
            ]
        )

    @cached_property
    def _tables(self) -> dict[Place, dict[int, Place]]:
        """What stands where in each table."""
        tables: dict[Place, dict[int, Place]] = {}
        for number in self._parts.order:
            for table, offset, functions in self._parts.modules[number].elements:
                entries = tables.setdefault(self._parts.place(number, TABLE, table), {})
                start = self._constant(number, offset)
                for index, function in enumerate(functions, start):
                    entries[index] = self._parts.place(number, FUNCTION, function)
        return tables

    @cached_property
    def _table(self) -> Place:
        """The one table that is called through; others only serve to hand calls on."""
        return self._parts.place(self._home, TABLE, 0)

    @cached_property
    def _memory(self) -> Place:
        return self._parts.place(self._home, MEMORY, 0)

    @cached_property
    def _entries(self) -> dict[int, Place]:
        return {index: self._reach(place) for index, place in self._tables[self._table].items()}

    @cached_property
    def _taken_apart(self) -> dict[Place, list[Step]]:
        """Every function that an export or the table can reach."""
        found: dict[Place, list[Step]] = {}
        waiting = [self._exported(name) for name in (_REALLOC, *EXPORTS)]
        waiting += self._entries.values()
        while waiting:
            place = waiting.pop()
            if place in found:
                continue
            found[place] = list(steps(self._own(FUNCTION, place)))
            for step in found[place]:
                if step.what == "call":
                    waiting.append(self._called(place, step))
                elif step.what == "set":
                    changing = self._parts.place(place.module, GLOBAL, step.operand)
                    self._changing.setdefault(changing, len(self._changing))
        return found

    @cached_property
    def _functions(self) -> dict[Place, int]:
        """The new index of every function; the modules' own order is kept."""
        rank = {number: index for index, number in enumerate(self._parts.order)}
        order = sorted(self._taken_apart, key=lambda place: (rank[place.module], place.item))
        return {place: index for index, place in enumerate(order)}

    def _own(self, kind: int, place: Place) -> bytes:
        module = self._parts.modules[place.module]
        lists = {FUNCTION: module.bodies, TABLE: module.tables, MEMORY: module.memories}
        return lists[kind][module.own(kind, place.item)]

    def _global(self, place: Place) -> tuple[bytes, bytes]:
        module = self._parts.modules[place.module]
        return module.globals[module.own(GLOBAL, place.item)]

    def _signature(self, place: Place) -> bytes:
        module = self._parts.modules[place.module]
        return module.types[module.functions[place.item]]

    def _exported(self, name: str) -> Place:
        kind, index = self._parts.modules[self._home].exports[name]
        require(kind == FUNCTION, f"export {name} is no function")
        return self._reach(self._parts.place(self._home, FUNCTION, index))

    def _called(self, place: Place, step: Step) -> Place:
        return self._reach(self._parts.place(place.module, FUNCTION, step.operand))

    def _reach(self, place: Place) -> Place:
        """Follow functions that only hand calls on through a table."""
        if place not in self._straight:
            signature = self._signature(place)
            handed = forward(self._own(FUNCTION, place), Reader(signature, 1).unsigned())
            self._straight[place] = place
            if handed is not None:
                table = self._parts.place(place.module, TABLE, handed[0])
                next_place = self._tables[table][handed[1]]
                require(self._signature(next_place) == signature, "a call is handed on wrongly")
                self._straight[place] = self._reach(next_place)
        return self._straight[place]

    def _constant(self, module: int, expression: bytes) -> int:
        """Return the value of a constant expression as a signed number of 32 bits."""
        reader, stack = Reader(expression), [0]
        while (code := reader.byte()) != END:
            if code == I32_ADD:
                stack.append(stack.pop() + stack.pop())
            elif code == GLOBAL_GET:
                place = self._parts.place(module, GLOBAL, reader.unsigned())
                stack.append(self._constant(place.module, self._global(place)[1]))
            else:
                stack.append(reader.signed())
        return (stack[-1] + (1 << 31)) % (1 << 32) - (1 << 31)

    def _type(self, encoded: bytes) -> int:
        return self._types.setdefault(encoded, len(self._types))

    def _body(self, place: Place) -> bytes:
        """Return the body of a function with the new indices."""
        out = []
        for step in self._taken_apart[place]:
            if step.what == "plain":
                out.append(step.raw)
            elif step.what == "call":
                out.append(b"\x10" + unsigned(self._functions[self._called(place, step)]))
            elif step.what == "indirect":
                table = self._parts.place(place.module, TABLE, step.table)
                require(table == self._table, "a call through another table")
                kind = self._parts.modules[place.module].types[step.operand]
                out.append(b"\x11" + unsigned(self._type(kind)) + b"\x00")
            else:
                out.append(self._global_step(place, step))
        return b"".join(out)

    def _global_step(self, place: Place, step: Step) -> bytes:
        """Return access to a global; one that nothing ever sets is a constant."""
        target = self._parts.place(place.module, GLOBAL, step.operand)
        if target in self._changing:
            code = b"\x24" if step.what == "set" else b"\x23"
            return code + unsigned(self._changing[target])
        if target not in self._constants:
            kind, first = self._global(target)
            require(kind[0] == _I32, "a constant is not a number of 32 bits")
            value = self._constant(target.module, first)
            self._constants[target] = bytes([I32_CONST]) + signed(value)
        return self._constants[target]

    def _exports(self) -> list[bytes]:
        functions = [
            text(name) + b"\x00" + unsigned(self._functions[self._exported(name)])
            for name in (_REALLOC, *EXPORTS)
        ]
        changing = [
            text(f"{CHANGING}{index}") + b"\x03" + unsigned(index)
            for index in self._changing.values()
        ]
        return [text("memory") + b"\x02\x00", *functions, *changing]

    def _elements(self) -> list[bytes]:
        """Return the table in pieces without gaps."""
        pieces: list[list[int]] = []
        for index in sorted(self._entries):
            if not pieces or index != pieces[-1][-1] + 1:
                pieces.append([])
            pieces[-1].append(index)
        return [
            b"\x00\x41"
            + signed(piece[0])
            + b"\x0b"
            + vector(unsigned(self._functions[self._entries[index]]) for index in piece)
            for piece in pieces
        ]

    def _data(self) -> list[bytes]:
        holders = [number for number in self._parts.order if self._parts.modules[number].data]
        require(holders == [self._memory.module], "data apart from the snapshot")
        data = self._parts.modules[self._memory.module].data
        return memory.encode(lasting.make_last(memory.read(data)))

    def _names(self) -> bytes:
        """Return the names of the functions as "library!function".

        The stubs that stand for the outside have none; they get that of their export.
        """
        named = []
        for place, index in self._functions.items():
            module = self._parts.modules[place.module]
            if place.item in module.names:
                name = f"{module.name}!{module.names[place.item]}"
            else:
                exported = [n for n, e in module.exports.items() if e == (FUNCTION, place.item)]
                name = f"{OUTSIDE}!{exported[0]}" if exported and not module.name else ""
            if name:
                named.append(unsigned(index) + text(name))
        return vector(named)


def _wrap(module: bytes) -> bytes:
    """Return a component round a module: the exports as functions of strings."""
    core_export = [b"\x00\x02\x01\x00" + text("memory")]
    core_export += [b"\x00\x00\x01\x00" + text(name) for name in (_REALLOC, *EXPORTS)]
    types = [
        b"\x40" + vector(text(name) + _STRING for name in names) + b"\x00" + _STRING
        for names in EXPORTS.values()
    ]
    options = vector([b"\x00", b"\x03\x00", b"\x04\x00"])  # UTF-8, memory 0, realloc 0
    lifted = [
        b"\x00\x00" + unsigned(1 + index) + options + unsigned(index)
        for index in range(len(EXPORTS))
    ]
    exports = [
        b"\x00" + text(name) + b"\x01" + unsigned(index) + b"\x00"
        for index, name in enumerate(EXPORTS)
    ]
    return b"".join(
        [
            COMPONENT_HEAD,
            section(1, module),
            section(2, vector([b"\x00\x00" + vector([])])),
            section(6, vector(core_export)),
            section(7, vector(types)),
            section(8, vector(lifted)),
            section(11, vector(exports)),
        ]
    )
