"""How the kernel is compiled: strict arithmetic, and kept on disk where the user keeps caches."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., object])

CACHE_ERRORS = (
    OSError,
    EOFError,
    pickle.UnpicklingError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    ValueError,
)
"""What a full disk or a damaged file in the cache can raise; a kernel itself raises nothing."""


def cache_folder() -> Path:
    """Return the folder for this version of the compiled code, <cache of ulmus>/numba/<hash>.

    The compiler only looks at the date of one source file; the hash covers every file whose
    constants are compiled in, so an upgrade can never meet old machine code.
    """
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    chosen = os.environ.get("ULMUS_CACHE_DIR")
    if not chosen:
        import platformdirs

        chosen = platformdirs.user_cache_dir("ulmus")
    return Path(chosen).absolute() / "numba" / digest.hexdigest()[:16]


def folder_is_writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, making the folder if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


FOLDER = cache_folder()
KEPT = folder_is_writable(FOLDER)
"""False if nothing can be kept: every process then compiles for itself, in about 3 s."""


def compiled(function: _Function, *, keep: bool = False) -> _Function:
    """Compile a function on its first call, without fastmath, contraction or threads.

    Args:
        function: What to compile.
        keep: Keep the machine code on disk; only sensible for what is called from Python.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(FOLDER)
    try:
        jit = numba.njit(cache=keep and KEPT, nogil=True, fastmath=False, error_model="numpy")
        return cast(_Function, jit(function))
    finally:
        settings.CACHE_DIR = before  # other users of numba keep their own cache


def kept(function: _Function) -> _Function:
    """Compile a function and keep the machine code on disk."""
    return compiled(function, keep=True)


def forget() -> None:
    """Delete the machine code that is kept on disk, as far as that is possible."""
    for pattern in ("*.nbi", "*.nbc"):
        for file in FOLDER.rglob(pattern):
            with contextlib.suppress(OSError):
                file.unlink()
