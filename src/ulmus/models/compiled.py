"""How the decoder's kernels are compiled, and where their machine code is kept."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])

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

_SOURCES = ("compiled.py", "tiles.py", "kernels.py")


def cache_folder() -> Path:
    """Return the folder of this version's machine code, <cache of ulmus>/numba/<hash>."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    chosen = os.environ.get("ULMUS_CACHE_DIR")
    if not chosen:
        import platformdirs

        chosen = platformdirs.user_cache_dir("ulmus")
    return Path(chosen).absolute() / "numba" / digest.hexdigest()[:16]


def _writable(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    return False


@functools.cache
def _folder() -> Path | None:
    folder = cache_folder()
    return folder if _writable(folder) else None


def _jit(function: _Function, folder: Path | None, **options: Any) -> Any:
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(folder) if folder else before
    try:
        jit = numba.njit(cache=folder is not None, nogil=True, error_model="numpy", **options)
        return jit(function)
    finally:
        settings.CACHE_DIR = before  # other users of numba keep their own cache


def kept(function: _Function) -> _Function:
    """Compile a function on its first call and keep the machine code on disk.

    The function releases the interpreter lock. A cache that cannot be used costs a compilation,
    about a second, nothing else.
    """
    fast = functools.cache(lambda: _jit(function, _folder()))
    alone = functools.cache(lambda: _jit(function, None))

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return fast()(*arguments)
        except CACHE_ERRORS:
            return alone()(*arguments)

    return cast(_Function, call)
