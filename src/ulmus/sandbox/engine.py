"""wasmtime, opened once per process: the engine, the compiled guest and the calls into it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from ulmus.errors import SandboxUnavailableError
from ulmus.records import Limits
from ulmus.sandbox import cache

GUEST = Path(__file__).with_name("guest.wasm")
STACK_BYTES = 16 * 1024 * 1024
"""Stack of the guest's own code: enough for CPython to see a recursion that is too deep by itself
and raise RecursionError, instead of being stopped in the middle (needed: see tests)."""

SETTINGS = f"fuel+epoch+nan-canonical+opt=speed+stack={STACK_BYTES}"
"""The settings of the engine that change what compiled code is or does; part of every key."""

TICK_S = 0.05
"""How often the backstop clock moves, and so how exact it is."""

_THREAD_STACK_BYTES = STACK_BYTES + 8 * 1024 * 1024
_ALL_TICKS = 1_000_000  # beyond every deadline

Progress = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What one call into the guest gave: a text, or None and the words of a trap."""

    text: str | None
    trap: str
    fuel: int


class Guest:
    """The compiled guest, ready for calls; one per process and place."""

    def __init__(self, wasm: Path, folder: Path, progress: Progress | None = None) -> None:
        from wasmtime import Engine
        from wasmtime.component import Linker

        self._engine = Engine(_settings())
        self._component = _load(self._engine, wasm, folder, progress)
        self._linker = Linker(self._engine)
        self._ticking = threading.Lock()
        self._ticked_s = time.monotonic()

    def call(self, limits: Limits, export: str, *texts: str) -> Answer:
        """Call an export of a fresh instance and return what came of it.

        Only for work that `attend` looks after: nothing else moves the backstop clock.
        """
        from wasmtime import Store, Trap, WasmtimeError

        store = Store(self._engine)
        try:
            store.set_limits(memory_size=limits.memory_bytes)
            store.set_fuel(limits.fuel)
            store.set_epoch_deadline(max(2, round(limits.timeout_s / TICK_S)))
            try:
                instance = self._linker.instantiate(store, self._component)
                function: Any = instance.get_func(store, export)
                text, trap = function(store, *texts), ""
            except (WasmtimeError, Trap) as error:
                text, trap = None, str(error)
            return Answer(text, trap, limits.fuel - store.get_fuel())
        finally:
            store.close()

    def attend(self, work: Callable[[], T]) -> T:
        """Do some work in a thread with a large stack and move the backstop clock meanwhile.

        An exception here, such as KeyboardInterrupt, ends the call that is running.
        """
        result: Future[T] = Future()
        thread = _start(lambda: _settle(result, work))
        try:
            while not result.done():
                with contextlib.suppress(TimeoutError):
                    return result.result(TICK_S)
                self._tick()
            return result.result()
        except BaseException:
            if not result.done():
                self._interrupt()
            raise
        finally:
            thread.join()

    def _tick(self) -> None:
        """Move the clock, but never faster than one tick per tick time, whoever else calls."""
        with self._ticking:
            now_s = time.monotonic()
            if now_s - self._ticked_s >= TICK_S * 0.9:
                self._ticked_s = now_s
                self._engine.increment_epoch()

    def _interrupt(self) -> None:
        for _ in range(_ALL_TICKS):
            self._engine.increment_epoch()


def _start(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name="ulmus-sandbox", daemon=True)
    before = threading.stack_size(_THREAD_STACK_BYTES)
    try:
        thread.start()
    finally:
        threading.stack_size(before)
    return thread


def _settle(result: Future[T], work: Callable[[], T]) -> None:
    """Put what the work gives, or what it raises, into the future."""
    try:
        result.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
        result.set_exception(error)


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
    """Return 16 hex digits over everything that can change a result.

    Two builds of the same guest sources differ: componentize-py bakes the secret of `hash(str)`
    into the snapshot, and with it the order of sets. So the identity is that of the build.
    """
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


def _settings() -> Any:
    from wasmtime import Config, _bindings

    config = Config()
    config.wasm_component_model = True
    config.consume_fuel = True
    config.epoch_interruption = True
    config.cranelift_nan_canonicalization = True
    config.cranelift_opt_level = "speed"
    # The binding has no name for this one, and without it the stack may not pass 2 MiB.
    _bindings.wasmtime_config_async_stack_size_set(config.ptr(), STACK_BYTES)
    config.max_wasm_stack = STACK_BYTES
    return config


def _load(engine: Any, wasm: Path, folder: Path, progress: Progress | None) -> Any:
    """Return the compiled guest from the cache, or compile it and keep it there."""
    from wasmtime import WasmtimeError
    from wasmtime.component import Component

    name = _compiled_name(wasm)
    place = cache.open_folder(folder)
    if place is not None and (place / name).is_file():
        # A file that a dying disk cut short or another build left is made anew.
        with contextlib.suppress(WasmtimeError):
            return Component.deserialize_file(engine, str(place / name))
    component = _compile(engine, wasm, progress)
    if place is not None:
        cache.publish(component.serialize(), place / name)
    return component


def _compile(engine: Any, wasm: Path, progress: Progress | None) -> Any:
    from wasmtime import WasmtimeError
    from wasmtime.component import Component

    say = progress or (lambda text: None)
    say("compiling the sandbox for this machine, about 10 s, only once")
    start_s = time.monotonic()
    try:
        component = Component.from_file(engine, str(wasm))
    except WasmtimeError as error:
        raise SandboxUnavailableError(
            f"the guest {wasm} does not compile: {error}. Build it again with "
            "`python hatch_build.py --force`, or install ulmus again."
        ) from error
    say(f"sandbox compiled in {time.monotonic() - start_s:.1f} s")
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
