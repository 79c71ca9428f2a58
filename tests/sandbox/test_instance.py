"""An instance of the guest that serves many jobs: nothing of one job reaches the next."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from ctypes import addressof, c_char
from dataclasses import replace
from pathlib import Path

import pytest
from wasmtime import Config, Engine, Module, WasmtimeError, wat2wasm

from ulmus.errors import SandboxUnavailableError
from ulmus.records import Job, Limits, Outcome, Status
from ulmus.sandbox import cache, engine, frames, instance
from ulmus.sandbox.instance import Instance
from ulmus.sandbox.pages import written
from ulmus.sandbox.wasm import _run

PLAIN = "def start(): return [1, 2.5]"
LEAVES = {
    "nothing": PLAIN,
    "a changed module": "import math\nmath.pi = 3\nimport random\nrandom.seed(7)\n" + PLAIN,
    "a spoilt interpreter": "import builtins\nbuiltins.len = None\n" + PLAIN,
    "text": "kept = ['secret %d' % i for i in range(5000)]\n" + PLAIN,
    "a printed line": "print('secret')\n" + PLAIN,
    "an error": "def start(): raise ValueError('secret')",
    "a syntax error": "def start(:",
    "deep recursion": "def start(): return start()",
    "a collection": "import gc\ngc.enable()\ngc.collect()\n" + PLAIN,
    "freed memory": "x = bytearray(300000)\ndel x\n" + PLAIN,
    "a raised limit": "import sys\nsys.setrecursionlimit(3000)\n" + PLAIN,
}
ENDS = {
    "a trap": "open('/secret')",
    "no more fuel": "while True: pass",
    "grown memory": "x = bytearray(20_000_000)\n" + PLAIN,
    "many written pages": "import sys\nx = [bytearray(b'x' * 4096) for i in range(3000)]\n" + PLAIN,
}
LIMITS = Limits(fuel=400_000_000)


@pytest.fixture(scope="module")
def guest() -> engine.Guest:
    made = engine.Guest(engine.GUEST, cache.default_folder())
    for _ in range(2):  # the first instance only proves that the way back works
        outcome(made, PLAIN)
    return made


def outcome(guest: engine.Guest, source: str) -> Outcome:
    job = Job(source, "start", limits=LIMITS)
    return guest.attend(lambda stop: _run(guest, job))


def is_as_new(guest: engine.Guest) -> bool:
    assert guest._ready is not None
    assert guest._pristine is not None
    return guest._ready.equals(guest._pristine)


@pytest.mark.parametrize("left", LEAVES)
def test_nothing_stays_behind(guest: engine.Guest, left: str) -> None:
    outcome(guest, PLAIN)
    first = outcome(guest, LEAVES[left])
    served = guest._ready
    assert is_as_new(guest)
    assert outcome(guest, LEAVES[left]) == first
    assert guest._ready is served
    assert is_as_new(guest)


@pytest.mark.parametrize("end", ENDS)
def test_an_instance_ends_with_an_unusual_job(guest: engine.Guest, end: str) -> None:
    before = outcome(guest, PLAIN)
    served = guest._ready
    assert served is not None
    outcome(guest, ENDS[end])
    assert guest._ready is None
    assert outcome(guest, PLAIN) == before
    assert guest._ready is not served


def test_a_job_with_too_little_memory_is_told_so_by_a_used_instance_too(
    guest: engine.Guest,
) -> None:
    outcome(guest, PLAIN)
    job = Job(PLAIN, "start", limits=replace(LIMITS, memory_bytes=1 << 20))
    assert guest.attend(lambda stop: _run(guest, job)).status == Status.MEMORY
    assert outcome(guest, PLAIN).status == Status.OK


def test_outcomes_are_the_same_where_the_system_cannot_tell(
    guest: engine.Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [outcome(guest, source) for source in LEAVES.values()]
    monkeypatch.setattr(instance, "written", lambda start, size: None)
    other = engine.Guest(engine.GUEST, cache.default_folder())
    assert [outcome(other, source) for source in LEAVES.values()] == expected
    assert other._ready is None


def test_a_system_that_forgets_a_page_is_found_out(
    guest: engine.Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = outcome(guest, PLAIN)
    monkeypatch.setattr(instance, "written", lambda start, size: (written(start, size) or [])[1:])
    other = engine.Guest(engine.GUEST, cache.default_folder())
    assert [outcome(other, PLAIN) for _ in range(3)] == [expected] * 3
    assert other._ready is None


def test_a_first_job_that_grows_memory_proves_nothing() -> None:
    other = engine.Guest(engine.GUEST, cache.default_folder())
    for source in (ENDS["grown memory"], PLAIN):
        text = frames.encode(Job(source, "start"))
        answer = other.attend(lambda stop, text=text: other.call(LIMITS, "run", text, ""))
        assert answer.text is not None
        assert other._ready is None
    outcome(other, PLAIN)
    assert is_as_new(other)


def test_written_pages_of_a_file_are_those_with_other_content(tmp_path: Path) -> None:
    path = tmp_path / "pages"
    path.write_bytes(b"x" * 8 * mmap.PAGESIZE)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as pages:
        place = c_char.from_buffer(pages)
        start = addressof(place)
        assert pages[5 * mmap.PAGESIZE] == ord("x")
        for page in (1, 2, 6):
            pages[page * mmap.PAGESIZE] = 0
        found = written(start, len(pages))
        del place
    expected = [(1, 3), (6, 7)]
    assert (
        found is None
        or [
            ((begin - start) // mmap.PAGESIZE, (end - start) // mmap.PAGESIZE)
            for begin, end in found
        ]
        == expected
    )


LIAR = """(module
  (memory (export "memory") 1)
  (global (export "changing 0") (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const {room})
  (func (export "shelf") (result i32) i32.const {at})
  (func (export "compile") (param i32 i32) (result i32) i32.const 0)
  (data (i32.const 16) "\\20\\00\\00\\00\\02\\00\\00\\00\\ff\\ff\\ff\\ff\\02\\00\\00\\00")
  (data (i32.const 32) "\\ff\\ff")
)"""


@pytest.mark.parametrize(
    ("room", "at", "words"),
    [(0, -4, "outside"), (0, 65535, "outside"), (0, 16, "no text"), (0, 24, "outside")],
)
def test_a_place_that_the_guest_names_is_checked(room: int, at: int, words: str) -> None:
    with pytest.raises(WasmtimeError, match=words):
        liar(room, at)(lambda made, limits: made.call(limits, "shelf", ()))


@pytest.mark.parametrize("room", [-1, 65535])
def test_the_room_that_the_guest_gives_is_checked(room: int) -> None:
    with pytest.raises(WasmtimeError, match="outside"):
        liar(room, 0)(lambda made, limits: made.call(limits, "compile", ("text",)))


def test_an_export_that_is_missing_is_said() -> None:
    with pytest.raises(SandboxUnavailableError, match="no export 'run'"):
        liar(0, 0)(lambda made, limits: made.call(limits, "run", ()))


def liar(room: int, at: int) -> Callable[[Callable[[Instance, Limits], str]], str]:
    config = Config()
    config.consume_fuel = config.epoch_interruption = True
    machine = Engine(config)
    module = Module(machine, wat2wasm(LIAR.format(room=room, at=at)))
    return lambda use: use(Instance(machine, module, LIMITS), LIMITS)
