"""wasmtime, opened once per process: the engine, the compiled guest and the calls into it."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from ulmus.errors import SandboxUnavailableError
from ulmus.records import Limits
from ulmus.sandbox import cache
from ulmus.sandbox.instance import Instance
from ulmus.sandbox.joining import component
from ulmus.sandbox.joining.binary import FormatError
from ulmus.sandbox.shift import STACK_BYTES, Shift, Work

GUEST = Path(__file__).with_name("guest.wasm")
SETTINGS = f"fuel+epoch+nan-canonical+opt=speed_and_size+stack={STACK_BYTES}"
"""The settings of the engine that change what compiled code is or does; part of every key."""

KEPT = 4
"""Compiled guests that stay in the cache, 40 MB each; the oldest go when a new one comes."""

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

        self._engine = Engine(_settings())
        self._module = _load(self._engine, wasm, folder, progress)
        self._pristine: Instance | None = None
        self._ready: Instance | None = None
        self._proved: bool | None = None
        self._busy = threading.Lock()

    def call(self, limits: Limits, export: str, *texts: str) -> Answer:
        """Call an export of an instance that is as new and return what came of it.

        Only for work that `attend` looks after: nothing else moves the backstop clock.
        """
        from wasmtime import Trap, WasmtimeError

        try:
            instance = self._take(limits)
        except (WasmtimeError, Trap) as error:
            return Answer(None, str(error), 0)
        kept = False
        try:
            try:
                text = instance.call(limits, export, texts)
            except (WasmtimeError, Trap) as error:
                return Answer(None, str(error), limits.fuel - instance.fuel())
            answer = Answer(text, "", limits.fuel - instance.fuel())
            kept = self._renew(instance)
            return answer
        finally:
            if kept:
                self._ready = instance
            else:
                instance.close()

    def _take(self, limits: Limits) -> Instance:
        """Return an instance that is as new; whoever takes it gives it back or closes it."""
        ready, self._ready = self._ready, None
        if ready is not None and ready.size() <= limits.memory_bytes:
            return ready
        self._ready = ready
        return Instance(self._engine, self._module, limits)

    def _renew(self, instance: Instance) -> bool:
        """Make an instance as new.

        The first time, all of it is compared with one that is new, and it is closed all the same:
        the look at every page has fetched pages that make later looks dearer.
        """
        if self._ready is not None or self._proved is False:
            return False
        if self._pristine is None:
            self._pristine = Instance(self._engine, self._module, Limits())
        if not instance.renew(self._pristine):
            return False
        if self._proved is None:
            self._proved = instance.equals(self._pristine)
            return False
        return True

    def attend(self, work: Work[T]) -> T:
        """Do some work in a thread with a large stack and move the backstop clock meanwhile.

        One piece of work at a time: two threads of one process gain nothing here, and they would
        share the clock. An exception, such as KeyboardInterrupt, ends the call that is running.
        """
        with self._busy:
            shift = Shift(work)
            try:
                return shift.wait(self._engine.increment_epoch)
            except BaseException:
                shift.end(self._engine.increment_epoch)
                raise


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
    text = f"module {digest(wasm)} wasmtime {version('wasmtime')} {SETTINGS} {_processor()}"
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
    config.consume_fuel = True
    config.epoch_interruption = True
    config.cranelift_nan_canonicalization = True
    config.cranelift_opt_level = "speed_and_size"  # 8 % faster jobs: less code to touch
    # The binding has no name for this one, and without it the stack may not pass 2 MiB.
    _bindings.wasmtime_config_async_stack_size_set(config.ptr(), STACK_BYTES)
    config.max_wasm_stack = STACK_BYTES
    return config


def _load(engine: Any, wasm: Path, folder: Path, progress: Progress | None) -> Any:
    """Return the compiled guest from the cache, or compile it and keep it there."""
    from wasmtime import Module, WasmtimeError

    name = _compiled_name(wasm)
    place = cache.open_folder(folder)
    if place is not None and (place / name).is_file():
        # A file that a dying disk cut short or another build left is made anew.
        with contextlib.suppress(WasmtimeError):
            return Module.deserialize_file(engine, str(place / name))
    module = _compile(engine, wasm, progress)
    if place is not None:
        cache.publish(module.serialize(), place / name)
        cache.prune(place, "guest-*.cwasm", keep=KEPT)
    return module


def _compile(engine: Any, wasm: Path, progress: Progress | None) -> Any:
    from wasmtime import Module, WasmtimeError

    say = progress or (lambda text: None)
    say("compiling the sandbox for this machine, about 10 s, only once")
    start_s = time.monotonic()
    try:
        module = Module(engine, component.core_module(wasm.read_bytes()))
    except (WasmtimeError, FormatError) as error:
        raise SandboxUnavailableError(
            f"the guest {wasm} does not compile: {error}. Build it again with "
            "`python hatch_build.py --force`, or install ulmus again."
        ) from error
    say(f"sandbox compiled in {time.monotonic() - start_s:.1f} s")
    return module


_open: dict[tuple[int, Path, Path], Guest] = {}
_opening = threading.Lock()
atexit.register(_open.clear)  # later, wasmtime's finalizers find their own modules gone


def open_guest(
    wasm: Path, folder: Path, progress: Progress | None, check: Callable[[Guest], None]
) -> Guest:
    """Return the process's guest, opening and checking it at the first call.

    Raises:
        SandboxUnavailableError: The guest or its cache cannot be used on this machine.
    """
    key = (os.getpid(), wasm, folder)  # a forked child must not share its parent's engine
    with _opening:
        if key not in _open:
            guest = Guest(wasm, folder, progress)
            check(guest)
            _open[key] = guest
        return _open[key]
