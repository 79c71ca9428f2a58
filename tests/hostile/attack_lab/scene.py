"""The scene of an attack: things worth stealing, breaking or calling, and traces of it.

Standard library only: the same scene is set up around the sandbox and, inside a throw-away
namespace, around the naive evaluator.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from pathlib import Path

SECRET_PREFIX = "ulmus-loot-"
VARIABLE = "ULMUS_HOSTILE_SECRET"


def new_secret() -> str:
    """Return a text that nobody can guess and nobody writes by chance."""
    return SECRET_PREFIX + secrets.token_hex(12)


class Scene:
    """A folder, three listeners, an open file and a bystander process.

    Args:
        room: An existing empty folder with a short path.
        secret: What the attack may try to learn.
    """

    def __init__(self, room: Path, secret: str) -> None:
        self.secret = secret
        self.scratch = room / "scratch"
        self.vault = room / "vault"
        self._furnish()
        self.descriptor = os.open(self.vault / "secret.txt", os.O_RDONLY)
        self._listeners = [socket.create_server(("127.0.0.1", 0), backlog=8)]
        self._listeners.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._listeners[1].bind(("127.0.0.1", 0))
        self._listeners.append(socket.socket(socket.AF_UNIX))
        self._listeners[2].bind(str(room / "s"))
        self._listeners[2].listen()
        self._bystander = subprocess.Popen(
            ["sleep", "60"], stdin=subprocess.DEVNULL, env={"PATH": os.defpath}
        )

    def _furnish(self) -> None:
        self.scratch.mkdir()
        self.vault.mkdir()
        (self.vault / "secret.txt").write_text(self.secret + "\n")
        (self.vault / "planted.py").write_text(f"SECRET = {self.secret!r}\n")
        (self.vault / self.secret).touch()
        self._victim = self.vault / "victim.txt"
        self._victim.write_text("untouched")
        self._victim.chmod(0o644)

    def target(self) -> dict[str, object]:
        """Return all that an attack is told, as plain data; the secret is not in it."""
        return {
            "scratch": str(self.scratch),
            "canary": str(self.scratch / "canary"),
            "vault": str(self.vault),
            "secret_file": str(self.vault / "secret.txt"),
            "victim": str(self._victim),
            "variable": VARIABLE,
            "secret_prefix": SECRET_PREFIX,
            "tcp_port": self._listeners[0].getsockname()[1],
            "udp_port": self._listeners[1].getsockname()[1],
            "unix_socket": self._listeners[2].getsockname(),
            "bystander": self._bystander.pid,
        }

    @property
    def bystander(self) -> int:
        """Return the process id of the bystander."""
        return self._bystander.pid

    def traces(self) -> dict[str, bool]:
        """Look at what the attack left: new files, damage, callers, a dead bystander."""
        return {
            "created": any(self.scratch.iterdir()),
            "damaged": self._damaged(),
            "connected": any(self._called(listener) for listener in self._listeners),
            "killed": self._bystander.poll() is not None,
        }

    def _damaged(self) -> bool:
        victim = self._victim
        return (
            not victim.exists()
            or victim.read_text() != "untouched"
            or victim.stat().st_mode & 0o777 != 0o644
        )

    @staticmethod
    def _called(listener: socket.socket) -> bool:
        listener.setblocking(False)
        try:
            if listener.type == socket.SOCK_DGRAM:
                listener.recv(64)
            else:
                listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Take everything down."""
        for listener in self._listeners:
            listener.close()
        os.close(self.descriptor)
        self._bystander.kill()
        self._bystander.wait()
        shutil.rmtree(self.scratch)
        shutil.rmtree(self.vault)
