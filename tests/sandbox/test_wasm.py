"""What is particular to the tier `wasm`."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
from wasmtime import wat2wasm

from ulmus.errors import SandboxError, SandboxUnavailableError
from ulmus.records import GuestModule, Job, Limits, Outcome, Status
from ulmus.sandbox import engine, selftest
from ulmus.sandbox.wasm import WasmSandbox

SANDBOX = WasmSandbox()
BUILDER = GuestModule("builder", "def add(a, b):\n    return a + b\n")
WORK = Job("import builder\ndef start(): return [builder.add(i, 0.5) for i in range(20)]", "start")
WORK = replace(WORK, modules=(BUILDER,))
TINY = "(component (core module))"


def run(source: str, **fields: object) -> Outcome:
    return SANDBOX.run([replace(Job(source, "start"), **fields)])[0]  # type: ignore[arg-type]


def tiny(folder: Path, text: str = TINY) -> Path:
    path = folder / "tiny.wasm"
    path.write_bytes(wat2wasm(text))
    return path


def test_equal_jobs_use_equal_fuel_also_in_another_process() -> None:
    here = SANDBOX.run([WORK, replace(WORK, source="1/0"), WORK])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(SANDBOX.run, [WORK]).result()
    assert here[0].status == Status.OK
    assert here[0].fuel > 100_000
    assert here[0] == here[2] == there[0]


def test_fuel_limits_exactly() -> None:
    used = SANDBOX.run([WORK])[0].fuel
    enough = SANDBOX.run([replace(WORK, limits=Limits(fuel=used))])[0]
    short = SANDBOX.run([replace(WORK, limits=Limits(fuel=used // 2))])[0]
    assert enough.status == Status.OK
    assert (short.status, short.fuel) == (Status.TIMEOUT, used // 2)


def test_less_memory_than_the_interpreter_takes_is_memory() -> None:
    outcome = run("def start(): return 1", limits=Limits(memory_bytes=10**6))
    assert outcome.status == Status.MEMORY
    assert "interpreter" in str(outcome.error)


def test_the_clock_stops_what_costs_no_fuel() -> None:
    copies = "a = bytearray(5 * 10**7)\nb = bytes(5 * 10**7)\nwhile True: a[:] = b"
    limits = Limits(fuel=10**14, timeout_s=0.3)
    outcome = run(copies, limits=limits)
    assert outcome.status == Status.TIMEOUT
    assert outcome.error == "ran longer than 0.3 s"


def test_an_interrupt_ends_a_batch_and_the_sandbox_lives_on() -> None:
    SANDBOX.prepare()
    # A process that was started in the background of a script inherits an ignored SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    endless = Job("while True: pass", "start", limits=Limits(fuel=10**15, timeout_s=60))
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    begin_s = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            SANDBOX.run([endless] * 50)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begin_s < 5
    timer.join()
    assert run("def start(): return 1").value == 1


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __getattr__(self, name): return getattr(self, name)\nA().x",
        "def key(x): return sorted([x, x], key=key)\nkey(1)",
        "def f(x): return list(map(f, [x]))\nf(1)",
        "eval('a' + '.a' * 50000)",
    ],
)
def test_deep_recursion_is_an_error_of_the_program(source: str) -> None:
    outcome = run(source + "\ndef start(): pass")
    assert (outcome.status, "RecursionError" in str(outcome.error)) == (Status.ERROR, True)


def test_recursion_without_end_in_c_is_a_crash() -> None:
    outcome = run("x = []\ny = []\nfor i in range(10**5): x, y = [x], [y]\nx == y")
    assert outcome.status == Status.CRASHED
    assert "recursion" in str(outcome.error)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("open('/etc/passwd')", "open"),
        ("import os\nos.listdir('/')", "opendir"),
        ("import os\nos.write(1, b'x')", "write"),
        ("import datetime\ndatetime.datetime.now()", "clock_gettime"),
        ("import _random\n_random.Random().seed()", "getentropy"),
    ],
)
def test_a_reach_for_the_outside_is_a_violation(source: str, words: str) -> None:
    outcome = run(f"try:\n    {source.replace(chr(10), chr(10) + '    ')}\nexcept BaseException: 1")
    assert outcome.status == Status.VIOLATION
    assert words in str(outcome.error)


def test_an_abort_is_a_crash() -> None:
    assert run("import os\nos.abort()").status == Status.CRASHED


def test_the_environment_of_the_host_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMUS_SECRET", "do not tell")
    outcome = run("import os, sys\ndef start(): return [dict(os.environ), sys.path, sys.argv]")
    assert outcome.status == Status.OK
    assert "do not tell" not in repr(outcome.value)
    assert str(Path.home()) not in repr(outcome.value)


def test_a_module_that_does_not_compile_is_our_own_trouble() -> None:
    job = replace(WORK, modules=(GuestModule("broken", "def ("),))
    with pytest.raises(SandboxError, match="broken: SyntaxError"):
        SANDBOX.run([job])


SHIPPED = Path(engine.__file__).parents[1] / "problems/sodarace/guest/walk_creator.py"
WALKER = """
import walk_creator, sys
def start():
    builder = walk_creator.walker_creator()
    builder.add_muscle(builder.add_joint(0, 0), builder.add_joint(3, 4), False, 1, 0.5)
    kind = type(builder)
    return [builder.get_walker(), walk_creator.__name__, kind.__module__, "walk_creator" in sys.modules]
