"""wasmtime, opened once per process: the engine, the compiled guest and one call into it."""

from __future__ import annotations

import hashlib
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ulmus.errors import SandboxUnavailableError
from ulmus.records import Limits
from ulmus.sandbox import cache

GUEST = Path(__file__).with_name("guest.wasm")
SETTINGS = "fuel+epoch+nan-canonical+opt=speed+stack=1MiB"
"""The settings of the engine that change what compiled code is or does; part of every key."""

STACK_BYTES = 1024 * 1024
TICK_S = 0.05
"""How often the backstop clock looks, and so how exact it is."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """What one call into the guest gave: a text, or the words of a trap."""

    text: str | None
    trap: str
    fuel: int


@lru_cache(maxsize=4)
def digest(wasm: Path) -> str:
    """Return the SHA-256 of the guest.

    Raises:
        SandboxUnavailableError: There is no guest.
    """
    try:
        return hashlib.sha256(wasm.read_bytes()).hexdigest()
    except OSError as error:
        raise SandboxUnavailableError(
            f"the sandbox's guest {wasm} cannot be read ({error.strerror}). In a source tree build "
            "it with `python hatch_build.py`; otherwise install ulmus again."
        ) from error


def identity(wasm: Path) -> str:
    """Return 16 hex digits over everything that can change a result."""
    text = f"{digest(wasm)} wasmtime {version('wasmtime')} {SETTINGS}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _compiled_name(wasm: Path) -> str:
    """Return the name of the compiled guest: other settings or another machine, other name."""
    text = f"{digest(wasm)} wasmtime {version('wasmtime')} {SETTINGS} {_processor()}"
    return f"guest-{hashlib.sha256(text.encode()).hexdigest()[:32]}.cwasm"


def _processor() -> str:
    """Name what native code depends on; homes may be shared between unlike machines."""
    name = f"{platform.system()} {platform.machine()}"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return name
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return f"{name} {' '.join(sorted(flags.split()))}"


class Guest:
    """The compiled guest, ready for calls; one per process and set of places."""

    def __init__(self, wasm: Path, folder: Path, progress: Progress | None = None) -> None:
        from wasmtime import Engine
        from wasmtime.component import Linker

        self._engine = Engine(_settings())
        self._component = _load(self._engine, wasm, folder, progress)
        self._linker = Linker(self._engine)

    def call(self, text: str, limits: Limits) -> Answer:
        """Give a text to a fresh instance of the guest and return what came of it."""
        from wasmtime import Store, Trap, WasmtimeError

        store = Store(self._engine)
        try:
            store.set_limits(memory_size=limits.memory_bytes)
            store.set_fuel(limits.fuel)
            store.set_epoch_deadline(max(1, round(limits.timeout_s / TICK_S)))
            try:
                instance = self._linker.instantiate(store, self._component)
                function: Any = instance.get_func(store, "run")
                answer = function(store, text)
            except (WasmtimeError, Trap) as error:
                return Answer(None, str(error), limits.fuel - store.get_fuel())
            return Answer(answer, "", limits.fuel - store.get_fuel())
        finally:
            store.close()

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Let the backstop clock run while calls are made."""
        stop = threading.Event()
        thread = threading.Thread(target=self._tick, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _tick(self, stop: threading.Event) -> None:
        while not stop.wait(TICK_S):
            self._engine.increment_epoch()


def _settings() -> Any:
    from wasmtime import Config

    config = Config()
    config.wasm_component_model = True
    config.consume_fuel = True
    config.epoch_interruption = True
    config.cranelift_nan_canonicalization = True
    config.cranelift_opt_level = "speed"
    config.max_wasm_stack = STACK_BYTES
    return config


def _load(engine: Any, wasm: Path, folder: Path, progress: Progress | None) -> Any:
    """Return the compiled guest from the cache, or compile it and keep it there."""
    from wasmtime import WasmtimeError
    from wasmtime.component import Component

    name = _compiled_name(wasm)
    place = cache.open_folder(folder)
    if place is not None and (place / name).is_file():
        try:
            return Component.deserialize_file(engine, str(place / name))
        except WasmtimeError:  # half-written by a dying disk, or of another build: make it anew
            pass
    component = _compile(engine, wasm, progress)
    if place is not None:
        cache.publish(component.serialize(), place / name)
    return component


def _compile(engine: Any, wasm: Path, progress: Progress | None) -> Any:
    from wasmtime import WasmtimeError
    from wasmtime.component import Component

    say = progress or (lambda text: None)
    say("compiling the sandbox for this machine, about 10 s, only once")
    start = time.monotonic()
    try:
        component = Component.from_file(engine, str(wasm))
    except WasmtimeError as error:
        raise SandboxUnavailableError(
            f"the guest {wasm} does not compile: {error}. Build it again with "
            "`python hatch_build.py --force`, or install ulmus again."
        ) from error
    say(f"sandbox compiled in {time.monotonic() - start:.1f} s")
    return component


_open: dict[tuple[int, Path, Path], Guest] = {}
_opening = threading.Lock()


def open_guest(wasm: Path, folder: Path, progress: Progress | None = None) -> Guest:
    """Return the process's guest, opening it at the first call.

    Raises:
        SandboxUnavailableError: The guest or its cache cannot be used on this machine.
    """
    key = (os.getpid(), wasm, folder)  # a forked child must not share its parent's engine
    with _opening:
        if key not in _open:
            _open[key] = Guest(wasm, folder, progress)
        return _open[key]
