"""What every sandbox tier must do; the price of entry for tiers of other people, too.

    from ulmus.sandbox.conformance import check_sandbox
    check_sandbox(MySandbox())

A check takes a sandbox and raises AssertionError if the sandbox does not keep a promise. The
checks are also offered one by one (`CHECKS`), for test runners that like to name them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ulmus.records import GuestModule, Job, Json, Limits, Outcome, Status
from ulmus.sandbox.base import Sandbox

Check = Callable[[Sandbox], None]

CHECKS: list[Check] = []
"""All checks, in the order in which they are written."""

_LIMITS = Limits(fuel=1_000_000_000, timeout_s=3.0, memory_bytes=128 * 1024 * 1024)
_TALLY = GuestModule(
    "tally", "seen = []\n\ndef add(x):\n    seen.append(x)\n    return len(seen)\n"
)


def check_sandbox(sandbox: Sandbox, checks: Iterable[Check] | None = None) -> None:
    """Run all checks and report every failure at once.

    Raises:
        AssertionError: At least one promise was not kept; the message names each.
    """
    failures = []
    for check in CHECKS if checks is None else checks:
        try:
            check(sandbox)
        except AssertionError as error:
            failures.append(f"{check.__name__}: {error}")
    if failures:
        raise AssertionError(f"{len(failures)} promises broken:\n" + "\n".join(failures))


def _check(check: Check) -> Check:
    CHECKS.append(check)
    return check


def _job(source: str, **fields: Any) -> Job:
    return replace(Job(source, "start", limits=_LIMITS), **fields)


def _one(sandbox: Sandbox, source: str, **fields: Any) -> Outcome:
    outcomes = sandbox.run([_job(source, **fields)])
    _expect(len(outcomes) == 1, f"one job gave {len(outcomes)} outcomes")
    return outcomes[0]


def _expect(kept: bool, message: str) -> None:
    if not kept:
        raise AssertionError(message)


def _expect_value(sandbox: Sandbox, source: str, value: Json, **fields: Any) -> Outcome:
    outcome = _one(sandbox, source, **fields)
    same = outcome.status == Status.OK and repr(outcome.value) == repr(value)
    _expect(same, f"{source!r} had to give {value!r}, came {outcome}")
    _expect(outcome.error is None, f"an ok outcome has the error {outcome.error!r}")
    return outcome


def _expect_status(
    sandbox: Sandbox, source: str, status: Status, words: str = "", **fields: Any
) -> Outcome:
    outcome = _one(sandbox, source, **fields)
    _expect(outcome.status == status, f"{source!r} had to end as {status}, came {outcome}")
    _expect(outcome.value is None, f"a failed job has the value {outcome.value!r}")
    _expect(words in str(outcome.error), f"{source!r}: {words!r} is not in {outcome.error!r}")
    return outcome


@_check
def plain_data_comes_back(sandbox: Sandbox) -> None:
    """Values arrive exactly, tuples as lists, and kinds of dict, list, str and int as such."""
    for text, value in _VALUES.items():
        _expect_value(sandbox, f"def start(): return {text}", value)
    kinds = (
        "import collections, enum\nPoint = collections.namedtuple('Point', 'x y')\n"
        "class Size(enum.IntEnum):\n    LARGE = 3\n"
        "def start(): return [Point(1, 2.5), collections.OrderedDict(a=1), Size.LARGE,\n"
        "                     collections.defaultdict(list, b=[2])]\n"
    )
    _expect_value(sandbox, kinds, [[1, 2.5], {"a": 1}, 3, {"b": [2]}])
    deep = "def start():\n    x = 1\n    for i in range(100): x = [x]\n    return x"
    _expect(_one(sandbox, deep).status == Status.OK, "a hundred levels are allowed")


_VALUES: dict[str, Json] = {
    "None": None,
    "[True, False, 0, -1]": [True, False, 0, -1],
    "(1, (2, [3]))": [1, [2, [3]]],
    "[0.1, -0.0, 5e-324, 1.7976931348623157e308]": [0.1, -0.0, 5e-324, 1.7976931348623157e308],
    "[2**63 - 1, -2**63]": [2**63 - 1, -(2**63)],
    "{'a': {'b': []}, '': 'ä\\n\\0😀'}": {"a": {"b": []}, "": "ä\n\0😀"},
}


@_check
def outcomes_keep_the_order(sandbox: Sandbox) -> None:
    """Results pair with requests, failures included."""
    bad = ["1/0", "while True: pass", "def f(:"]
    sources = [bad[i // 3] if i % 3 == 1 else f"def start(): return {i}" for i in range(9)]
    outcomes = sandbox.run([_job(source) for source in sources])
    _expect(
        [outcome.value for outcome in outcomes] == [0, None, 2, 3, None, 5, 6, None, 8],
        f"the order is lost: {outcomes}",
    )
    _expect(sandbox.run([]) == [], "no jobs gave outcomes")


@_check
def exceptions_are_errors(sandbox: Sandbox) -> None:
    """Whatever a program raises is its own failure, with type, text and line."""
    for source, words in _ERRORS.items():
        _expect_status(sandbox, source, Status.ERROR, words)


_ERRORS = {
    "x = 1\nmissing + x": "NameError: name 'missing' is not defined (line 2)",
    "def start():\n    a = 1\n    return a / 0": "ZeroDivisionError: division by zero (line 3)",
    "def start(:\n    pass": "SyntaxError",
    "x = 1\n  y = 2": "(line 2)",
    "import numpy_": "ModuleNotFoundError: No module named 'numpy_'",
    "raise SystemExit(3)": "SystemExit: 3",
    "def start(): raise KeyboardInterrupt": "KeyboardInterrupt",
    "class E(BaseException):\n    def __str__(self): raise self\nraise E": "E",
    "def start(): return start()": "RecursionError",
    "input()": "EOFError",
}


@_check
def odd_sources_are_errors(sandbox: Sandbox) -> None:
    """No text of a program is too odd to be refused properly."""
    for source in ("", "\0", "x = '\ud800'", "\ufeff\ufeffx", "#" * 1_100_000, "x = " + "(" * 9000):
        outcome = _one(sandbox, source)
        _expect(outcome.status == Status.ERROR, f"{source[:20]!r} gave {outcome.status}")
        _expect(bool(outcome.error), f"{source[:20]!r} has no error text")


@_check
def endless_work_is_a_timeout(sandbox: Sandbox) -> None:
    """Neither a catch-all nor a long call inside the interpreter escapes the limit."""
    for source in (
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "def start(): return sum(range(10**12))",
        "import re\nre.match('(.*)*x', 'a' * 40)",
    ):
        _expect_status(sandbox, source, Status.TIMEOUT)


@_check
def hunger_is_memory(sandbox: Sandbox) -> None:
    """The limit of memory holds, for many pieces and for one."""
    _expect_status(sandbox, "x = []\nwhile True: x.append(bytearray(10**6))", Status.MEMORY)
    _expect_status(sandbox, "x = bytearray(10**9)", Status.MEMORY)
    _expect_value(sandbox, "def start(): return len(bytearray(5 * 10**7))", 5 * 10**7)


@_check
def other_values_are_output(sandbox: Sandbox) -> None:
    """What is not plain data is refused, and the message says where."""
    for text, words in _NOT_PLAIN.items():
        _expect_status(sandbox, f"def start(): return {text}", Status.OUTPUT, words)
    deep = "def start():\n    x = []\n    for i in range(50000): x = [x]\n    return x"
    twins = "def start():\n    x = [1]\n    for i in range(60): x = [x, x]\n    return x"
    cycle = "def start():\n    x = []\n    x.append(x)\n    return x"
    for source in (deep, twins, cycle):
        _expect_status(sandbox, source, Status.OUTPUT, limits=replace(_LIMITS, fuel=5 * 10**9))


_NOT_PLAIN = {
    "{'joints': [0, 1, 2, (0.0, float('nan'))]}": "value['joints'][3][1] is nan",
    "[float('inf')]": "value[0] is inf",
    "[-1e999]": "value[0] is -inf",
    "{1: 2}": "key",
    "{'a': {None: 2}}": "key",
    "{'s': {1}}": "value['s']",
    "[object()]": "value[0]",
    "print": "value",
    "(i for i in [])": "value",
    "b''": "value",
    "[1j]": "value[0]",
    "2 ** 63": "64 bits",
    "[10 ** 5000]": "64 bits",
    "'\\ud800'": "surrogate",
    "{'\\udfff': 1}": "surrogate",
}


@_check
def large_values_are_output(sandbox: Sandbox) -> None:
    """A result may be as long as the limit says and not longer."""
    limits = replace(_LIMITS, output_bytes=1000)
    _expect_value(sandbox, "def start(): return 'x' * 998", "x" * 998, limits=limits)
    for text in ("'x' * 999", "[0] * 600", "'x' * 10**7", "'ä' * 600"):
        source = f"def start(): return {text}"
        _expect_status(sandbox, source, Status.OUTPUT, limits=limits)


@_check
def the_outside_is_out_of_reach(sandbox: Sandbox) -> None:
    """Files, processes and sockets end a program in one way or another, and give nothing."""
    for source in (
        "def start(): return open('/etc/hostname').read()",
        "import os\ndef start(): return os.listdir('/')",
        "import os\ndef start(): return os.fork()",
        "import os\ndef start(): return os.system('true')",
        "import socket\ndef start(): return socket.socket().fileno()",
        "import subprocess\ndef start(): return subprocess.run(['true']).returncode",
    ):
        outcome = _one(sandbox, source)
        refused = outcome.status in (Status.ERROR, Status.VIOLATION)
        _expect(refused and outcome.value is None, f"{source!r} gave {outcome}")


@_check
def printed_text_is_kept(sandbox: Sandbox) -> None:
    """The head of both streams is kept, in order, up to the limit in bytes."""
    source = "import sys\nprint('one')\nprint('two', file=sys.stderr)\ndef start(): print('ä' * 9)"
    outcome = _expect_value(sandbox, source, None)
    _expect(outcome.stdout == "one\ntwo\n" + "ä" * 9 + "\n", f"printed: {outcome.stdout!r}")
    limits = replace(_LIMITS, stdout_bytes=11)
    outcome = _expect_value(sandbox, source, None, limits=limits)
    _expect(outcome.stdout == "one\ntwo\nä", f"head of 11 bytes: {outcome.stdout!r}")
    outcome = _one(sandbox, "print('before')\n1/0")
    _expect(outcome.stdout == "before\n", f"a failing program printed {outcome.stdout!r}")
    flood = "def start():\n    for i in range(2000): print('x' * 1000)\n    return 1"
    outcome = _expect_value(sandbox, flood, 1)
    _expect(len(outcome.stdout) == _LIMITS.stdout_bytes, f"kept {len(outcome.stdout)} bytes")


@_check
def equal_jobs_have_equal_outcomes(sandbox: Sandbox) -> None:
    """Nothing but the job decides: not the clock, not chance, not what ran before."""
    source = (
        "import random, time, os, uuid\n"
        "def start():\n"
        "    r = random.Random()\n"
        "    random.seed()\n"
        "    names = list({str(i) for i in range(50)})\n"
        "    return [random.random(), r.random(), time.time(), os.urandom(4).hex(),\n"
        "            str(uuid.uuid4()), hash('x'), names, random.SystemRandom().random()]\n"
    )
    first = _one(sandbox, source, seed=7)
    _expect(first.status == Status.OK, f"came {first}")
    _one(sandbox, "import random\nrandom.seed(5)\nrandom.random()")
    _expect(_one(sandbox, source, seed=7) == first, "the same job gave another outcome")


@_check
def the_seed_decides_chance(sandbox: Sandbox) -> None:
    """`random` starts from the job's seed, as it does everywhere."""
    source = "import random\ndef start(): return [random.random(), random.randrange(1000)]"
    import random

    for seed in (0, 1, 2**63):
        own = random.Random(seed)
        _expect_value(sandbox, source, [own.random(), own.randrange(1000)], seed=seed)