"""


def test_a_shipped_module_is_the_same_from_the_shelf_and_from_the_job() -> None:
    source = SHIPPED.read_text()
    shipped = replace(WORK, source=WALKER, modules=(GuestModule("walk_creator", source),))
    changed = (GuestModule("walk_creator", source + "\n# changed\n"),)
    shelf, job = SANDBOX.run([shipped, replace(shipped, modules=changed)])
    assert shelf.status == Status.OK
    assert replace(shelf, fuel=0) == replace(job, fuel=0)
    assert shelf.fuel < job.fuel - 300_000


def test_a_changed_module_is_not_taken_from_the_shelf() -> None:
    other = (GuestModule("walk_creator", "walker_creator = 'mine'\n"),)
    source = "import walk_creator\ndef start(): return walk_creator.walker_creator"
    assert run(source, modules=other).value == "mine"
    assert "ModuleNotFoundError" in str(run(source).error)


def test_a_missing_guest_says_what_to_do(tmp_path: Path) -> None:
    missing = WasmSandbox(guest=tmp_path / "none.wasm")
    with pytest.raises(SandboxUnavailableError, match=r"python hatch_build\.py"):
        missing.run([WORK])
    with pytest.raises(SandboxUnavailableError, match=r"none\.wasm"):
        _ = missing.identity


def test_a_broken_guest_says_what_to_do(tmp_path: Path) -> None:
    broken = tmp_path / "guest.wasm"
    broken.write_bytes(b"\0asm nonsense")
    with pytest.raises(SandboxUnavailableError, match="does not compile"):
        WasmSandbox(broken, tmp_path / "cache").prepare()


def test_another_guest_has_another_identity(tmp_path: Path) -> None:
    other = WasmSandbox(guest=tiny(tmp_path))
    assert SANDBOX.identity.startswith("wasm:")
    assert len(SANDBOX.identity) == len("wasm:") + 16
    assert other.identity != SANDBOX.identity
    assert replace(SANDBOX, cache_dir=tmp_path).identity == SANDBOX.identity


def test_a_foreign_guest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailableError, match="no export"):
        WasmSandbox(tiny(tmp_path), tmp_path / "cache").prepare()


def test_each_probe_of_the_self_test_counts() -> None:
    SANDBOX.self_test()
    right = SANDBOX.run([Job(p.source, "start", limits=p.limits) for p in selftest.PROBES])
    for index, probe in enumerate(selftest.PROBES):
        wrong = list(right)
        wrong[index] = Outcome(Status.OK, value="read it")
        with pytest.raises(SandboxUnavailableError, match=probe.name):
            selftest.check(lambda jobs, wrong=wrong: wrong)


def test_the_compiled_guest_is_kept_and_made_anew_when_spoilt(tmp_path: Path) -> None:
    wasm, folder, said = tiny(tmp_path), tmp_path / "cache", []
    engine.Guest(wasm, folder, said.append)
    (kept,) = folder.iterdir()
    assert kept.suffix == ".cwasm"
    assert "compiling" in said[0]
    engine.Guest(wasm, folder, said.append)
    assert len(said) == 2
    content = kept.read_bytes()
    for spoilt in (b"", b"\0" * 100, content[: len(content) // 2]):
        kept.unlink()
        kept.write_bytes(spoilt)
        engine.Guest(wasm, folder, said.append)
        assert kept.read_bytes()[:4] == content[:4]
        assert len(kept.read_bytes()) == len(content)
    assert len(said) == 8


def test_many_may_compile_at_once(tmp_path: Path) -> None:
    wasm, folder = tiny(tmp_path), tmp_path / "cache"
    failures: list[BaseException] = []

    def make() -> None:
        try:
            engine.Guest(wasm, folder)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list(folder.iterdir())) == 1


def test_no_place_for_a_cache_still_serves(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    said: list[str] = []
    engine.Guest(tiny(tmp_path), tmp_path / "file" / "cache", said.append)
    assert len(said) == 2


def test_importing_the_tier_loads_no_engine() -> None:
    code = "import sys, ulmus.sandbox.wasm as w; w.WasmSandbox(); print('wasmtime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_end_of_a_process_is_quiet() -> None:
    code = (
        "from ulmus.sandbox.wasm import WasmSandbox; from ulmus.records import Job\n"
        "print(WasmSandbox().run([Job('def f(): return 3', 'f')])[0].value)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("3\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_opens_its_own() -> None:
    SANDBOX.prepare()
    code = (
        "import os, warnings; from ulmus.sandbox.wasm import WasmSandbox\n"
        "from ulmus.records import Job\n"
        "job = Job('def f(): return 3', 'f')\n"
        "WasmSandbox().run([job])\n"
        "pid = os.fork()\n"
        "value = WasmSandbox().run([job])[0].value\n"
        "if pid == 0: os._exit(value)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), value)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "3 3\n"


@pytest.mark.slow
def test_memory_stays_flat_over_many_programs() -> None:
    jobs = [WORK, replace(WORK, source="x = bytearray(2 * 10**7)"), replace(WORK, source="1/0")]
    jobs.append(replace(WORK, source="open('x')"))

    def batch() -> None:
        SANDBOX.run(jobs * 100)

    batch()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(5):
        batch()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 8 * 1024  # KiB
