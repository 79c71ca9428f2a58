"""Process 1 of a throw-away namespace: runs the naive evaluator once and tells what was seen.

Reads a request as JSON from standard input, writes an answer as JSON to standard output. Before
anything hostile starts, the whole file system is made read-only, a small private file system is
mounted over the room, and hard limits are set; when this process ends, the kernel ends all others.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from attack_lab.scene import VARIABLE, Scene

ROOM_BYTES = 96 * 1024 * 1024
FILE_BYTES = 40 * 1024 * 1024
CPU_S = 12
ADDRESS_BYTES = 2_500_000_000
PROCESSES = 100
HEAD_CHARACTERS = 200_000

SYS_MOUNT_SETATTR = 442  # the same on every architecture
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = -100, 0x8000, 1
MS_NOSUID, MS_NODEV = 2, 4
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def seal_files(room: str) -> None:
    """Make every mount read-only, then mount a small writable file system over the room.

    Raises:
        OSError: The kernel refuses; nothing hostile may run then.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
    arguments = (AT_FDCWD, b"/", AT_RECURSIVE, attributes, len(attributes))
    if libc.syscall(SYS_MOUNT_SETATTR, *arguments):
        raise OSError(ctypes.get_errno(), "the file system cannot be made read-only")
    options = f"size={ROOM_BYTES},nr_inodes=1000".encode()
    if libc.mount(b"none", room.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options):
        raise OSError(ctypes.get_errno(), "no private file system")


def raise_loopback() -> None:
    """Switch the private loopback device on, so that the scene has something to listen at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        request = fcntl.ioctl(line, SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0))
        flags = struct.unpack("16sh22x", request)[1] | IFF_UP
        fcntl.ioctl(line, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags))


def set_limits() -> None:
    """Bound time, memory, file size and processes of all that follows, for good."""
    for kind, bound in (
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_AS, ADDRESS_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, PROCESSES),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (bound, bound))


def start_evaluator(request: dict, task: Path, scene: Scene) -> subprocess.Popen:
    """Start the naive evaluator with secrets wherever people put them."""
    read_end, write_end = os.pipe()  # the write end stays open: input without an end
    os.write(write_end, request["secret"].encode())
    environment = {VARIABLE: request["secret"], "PYTHONUTF8": "1", "PATH": "/usr/bin:/bin"}
    os.set_inheritable(scene.descriptor, True)
    return subprocess.Popen(
        [sys.executable, "-S", request["evaluator"], "--token", request["secret"], str(task)],
        stdin=read_end,
        stdout=open(task.with_name("stdout"), "wb"),
        stderr=open(task.with_name("stderr"), "wb"),
        env=environment,
        cwd=scene.scratch.parent,
        pass_fds=[scene.descriptor],
        start_new_session=True,
    )


def watch(evaluator: subprocess.Popen, stdout: Path, patience_s: float) -> tuple[bool, int, int]:
    """Wait for the end; return whether it hung, its exit status and its peak memory in bytes.

    It hangs if it used its patience up after it had begun with the attack.
    """
    begun = None
    while True:
        pid, status, usage = os.wait4(evaluator.pid, os.WNOHANG)
        if pid:
            return False, os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024
        if begun is None and stdout.stat().st_size:
            begun = time.monotonic()
        if begun is not None and time.monotonic() - begun > patience_s:
            evaluator.kill()
            _, _, usage = os.wait4(evaluator.pid, 0)
            return True, -9, usage.ru_maxrss * 1024
        time.sleep(0.004)


def read_verdicts(stdout: Path) -> dict[str, dict]:
    """Return the last verdict for each program, as a reader of such output does."""
    verdicts = {}
    with open(stdout, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith('{"program"'):
                try:
                    verdict = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                verdicts[verdict["program"]] = verdict
    return verdicts


def survivors(scene: Scene) -> int:
    """Count the processes of this namespace besides this one and the bystander."""
    alive = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    return len(alive - {os.getpid(), scene.bystander})


def head(path: Path) -> str:
    """Return the first part of a log."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(HEAD_CHARACTERS)


def main() -> None:
    """Serve one request."""
    request = json.loads(sys.stdin.buffer.readline())
    room = Path(request["room"])
    seal_files(str(room))
    raise_loopback()
    set_limits()
    scene = Scene(room, request["secret"])
    logs = room / "logs"
    logs.mkdir()
    task = logs / "task.json"
    task.write_text(json.dumps(request["task"] | {"target": scene.target()}))
    evaluator = start_evaluator(request, task, scene)
    stdout, stderr = logs / "stdout", logs / "stderr"
    hung, status, peak_bytes = watch(evaluator, stdout, request["patience_s"])
    orphans = survivors(scene)
    verdicts = read_verdicts(stdout)
    if "started" not in verdicts:
        raise RuntimeError(f"the evaluator never began: {head(stderr)}")
    attack, honest = verdicts.get("attack", {}), verdicts.get("honest", {})
    answer = {
        "transcript": head(stdout) + head(stderr),
        "value": attack.get("value"),
        "score": attack.get("score"),
        "honest": honest.get("value"),
        "died": not hung and (status != 0 or not attack or not honest),
        "hung": hung,
        "output_bytes": stdout.stat().st_size + stderr.stat().st_size,
        "peak_bytes": peak_bytes,
        "orphans": orphans,
        **scene.traces(),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