@_check
def jobs_do_not_see_each_other(sandbox: Sandbox) -> None:
    """A poisoned interpreter dies with its job."""
    poison = (
        "import builtins, sys, json, math, random, tally\n"
        "builtins.len = lambda x: 99\nbuiltins.leak = 1\nmath.sqrt = None\n"
        "json.JSONEncoder.encode = lambda *a: 'null'\nrandom.random = lambda: 0.5\n"
        "sys.modules['colorsys'] = sys\ntally.add(1)\nsys.setrecursionlimit(60)\n"
        "def start(): return tally.add(2)\n"
    )
    probe = (
        "import math, tally, colorsys\n"
        "def start():\n"
        "    return [len([]), math.sqrt(4.0), tally.add(1), colorsys.__name__, 'leak' in dir()]\n"
    )
    before = _one(sandbox, probe, modules=(_TALLY,))
    jobs = [_job(source, modules=(_TALLY,)) for source in (poison, probe, poison, probe)]
    outcomes = sandbox.run(jobs)
    _expect(before.value == [0, 2.0, 1, "colorsys", False], f"came {before}")
    _expect(outcomes[0].value == 99, f"the poison did not run: {outcomes[0]}")
    _expect(outcomes[1] == outcomes[3] == before, f"the poison spread: {outcomes[1]}")


