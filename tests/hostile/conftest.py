"""Puts the laboratory on the import path and opens one sandbox for all hostile tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from attack_lab.sandboxed import Stage

from ulmus.sandbox.base import Sandbox
from ulmus.sandbox.wasm import WasmSandbox


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """Return the default sandbox."""
    return WasmSandbox()


@pytest.fixture
def stage(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> Iterator[Stage]:
    """Return a set-up scene around the sandbox, with secrets wherever people put them."""
    with Stage(sandbox, capfd.readouterr) as stage:
        yield stage
