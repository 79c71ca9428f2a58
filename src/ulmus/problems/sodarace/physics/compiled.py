"""How the kernel is compiled: strict arithmetic, and kept on disk where the user keeps caches."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., object])


def _cache_folder() -> Path:
    """Return the folder for compiled code, <cache of ulmus>/numba."""
    chosen = os.environ.get("ULMUS_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute() / "numba"
    import platformdirs

    return Path(platformdirs.user_cache_dir("ulmus")).absolute() / "numba"


def folder_is_writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, making the folder if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except (OSError, RuntimeError):
        return False


FOLDER = _cache_folder()
CACHED = folder_is_writable(FOLDER)
"""False if nothing can be kept: every process then compiles for itself, in about 3 s."""


def compiled(function: _Function) -> _Function:
    """Compile a function on its first call, without fastmath, contraction or threads.

    The global setting of numba is put back, so that other users of numba in this process keep
    their own cache.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR
    if CACHED:
        settings.CACHE_DIR = str(FOLDER)
    try:
        jit = numba.njit(cache=CACHED, nogil=True, fastmath=False, error_model="numpy")
        return cast(_Function, jit(function))
    finally:
        settings.CACHE_DIR = before
