"""Modules that come with the job, and names that are there before the program's first line.

Code travels as marshalled bytes written as a string of the characters 0 to 255: base64 took as
long to decode as the module took to run.
"""

from __future__ import annotations

import importlib
import json
import marshal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import shelf


def compile_sources(text: str) -> str:
    """Compile modules for later jobs.

    Args:
        text: JSON object of name and source.

    Returns:
        What `Finder` takes, or a text that begins with "!" and says what is wrong.
    """
    codes = {}
    for name, source in json.loads(text).items():
        try:
            codes[name] = marshal.dumps(compile(source, f"<{name}>", "exec", dont_inherit=True))
        except (SyntaxError, ValueError) as error:
            return f"!{name}: {type(error).__name__}: {error}"
    return marshal.dumps(codes).decode("latin-1")


class Finder:
    """An importer for the job's own modules; a module runs when it is first imported.

    Attributes:
        names: All these modules.
    """

    def __init__(self, code: str, shelved: Sequence[str]) -> None:
        self._codes: dict[str, bytes] = marshal.loads(code.encode("latin-1")) if code else {}
        self.names = [*shelved, *self._codes]

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Claim the modules that came with the job."""
        return ModuleSpec(name, self) if name in self.names else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Take the module from the shelf or leave its making to the import system."""
        return None if spec.name in self._codes else shelf.take(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, unless it ran before it came to the shelf."""
        code = self._codes.get(module.__name__)
        if code is not None:
            exec(marshal.loads(code), module.__dict__)

    def load(self, name: str) -> ModuleType:
        """Import a module without the import system, which takes 0.4 ms for what this does."""
        module = ModuleType(name) if name in self._codes else shelf.take(name)
        sys.modules[name] = module
        self.exec_module(module)
        return module


def bind(
    namespace: dict[str, Any], scope: Sequence[tuple[str, str]], source: str, finder: Finder
) -> None:
    """Load the job's modules that the program text mentions and bind the names of the scope.

    A module whose name and scope names do not occur in the text is left to the finder: a program
    that never mentions it does not pay for it.
    """
    for name in finder.names:
        if name not in sys.modules and mentions(source, name):
            finder.load(name)
    for name, target in scope:
        module_name, _, attribute = target.partition(":")
        module = sys.modules.get(module_name)
        if module is None:
            if not mentions(source, name):
                continue
            known = module_name in finder.names
            module = finder.load(module_name) if known else importlib.import_module(module_name)
        namespace[name] = getattr(module, attribute) if attribute else module


def mentions(source: str, name: str) -> bool:
    """Tell whether a name occurs in a text as a word of its own."""
    start = source.find(name)
    while start >= 0:
        end = start + len(name)
        if not (_in_word(source[start - 1 : start]) or _in_word(source[end : end + 1])):
            return True
        start = source.find(name, end)
    return False


def _in_word(character: str) -> bool:
    return character == "_" or character.isalnum()
