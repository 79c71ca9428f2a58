"""Joining the core modules of a component: the result does the same, with one module."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given
from wasmtime import Config, Engine, GlobalType, Module, Store, Trap, WasmtimeError, wat2wasm
from wasmtime.component import Component, Linker

from ulmus.sandbox import engine
from ulmus.sandbox.joining import CHANGING, binary, join
from ulmus.sandbox.joining.binary import FormatError, Reader
from ulmus.sandbox.joining.component import core_module

SHARED = r"""
  (core module $main
    (type $two (func (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (table (export "table") 8 funcref)
    (global (export "top") (mut i32) (i32.const 1024))
    (global (export "base") i32 (i32.const 2))
    (global (export "got") (mut i32) (i32.const 64))
    (data (i32.const 64) "shelf of main")
    (data (i32.const 4096) "ulmus:lasts:\00\00\00\00")
    (func (export "handed on") (param i32 i32) (result i32)
      local.get 0 local.get 1 i32.const 3 call_indirect (type $two))
    (func (export "unused") (param i32) local.get 0 drop)
  )
"""
LIBRARY = """
  (core module $library
    (type $two (func (param i32 i32) (result i32)))
    (import "env" "memory" (memory 1))
    (import "env" "table" (table 4 funcref))
    (import "env" "base" (global $base i32))
    (import "env" "top" (global $top (mut i32)))
    (import "env" "got" (global $got (mut i32)))
    (import "env" "handed on" (func $handed_on (type $two)))
    (import "wall" "open" (func $open))
    (global $pair_place i32 (i32.add (global.get $base) (i32.const 1)))
    (elem (global.get $base) func $other $pair)
    (func $other (type $two) i32.const 7)
    (func $pair (type $two)
      (i32.store (i32.const 32) (local.get 0))
      (i32.store (i32.const 36) (local.get 1))
      i32.const 32)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $top (i32.add (global.get $top) (local.get 3)))
      (i32.sub (global.get $top) (local.get 3)))
    (func (export "shelf") (result i32)
      (call $handed_on (global.get $got) (i32.const 13)))
    (func (export "compile") (param i32 i32) (result i32)
      (if (i32.eqz (local.get 1)) (then (call $open)))
      (call_indirect (type $two) (local.get 0) (local.get 1) (global.get $pair_place)))
    (func (export "run") (param i32 i32 i32 i32) (result i32)
      (local $keep f64)
      (local.set $keep (f64.const 1.5))
      (block $a (block $b (br_table $a $b $a (i32.const 1))) (nop))
      (memory.copy (i32.add (local.get 0) (local.get 1)) (local.get 2) (local.get 3))
      (call $pair (local.get 0)
        (i32.add (local.get 1) (i32.trunc_sat_f64_s (f64.const 3.0))))
    )
    (func (export "start") (global.set $got (i32.const 0)))
  )
  (core module (func (export "open") unreachable))
"""
LIFTED = """
  (core instance $main (instantiate $main))
  (core instance $wall (instantiate 2))
  (core instance $env (export "memory" (memory $main "memory")) (export "table" (table $main "table"))
    (export "base" (global $main "base")) (export "top" (global $main "top"))
    (export "got" (global $main "got")) (export "handed on" (func $main "handed on")))
  (core instance $library (instantiate $library
    (with "env" (instance $env)) (with "wall" (instance $wall))))
  (alias core export $main "memory" (core memory $memory))
  (alias core export $library "cabi_realloc" (core func $realloc))
  (alias core export $library "shelf" (core func $shelf))
  (alias core export $library "compile" (core func $compile))
  (alias core export $library "run" (core func $run))
  (func (export "shelf") (result string)
    (canon lift (core func $shelf) (memory $memory) (realloc $realloc)))
  (func (export "compile") (param "modules" string) (result string)
    (canon lift (core func $compile) (memory $memory) (realloc $realloc)))
  (func (export "run") (param "job" string) (param "code" string) (result string)
    (canon lift (core func $run) (memory $memory) (realloc $realloc)))
"""
CALLS = (("shelf",), ("compile", "some text"), ("run", "abc", "def"))


def component(shared: str = SHARED, library: str = LIBRARY, lifted: str = LIFTED) -> bytes:
    return bytes(wat2wasm(f"(component {shared} {library} {lifted})"))


def call(made: bytes, *words: str) -> str:
    config = Config()
    config.wasm_component_model = True
    store = Store(Engine(config))
    instance = Linker(store.engine).instantiate(store, Component(store.engine, made))
    function = instance.get_func(store, words[0])
    assert function is not None
    return str(function(store, *words[1:]))


def test_the_joined_component_answers_as_the_original_does() -> None:
    original = component()
    joined = join.join(original)
    answers = [call(joined, *words) for words in CALLS]
    assert answers == [call(original, *words) for words in CALLS]
    assert answers == ["shelf of main", "some text", "abcdef"]


def test_the_joined_component_has_one_module_and_no_function_too_many() -> None:
    joined = join.join(component())
    assert joined.count(binary.CORE_HEAD) == 1
    assert b"unused" not in joined
    assert b"handed on" not in joined  # calls go straight to what it handed them on to


def test_every_global_that_is_ever_set_is_exported() -> None:
    made = Module(Engine(), core_module(join.join(component())))
    kinds = {export.name: export.type for export in made.exports}
    changing = [name for name in kinds if name.startswith(CHANGING)]
    assert changing == ["changing 0"]  # "top"; what sets "got" cannot be reached
    assert isinstance(kinds["changing 0"], GlobalType)
    assert kinds["changing 0"].mutable


def test_a_stub_of_the_outside_is_named_in_the_trap() -> None:
    with pytest.raises((Trap, WasmtimeError), match=r"0: +0x[0-9a-f]+ - guest!outside!open"):
        call(join.join(component()), "compile", "")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (bytes(wat2wasm("(module)")), "not a component"),
        (component(shared="", library="", lifted=""), "0 of its modules"),
        (component(shared='(import "open" (func))' + SHARED), "imports"),
        (
            component(lifted="(core instance (instantiate $main))" + LIFTED),
            "uses a core module twice",
        ),
        (
            component(
                library=LIBRARY.replace(
                    "(call $handed_on", "(table.set (i32.const 3) (ref.null func)) (call $handed_on"
                )
            ),
            "unknown instruction",
        ),
        (
            component(library=LIBRARY.replace("(elem (global", '(data (i32.const 8) "x") (elem (global')),
            "data apart from the snapshot",
        ),
        (
            component(library=LIBRARY.replace("(i32.add (global.get $base)", "(i32.sub (global.get $base)")),
            "constant expression with 0x6b",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_it_does_not_know_is_refused(made: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        join.join(made)


@given(st.integers(-(2**31), 2**31 - 1))
def test_numbers_survive(number: int) -> None:
    assert Reader(binary.signed(number)).signed() == number
    assert Reader(binary.unsigned(abs(number))).unsigned() == abs(number)


def test_the_guest_of_this_tree_is_joined() -> None:
    guest = engine.GUEST.read_bytes()
    sections = [kind for kind, _ in Reader(guest, len(binary.COMPONENT_HEAD)).sections()]
    assert sections.count(1) == 1
    assert 10 not in sections
