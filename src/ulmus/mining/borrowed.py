"""A git directory of our own that has only the objects and refs of a repository in common with it.

Configuration, hooks, attributes, grafts and replace refs of the repository are never seen by git.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from ulmus.errors import RepositoryError

_SETTINGS = (
    "log.showSignature=false", "core.fsmonitor=false", "core.quotepath=off",
    "i18n.logOutputEncoding=UTF-8", "core.bigFileThreshold=1m", "log.mailmap=false",
    "color.ui=never", "core.commitGraph=false", "maintenance.auto=false", "gc.auto=0",
)  # fmt: skip


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


def read_config(file: Path) -> dict[str, str]:
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


def borrow(git_dir: Path, common: Path, scratch: Path, config: dict[str, str]) -> None:
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


def environment(scratch: Path, objects: Path) -> dict[str, str]:
    """Return the environment in which git sees the scratch directory and these objects."""
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


def command(*arguments: str) -> list[str]:
    """Return a git command with settings that win over any configuration.

    Raises:
        RepositoryError: git is not installed.
    """
    git = shutil.which("git")
    if git is None:
        raise RepositoryError("git is not installed; mining needs it")
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return [git, "--no-pager", "--no-replace-objects", *settings, *arguments]


def last_line(message: bytes) -> str:
    """Return the last line of what git said."""
    lines = message.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "git failed"
