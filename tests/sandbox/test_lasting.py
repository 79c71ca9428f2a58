"""The objects of the snapshot are immortal, and nothing else in memory has changed."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import ulmus
from ulmus.records import Job
from ulmus.sandbox.guest.lasting import HEAD
from ulmus.sandbox.joining import lasting, memory
from ulmus.sandbox.joining.binary import FormatError, signed, unsigned
from ulmus.sandbox.wasm import WasmSandbox

KIND, OBJECT, FREED, LINKED, STRAY = 200_000, 200_016, 200_032, 200_048, 200_064
IMMORTAL = 5 << 28


def image(places: list[int]) -> bytearray:
    """Memory with a type, an object of it, and three places where there is none any more."""
    content = bytearray(200_100)
    struct.pack_into("<2I", content, KIND, 9, KIND)
    struct.pack_into("<2I", content, OBJECT, 1, KIND)
    struct.pack_into("<2I", content, FREED, 0, KIND)
    struct.pack_into("<2I", content, LINKED, OBJECT, KIND)
    struct.pack_into("<2I", content, STRAY, 3, 77)
    struct.pack_into(f"<{4 + len(places)}I", content, 1000, *HEAD, len(places), *places)
    return content


def test_objects_are_marked_and_the_list_is_wiped() -> None:
    made = lasting.make_last(image([KIND, OBJECT, OBJECT, FREED, LINKED, STRAY]))
    expected = image([])
    expected[1000:1016] = bytes(16)
    struct.pack_into("<I", expected, KIND, IMMORTAL)
    struct.pack_into("<I", expected, OBJECT, IMMORTAL)
    assert made == expected


def test_a_snapshot_without_the_list_is_refused() -> None:
    with pytest.raises(FormatError, match="no list"):
        lasting.make_last(bytearray(5000))


def test_a_snapshot_with_the_head_twice_is_refused() -> None:
    content = image([KIND, OBJECT])
    struct.pack_into("<3I", content, 150_000, *HEAD)
    with pytest.raises(FormatError, match="two lists"):
        lasting.make_last(content)


def test_no_module_of_the_guest_spells_the_head_out() -> None:
    """The text of a module can stay in the snapshot: one build in about twenty failed by it."""
    root = Path(ulmus.__file__).parent
    modules = [*root.glob("sandbox/guest/*.py"), *root.glob("problems/*/guest/*.py")]
    assert modules
    head = struct.pack("<3I", *HEAD)
    assert not [path for path in modules if head in path.read_bytes()]


def test_memory_survives_being_put_into_parts() -> None:
    content = bytes(70) + b"abc" + bytes(255) + b"d" + bytes(256) + b"\n\0e" + bytes(9)
    parts = memory.encode(content)
    assert len(parts) == 2
    assert bytes(memory.read(parts)) == content.rstrip(b"\0")
    assert memory.read([b"\0\x41" + signed(3) + b"\x0b" + unsigned(1) + b"x"]) == b"\0\0\0x"


def test_a_program_finds_objects_of_the_snapshot_immortal_and_its_own_not() -> None:
    source = (
        "import sys, json, random\n"
        "def start():\n"
        "    own = [object()]\n"
        "    old = [json.loads, random.Random, sys.modules, json.loads.__code__, json.__doc__]\n"
        "    return [min(map(sys.getrefcount, old)) > 10**9, sys.getrefcount(own) < 10]\n"
    )
    outcome = WasmSandbox().run([Job(source, entry="start")])[0]
    assert outcome.value == [True, True]
