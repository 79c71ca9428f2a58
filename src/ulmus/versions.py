"""Which versions made a run: of ulmus, of what may move a result, and of the platform."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path

import ulmus

PACKAGES = ("numpy", "numba", "llvmlite", "wasmtime")
"""What computes a result."""

GIT_TIMEOUT_S = 5.0


def versions() -> dict[str, str]:
    """Return versions by name; a working copy of ulmus names its commit as well."""
    found = {
        "ulmus": ulmus.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    found |= {name: metadata.version(name) for name in PACKAGES}
    commit = commit_of(Path(ulmus.__file__).parents[2])
    return found | ({} if commit is None else {"commit": commit})


def commit_of(folder: Path) -> str | None:
    """Return the commit of a working copy, 12 digits and "-dirty" if files differ from it.

    None for a folder that is no working copy, or if git is missing or does not answer.
    """
    if not (folder / ".git").exists():
        return None
    describe = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *describe],
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