@_check
def modules_can_be_imported(sandbox: Sandbox) -> None:
    """Modules that come with a job exist, may use each other, and only there."""
    user = GuestModule("user", "import tally\ndef twice(x):\n    tally.add(x)\n    return 2 * x\n")
    source = "import user\nfrom tally import seen\ndef start(): return [user.twice(4), seen]"
    _expect_value(sandbox, source, [8, [4]], modules=(_TALLY, user))
    hidden = "def start(): return __import__('tal' + 'ly').add(5)"
    _expect_value(sandbox, hidden, 1, modules=(_TALLY,))
    _expect_status(sandbox, "import tally", Status.ERROR, "ModuleNotFoundError")


@_check
def the_scope_is_there(sandbox: Sandbox) -> None:
    """Names of the scope exist before the first line, and a program may rebind them."""
    scope = (("math", "math"), ("m", "math"), ("pi", "math:pi"), ("add", "tally:add"))
    fields = {"modules": (_TALLY,), "scope": scope}
    source = "x = math.floor(pi)\ndef start(): return [x, add(1), m.ceil(0.5)]"
    _expect_value(sandbox, source, [3, 1, 1], **fields)
    _expect_value(sandbox, "pi = 4\ndef start(): return pi", 4, **fields)
    _expect_status(sandbox, "def start(): return pi", Status.ERROR, "NameError")


