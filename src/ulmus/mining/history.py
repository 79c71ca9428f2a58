"""Reads a git repository without trusting it and without writing into it.

Git runs as a subprocess in a scratch git directory of our own that borrows only the objects and
the refs of the repository. So its configuration, hooks, attributes, grafts and replace refs are
never read by git: nothing in it can start a program (textconv, external diff, fsmonitor, lazy
fetch of a partial clone). Only `log --raw` and `cat-file` run, never `log -p`.

What this does not stop: an attack on git's own reading of packed objects.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from ulmus.errors import RepositoryError

MAX_BLOB_BYTES = 400_000
"""Larger files are skipped while they stream by (commits.md, section 7, step 6)."""

MAX_FIELD_BYTES = 1 << 16
"""Longest subject, author or path that is kept; the rest of a longer one is dropped."""

NUM_CACHED_BLOBS = 600
_CHUNK = 1 << 18
_SETTINGS = (
    "log.showSignature=false", "core.fsmonitor=false", "core.quotepath=off",
    "i18n.logOutputEncoding=UTF-8", "core.bigFileThreshold=1m", "log.mailmap=false",
    "color.ui=never", "core.commitGraph=false", "maintenance.auto=false", "gc.auto=0",
)  # fmt: skip
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
        self.config = _read_config(self.common_dir / "config")
        packs = self.common_dir / "objects" / "pack"
        self.partial = any(map(_PARTIAL.match, self.config)) or any(packs.glob("*.promisor"))
        self.shallow = (self.common_dir / "shallow").exists()

    def __enter__(self) -> Repository:
        self._scratch = tempfile.TemporaryDirectory(prefix="ulmus-mine-")
        _borrow(self.git_dir, self.common_dir, Path(self._scratch.name), self.config)
        self._environment = _environment(Path(self._scratch.name), self.common_dir / "objects")
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
            _command(*arguments), env=self._environment, capture_output=True,
            stdin=subprocess.DEVNULL, check=False, cwd=self._scratch.name,
        )  # fmt: skip
        if done.returncode:
            raise RepositoryError(f"{self.path}: {_last_line(done.stderr)}")
        return done.stdout

    def head(self) -> str | None:
        """Return the object id of the commit at HEAD; None when there is none yet."""
        try:
            return self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
        except RepositoryError:
            return None

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
            _command("log", "--no-merges", "--raw", "--no-renames", "--no-abbrev", "-z",
                     "--no-color", "--no-ext-diff", "--no-textconv", f"--format={_FORMAT}",
                     "--ignore-submodules=none", *revisions, "--"),
            env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, cwd=self._scratch.name,
        )  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        try:
            yield from _parse_log(_fields(process.stdout))
            message = process.stderr.read(4096)
            if process.wait():
                raise RepositoryError(f"{self.path}: {_last_line(message)}")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

    def blobs(self) -> Blobs:
        """Return a reader of file contents; use it as a context manager."""
        return Blobs(self._environment, self._scratch.name)


class Blobs:
    """Reads file contents through one `git cat-file --batch`, newest 600 kept."""

    def __init__(self, environment: dict[str, str], folder: str) -> None:
        self._environment = environment
        self._folder = folder
        self._cache: OrderedDict[str, bytes | None] = OrderedDict()

    def __enter__(self) -> Blobs:
        self._process = subprocess.Popen(
            _command("cat-file", "--batch"), env=self._environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=self._folder, bufsize=_CHUNK,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except OSError:
                pass  # what was still to be asked is of no interest

    def read(self, ids: Sequence[str]) -> dict[str, bytes | None]:
        """Return contents by object id; None for what is missing, no file, or over 400 kB.

        Raises:
            RepositoryError: git died.
        """
        cache = self._cache
        wanted = list(dict.fromkeys(id for id in ids if id not in cache))
        fresh: dict[str, bytes | None] = {}
        for start in range(0, len(wanted), 256):  # 256 questions fit into any pipe
            some = wanted[start : start + 256]
            self._ask(some)
            for id in some:
                fresh[id] = self._answer()
        found = {id: fresh[id] if id in fresh else cache[id] for id in ids}
        for id in ids:
            cache[id] = found[id]
            cache.move_to_end(id)
        while len(cache) > NUM_CACHED_BLOBS:
            cache.popitem(last=False)
        return found

    def _ask(self, ids: Sequence[str]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("".join(f"{id}\n" for id in ids).encode())
            self._process.stdin.flush()
        except OSError as error:
            raise RepositoryError(f"git cat-file died: {error}") from error

    def _answer(self) -> bytes | None:
        assert self._process.stdout is not None
        stream: IO[bytes] = self._process.stdout
        words = stream.readline(4096).split()
        if len(words) == 2:  # "ID missing"
            return None
        if len(words) != 3:
            raise RepositoryError("git cat-file died")
        size = int(words[2])
        if words[1] == b"blob" and size <= MAX_BLOB_BYTES:
            return stream.read(size + 1)[:-1]
        _skip(stream, size + 1)
        return None


def find_git_dir(path: Path) -> tuple[Path, Path]:
    """Return the git directory of a path and the one with objects and refs (they may differ).

    Raises:
        RepositoryError: There is no repository.
    """
    try:
        for candidate in (path, path / ".git"):
            if candidate.is_file():  # a linked work tree or a submodule
                text = candidate.read_text("utf-8", "surrogateescape").strip()
                if not text.startswith("gitdir: "):
                    continue
                candidate = candidate.parent / text.removeprefix("gitdir: ")
            common = candidate / "commondir"
            shared = candidate / common.read_text().strip() if common.is_file() else candidate
            if (candidate / "HEAD").exists() and (shared / "objects").is_dir():
                return candidate.resolve(), shared.resolve()
    except OSError as error:
        raise RepositoryError(f"cannot read {path}: {error.strerror}") from error
    raise RepositoryError(f"{path} is not a git repository")


def public_url(url: str) -> str | None:
    """Return a URL without credentials, query and fragment; None for local paths."""
    web = re.match(r"(https?|git|ssh)://(?:[^/@]*@)?([^/?#]+/[^?#\s]*)", url)
    if web:
        return f"{web[1]}://{web[2]}"
    short = re.match(r"(?:[\w.-]+@)?([\w.-]+\.[a-z]{2,}):([\w./~-]+)$", url)
    return f"ssh://{short[1]}/{short[2]}" if short else None


_PARTIAL = re.compile(r"extensions\.partialclone$|remote\..*\.promisor$", re.IGNORECASE)


def _read_config(file: Path) -> dict[str, str]:
    """Return keys and values of one configuration file, includes not followed."""
    if not file.is_file():
        return {}
    done = subprocess.run(
        ["git", "config", "--file", os.fspath(file), "--no-includes", "--list", "-z"],
        env={**_plain_environment(), "GIT_DIR": os.devnull},
        capture_output=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    items = done.stdout.decode("utf-8", "replace").split("\0")
    return {key: value for key, _, value in (item.partition("\n") for item in items) if key}


def _borrow(git_dir: Path, common: Path, scratch: Path, config: dict[str, str]) -> None:
    """Fill the scratch git directory: HEAD, refs, shallow boundary, object format."""
    scratch.joinpath("objects").mkdir()
    scratch.joinpath("refs").mkdir()
    lines = ["[core]", "\trepositoryformatversion = 0", "\tbare = true"]
    if config.get("extensions.objectformat", "sha1") == "sha256":
        lines[1:2] = ["\trepositoryformatversion = 1"]
        lines += ["[extensions]", "\tobjectformat = sha256"]
    scratch.joinpath("config").write_text("\n".join(lines) + "\n")
    for source in (git_dir / "HEAD", common / "packed-refs", common / "shallow"):
        if source.is_file():
            shutil.copyfile(source, scratch / source.name)
    for folder, folders, names in os.walk(common / "refs"):
        folders[:] = [name for name in folders if name != "replace"]
        target = scratch / Path(folder).relative_to(common)
        target.mkdir(exist_ok=True)
        for name in names:
            if Path(folder, name).is_file() and not Path(folder, name).is_symlink():
                shutil.copyfile(Path(folder, name), target / name)


def _environment(scratch: Path, objects: Path) -> dict[str, str]:
    return {
        **_plain_environment(),
        "GIT_DIR": os.fspath(scratch),
        "GIT_OBJECT_DIRECTORY": os.fspath(objects),
    }


def _plain_environment() -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "TMPDIR", "SYSTEMROOT") if key in os.environ}
    return kept | {
        "GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", "HOME": os.devnull,
    }  # fmt: skip


def _command(*arguments: str) -> list[str]:
    git = shutil.which("git")
    if git is None:
        raise RepositoryError("git is not installed; mining needs it")
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return [git, "--no-pager", "--no-replace-objects", *settings, *arguments]


def _last_line(message: bytes) -> str:
    lines = message.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "git failed"


def _skip(stream: IO[bytes], size: int) -> None:
    """Read over content without keeping it."""
    while size > 0:
        read = len(stream.read(min(size, _CHUNK)))
        if not read:
            raise RepositoryError("git cat-file died")
        size -= read


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
