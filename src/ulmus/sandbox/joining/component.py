"""A component without imports: which of its core modules' imports are which exports."""

from __future__ import annotations

from dataclasses import dataclass

from ulmus.sandbox.joining import core
from ulmus.sandbox.joining.binary import COMPONENT_HEAD, FormatError, Reader, require
from ulmus.sandbox.joining.core import FUNCTION, KINDS, Core, Place

_CORE_MODULE, _CORE_INSTANCE, _ALIAS, _CANON, _IMPORT = 1, 2, 6, 8, 10
_INSTANCE_SORT = 0x12

Offered = dict[str, tuple[int, Place]]
"""What an instance offers: kind and place by name."""


@dataclass(frozen=True)
class Parts:
    """The core modules of a component, each with its imports resolved.

    Attributes:
        modules: All of them.
        order: Numbers of those that are used, in the order in which they come to life.
    """

    modules: list[Core]
    order: list[int]

    def place(self, module: int, kind: int, index: int) -> Place:
        """Return what an index of a module means in the end."""
        part = self.modules[module]
        imported = part.imported[kind]
        return imported[index] if index < len(imported) else Place(module, index)


def read(component: bytes) -> Parts:
    """Take a component apart.

    Raises:
        FormatError: It is not a component, has imports, or uses a core module twice.
    """
    require(component.startswith(COMPONENT_HEAD), "it is not a component")
    reader = _Reading(Parts([], []))
    for kind, content in Reader(component, len(COMPONENT_HEAD)).sections():
        require(kind != _IMPORT, "it has imports")
        if kind == _CORE_MODULE:
            reader.parts.modules.append(core.read(content.data))
        elif kind == _CORE_INSTANCE:
            for _ in content.times():
                reader.instance(content)
        elif kind == _ALIAS:
            for _ in content.times():
                reader.alias(content)
        elif kind == _CANON:
            require(content.data[1] == 0, "it makes core functions of other functions")
    return reader.parts


def core_module(component: bytes) -> bytes:
    """Return the first core module of a component.

    Raises:
        FormatError: It is not a component, or has none.
    """
    require(component.startswith(COMPONENT_HEAD), "it is not a component")
    for kind, content in Reader(component, len(COMPONENT_HEAD)).sections():
        if kind == _CORE_MODULE:
            return bytes(content.data)
    raise FormatError("it has no core module")


class _Reading:
    """The index spaces of a component while it is read."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._instances: list[Offered] = []
        self._known: dict[int, list[Place]] = {kind: [] for kind in KINDS}

    def instance(self, content: Reader) -> None:
        """Read one core instance: a module with its imports, or a bundle of known things."""
        if content.byte() == 0:
            self._instances.append(self._come_to_life(content))
            return
        bundle: Offered = {}
        for _ in content.times():
            name, kind = content.text(), content.byte()
            bundle[name] = kind, self._known[kind][content.unsigned()]
        self._instances.append(bundle)

    def _come_to_life(self, content: Reader) -> Offered:
        number = content.unsigned()
        require(number not in self.parts.order, "it uses a core module twice")
        given: dict[str, Offered] = {}
        for _ in content.times():
            name = content.text()
            require(content.byte() == _INSTANCE_SORT, "a core module imports no instance")
            given[name] = self._instances[content.unsigned()]
        module = self.parts.modules[number]
        for group, name, kind in module.imports:
            found, place = given[group][name]
            require(found == kind, f"import {name} is of another kind")
            module.imported[kind].append(place)
        self.parts.order.append(number)
        return {
            name: (kind, self.parts.place(number, kind, index))
            for name, (kind, index) in module.exports.items()
        }

    def alias(self, content: Reader) -> None:
        """Read one alias; those of core exports extend the index spaces."""
        sort = content.byte()
        kind = content.byte() if sort == 0 else None
        target = content.byte()
        if target == 1 and kind is not None:
            instance, name = content.unsigned(), content.text()
            found, place = self._instances[instance][name]
            require(found == kind, f"alias {name} is of another kind")
            self._known[kind].append(place)
        else:
            require(target == 0 and sort != FUNCTION, f"alias of sort {sort} and target {target}")
            content.unsigned()
            content.text()
