"""Modules that come with the job, and names that are there before the program's first line."""

from __future__ import annotations

import binascii
import importlib
import marshal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any


def compile_source(name: str, source: str) -> str:
    """Compile a module for later jobs; returns base64 of the marshalled code.

    Raises:
        SyntaxError: The module does not parse.
    """
    code = compile(source, f"<{name}>", "exec", dont_inherit=True)
    return binascii.b2a_base64(marshal.dumps(code), newline=False).decode()


class Finder:
    """An importer for the job's own modules; a module runs when it is first imported.

    Attributes:
        codes: Module name → base64 of its marshalled code, as `compile_source` made it.
    """

    def __init__(self, codes: dict[str, str]) -> None:
        self.codes = codes

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Claim the modules that came with the job."""
        return ModuleSpec(name, self) if name in self.codes else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave the making of the module object to the import system."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        code: CodeType = marshal.loads(binascii.a2b_base64(self.codes[module.__name__]))
        exec(code, module.__dict__)


def bind(
    namespace: dict[str, Any], scope: Sequence[tuple[str, str]], source: str, finder: Finder
) -> None:
    """Put the names of the scope into the namespace.

    A name from a module that came with the job is bound only if the name occurs in the program
    text; a program that never says it does not pay for running that module.
    """
    for name, target in scope:
        module_name, _, attribute = target.partition(":")
        if module_name in finder.codes and name not in source:
            continue
        module = sys.modules.get(module_name) or importlib.import_module(module_name)
        namespace[name] = getattr(module, attribute) if attribute else module