@_check
def arguments_arrive(sandbox: Sandbox) -> None:
    """Arguments are plain data, and a missing one is an error that says so."""
    args: tuple[Json, ...] = (1, "two", [3.5, None, {"k": True}])
    _expect_value(sandbox, "def start(*a): return a", list(args), args=args)
    _expect_status(sandbox, "def start(a, b): pass", Status.ERROR, "missing 2 required")
    _expect_status(sandbox, "def start(): pass", Status.ERROR, "TypeError", args=(1,))


@_check
def the_entry_is_found(sandbox: Sandbox) -> None:
    """A renamed entry is found; see `ulmus.sandbox.guest.entry` for the rule."""
    for source, name in _ENTRIES.items():
        outcome = _expect_value(sandbox, source, "me", entry="make_walker")
        _expect(outcome.entry == name, f"called {outcome.entry!r}, expected {name!r}")
    outcome = _expect_status(sandbox, "x = 1", Status.ERROR, "no entry", entry="make_walker")
    _expect(outcome.entry is None, f"nothing was called, but the entry is {outcome.entry!r}")
    needs = "def help(a, b): pass\nmake_walker = 3"
    _expect_status(sandbox, needs, Status.ERROR, "help(a, b)", entry="make_walker")


_ENTRIES = {
    "def make_walker(): return 'me'\ndef make_walkers(): pass": "make_walker",
    "make_walker = lambda: 'me'": "make_walker",
    "def helper(): pass\ndef walker(): return 'me'\ndef z(): pass": "walker",
    "def make_walk(a=1, *, b=2): return 'me'\ndef make_square(wc): pass": "make_walk",
    "from math import sqrt\ndef f(): return 'me'": "f",
    "def ab(): pass\ndef ba(): return 'me'": "ba",
    "make_walker = 5\ndef other(x): pass\ndef main(): return 'me'": "main",
}


@_check
def forged_answers_are_harmless(sandbox: Sandbox) -> None:
    """A program that meddles with its interpreter chooses a result at most, as all programs do."""
    for source in _FORGERIES:
        outcome = _one(sandbox, source)
        _expect(outcome.status in set(Status), f"{source!r} gave {outcome}")
        _expect_value(sandbox, "def start(): return [1.5, 'x']", [1.5, "x"])


_FORGERIES = (
    'print(\'{"status": "ok"}\')\nraise SystemExit(0)',
    "import json\njson.dumps = lambda *a, **k: '!'\njson.JSONEncoder.encode = lambda *a: '!'",
    "import gc\nfor o in gc.get_objects():\n    if type(o) is dict and 'status' in o: o.clear()\n"
    "def start(): return 1",
    "import builtins\nfor n in list(vars(builtins)):\n    if n.islower(): delattr(builtins, n)",
    "import sys\nfor f in list(sys._current_frames().values()):\n"
    "    while f:\n        for v in list(f.f_locals.values()):\n"
    "            if type(v) is dict: v.clear()\n        f = f.f_back",
    "import sys\nsys.stdout = None\nsys.modules.clear()\ndef start(): return 2",
)


@_check
def values_can_be_handed_to_workers(sandbox: Sandbox) -> None:
    """A sandbox is a small picklable value with an identity that stays."""
    copy = pickle.loads(pickle.dumps(sandbox))
    _expect(copy.identity == sandbox.identity, "a pickled copy has another identity")
    _expect(len(pickle.dumps(sandbox)) < 10_000, "the pickle is large")
    _expect(copy.run([_job("def start(): return 1")])[0].value == 1, "a pickled copy fails")
