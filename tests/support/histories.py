"""Small git repositories with fixed dates, written with one `git fast-import` each."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

MIT = """MIT License

Copyright (c) 2014 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.
"""
FIRST_DAY = 1_400_000_000
DAY = 86_400
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass
class History:
    """Commits to be, one day apart."""

    commits: list[tuple[str, dict[str, object], str, int, str]] = field(default_factory=list)

    def commit(
        self, message: str, files: dict[str, object] | None = None, *,
        author: str = "Ann Author <ann@example.com>", time: int | None = None,
        ref: str = "refs/heads/main",
    ) -> History:  # fmt: skip
        """Add a commit; a file is text, bytes, a Link, or None to delete it."""
        when = FIRST_DAY + DAY * len(self.commits) if time is None else time
        self.commits.append((message, files or {}, author, when, ref))
        return self

    def build(self, path: Path, *, bare: bool = False) -> Path:
        """Write the repository; returns its path."""
        arguments = ["--bare"] if bare else []
        git(path.parent, "init", "-q", "-b", "main", *arguments, str(path))
        subprocess.run(
            ["git", "-C", str(path), "fast-import", "--quiet", "--force"],
            input=b"".join(self._stream()), check=True, env=ENVIRONMENT,
        )  # fmt: skip
        return path

    def _stream(self) -> list[bytes]:
        parts: list[bytes] = []
        for message, files, author, when, ref in self.commits:
            parts.append(f"commit {ref}\n".encode())
            for role in ("author", "committer"):
                parts.append(f"{role} {author} {when} +0000\n".encode())
            parts.append(_data(message.encode("utf-8", "surrogateescape")))
            for name, content in files.items():
                quoted = (
                    '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
                )
                if content is None:
                    parts.append(f"D {quoted}\n".encode())
                    continue
                mode = "120000" if isinstance(content, Link) else "100644"
                parts.append(f"M {mode} inline {quoted}\n".encode())
                text = content.target if isinstance(content, Link) else content
                parts.append(_data(text if isinstance(text, bytes) else str(text).encode()))
            parts.append(b"\n")
        return parts


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, without the settings of this machine."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, env=ENVIRONMENT, capture_output=True, text=True
    )
    return done.stdout


def licensed(text: str = MIT, name: str = "LICENSE") -> History:
    """Return a history whose first commit adds a licence and a module."""
    return History().commit("Import the code of the project", {name: text, "pkg/core.py": OLD})


def fingerprint(folder: Path) -> dict[str, str]:
    """Return path → hash, mode and time of change of all that lies in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = b""
        if path.is_symlink():
            content = os.readlink(path).encode()
        elif path.is_file():
            content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found[str(path.relative_to(folder))] = f"{digest} {status.st_mode} {status.st_mtime_ns}"
    return found


OLD = '''\
"""Numbers."""
import math


def area(radius):
    """Return the area of a circle."""
    square = radius * radius
    return 3 * square


def ring(outer, inner):
    large = area(outer)
    small = area(inner)
    return large - small


class Counter:
    """Counts."""

    def __init__(self):
        self.count = 0

    def add(self, number):
        """Add a number."""
        self.count = self.count + number
        return self.count

    def reset(self):
        self.count = 0
        return self
'''
"""A module with two functions and a class."""
