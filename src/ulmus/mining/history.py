"""Reads a git repository without trusting it and without writing into it.

Git runs as a subprocess in a scratch git directory of our own that borrows only the objects and
the refs of the repository. So its configuration, hooks, attributes, grafts and replace refs are
never read by git: nothing in it can start a program (textconv, external diff, fsmonitor, lazy
fetch of a partial clone). Only `log --raw` and `cat-file` run, never `log -p`.

What this does not stop: an attack on git's own reading of packed objects.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from ulmus.errors import RepositoryError
from ulmus.mining.blobs import Blobs
from ulmus.mining.borrowed import borrow, command, environment, find_git_dir, last_line, read_config

MAX_FIELD_BYTES = 1 << 16
"""Longest subject, author or path that is kept; the rest of a longer one is dropped."""

_CHUNK = 1 << 18
_FORMAT = "tformat:%H%x00%P%x00%an%x00%ae%x00%ct%x00%s"
_NUM_HEADER = 6


@dataclass(frozen=True, slots=True)
class Change:
    """One file of a commit; `old_mode` is 0 when the file is new, `path` bytes as git says."""

    old_mode: int
    new_mode: int
    old: str
    new: str
    status: str
    path: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit that is not a merge, with the files that it changed against its parent."""

    id: str
    parent: str
    author: str
    email: str
    time: int
    subject: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree."""

    mode: str
    blob: str
    path: str


class Repository:
    """A repository that is read and left as it is; use it as a context manager.

    Raises:
        RepositoryError: Not a git repository, or git is missing.

    Attributes:
        path: What was given.
        partial: Not all objects are here; those that are not count as missing and are never
            fetched, since git sees no remote.
        shallow: The history is cut off; commits at its end look as if they added all files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git_dir, self.common_dir = find_git_dir(path)
        self.config = read_config(self.common_dir / "config")
        packs = self.common_dir / "objects" / "pack"
        self.partial = any(map(_PARTIAL.match, self.config)) or any(packs.glob("*.promisor"))
        self.shallow = (self.common_dir / "shallow").exists()

    def __enter__(self) -> Repository:
        self._scratch = tempfile.TemporaryDirectory(prefix="ulmus-mine-")
        borrow(self.git_dir, self.common_dir, Path(self._scratch.name), self.config)
        self._environment = environment(Path(self._scratch.name), self.common_dir / "objects")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._scratch.cleanup()

    @property
    def origin(self) -> str | None:
        """Return the URL of `origin` without user and password; None for local paths."""
        return public_url(self.config.get("remote.origin.url", ""))

    def run(self, *arguments: str) -> bytes:
        """Run a short git command and return what it printed.

        Raises:
            RepositoryError: It failed.
        """
        done = subprocess.run(
            command(*arguments), env=self._environment, capture_output=True,
            stdin=subprocess.DEVNULL, check=False, cwd=self._scratch.name,
        )  # fmt: skip
        if done.returncode:
            raise RepositoryError(f"{self.path}: {last_line(done.stderr)}")
        return done.stdout

    def head(self) -> str | None:
        """Return the object id of the commit at HEAD; None when there is none yet.

        Raises:
            RepositoryError: HEAD names a commit that cannot be read.
        """
        try:
            named = self.run("rev-parse", "--verify", "--quiet", "HEAD")
        except RepositoryError:
            return None
        return (
            self.run("rev-parse", "--verify", named.decode().strip() + "^{commit}").decode().strip()
        )

    def roots(self) -> list[str]:
        """Return the object ids of the commits without parents behind HEAD, sorted."""
        return sorted(self.run("rev-list", "--max-parents=0", "HEAD", "--").decode().split())

    def tips(self) -> bytes:
        """Return all refs with their object ids, as one text to hash."""
        return self.run("for-each-ref", "--format=%(objectname) %(refname)")

    def tree(self, *paths: str) -> list[Entry]:
        """Return entries of the tree at HEAD: its root, or the given paths ("dir/" for inside)."""
        output = self.run("ls-tree", "-z", "HEAD", "--", *paths)
        entries = []
        for item in output.split(b"\0"):
            head, _, path = item.partition(b"\t")
            if path:
                mode, _, blob = head.decode().split(" ")
                entries.append(Entry(mode, blob, path.decode("utf-8", "replace")))
        return entries

    def commits(self, *revisions: str) -> Iterator[Commit]:
        """Yield the commits that are no merges, newest first, while git finds them.

        Raises:
            RepositoryError: git stopped in the middle (a damaged or incomplete repository).
        """
        process = subprocess.Popen(
            command("log", "--no-merges", "--raw", "--no-renames", "--no-abbrev", "-z",
                     "--no-color", "--no-ext-diff", "--no-textconv", f"--format={_FORMAT}",
                     "--ignore-submodules=none", *revisions, "--"),
            env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, cwd=self._scratch.name,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield from _parse_log(_fields(process.stdout))
            message = process.stderr.read(4096)
            if process.wait():
                raise RepositoryError(f"{self.path}: {last_line(message)}")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

    def blobs(self) -> Blobs:
        """Return a reader of file contents; use it as a context manager."""
        return Blobs(self._environment, self._scratch.name)


def public_url(url: str) -> str | None:
    """Return a URL without credentials, query and fragment; None for local paths."""
    web = re.match(r"(https?|git|ssh)://(?:[^/@]*@)?([^/?#]+/[^?#\s]*)", url)
    if web:
        return f"{web[1]}://{web[2]}"
    short = re.match(r"(?:[\w.-]+@)?([\w.-]+\.[a-z]{2,}):([\w./~-]+)$", url)
    return f"ssh://{short[1]}/{short[2]}" if short else None


_PARTIAL = re.compile(r"extensions\.partialclone$|remote\..*\.promisor$", re.IGNORECASE)


def _fields(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what stands between NULs, in bounded memory."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        parts = (rest + chunk).split(b"\0")
        rest = parts.pop()[:MAX_FIELD_BYTES]
        yield from parts
    if rest.strip():
        yield rest


def _parse_log(fields: Iterator[bytes]) -> Iterator[Commit]:
    """Group the fields into commits. A raw entry begins with a colon, a header never does."""
    field = next(fields, None)
    while field is not None:
        header = [field, *(next(fields, b"") for _ in range(_NUM_HEADER - 1))]
        changes: list[Change] = []
        field = next(fields, None)
        while field is not None and field.lstrip(b"\n").startswith(b":"):
            changes.append(_parse_change(field, next(fields, b"")))
            field = next(fields, None)
        yield _parse_commit(header, changes)


def _parse_change(raw: bytes, path: bytes) -> Change:
    old_mode, new_mode, old, new, status = raw.decode("ascii").strip("\n:").split(" ")
    return Change(int(old_mode, 8), int(new_mode, 8), old, new, status[:1], path)


def _parse_commit(header: Sequence[bytes], changes: list[Change]) -> Commit:
    id, parents, author, email, time, subject = (
        part.decode("utf-8", "replace").strip("\n") for part in header
    )
    seconds = int(time) if time.isdigit() and len(time) < 12 else 0
    return Commit(id, parents[:64].split(" ")[0], author, email, seconds, subject, tuple(changes))
