"""Runs walker programs in this process, as trusted test data, without a sandbox."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from ulmus.problems.sodarace import programs

EVERYTHING = programs.surroundings("numpy query_cppn")


@pytest.fixture(scope="session")
def guest() -> dict[str, ModuleType]:
    """The modules that programs import, by name."""
    modules = {}
    for module in EVERYTHING.modules:
        modules[module.name] = ModuleType(module.name)
        code = compile(module.source, f"<{module.name}>", "exec")
        exec(code, modules[module.name].__dict__)
    return modules


@pytest.fixture
def run(guest: dict[str, ModuleType]) -> Callable[..., Any]:
    """Run a program and return what its entry returns."""

    def run_program(source: str, entry: str = programs.ENTRY) -> Any:
        namespace: dict[str, Any] = {}
        with mock.patch.dict(sys.modules, guest):
            for name, target in EVERYTHING.scope:
                module, _, attribute = target.partition(":")
                loaded = __import__(module)
                namespace[name] = getattr(loaded, attribute) if attribute else loaded
            exec(compile(source, "<program>", "exec"), namespace)
            return namespace[entry]()

    return run_program


@pytest.fixture
def builder(guest: dict[str, ModuleType]) -> Any:
    """A fresh builder of walkers."""
    return guest["walk_creator"].walker_creator()
