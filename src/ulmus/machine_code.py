"""Functions that numba compiles: with strict arithmetic, and kept where the user keeps caches."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Sequence
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


def compiled(function: _Function, folder: Path | None = None) -> _Function:
    """Compile a function on its first call, without fastmath, contraction or threads.

    It releases the interpreter lock.

    Args:
        function: What to compile.
        folder: Where its machine code is kept; None: nowhere.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = before if folder is None else str(folder)
    try:
        jit = numba.njit(cache=folder is not None, nogil=True, error_model="numpy")
        return cast(_Function, jit(function))
    finally:
        settings.CACHE_DIR = before  # other users of numba keep their own cache


def kept(*sources: Path) -> Callable[[_Function], _Function]:
    """Compile a function that is called from Python, and keep its machine code on disk.

    A cache that cannot be used costs a compilation in each process, some seconds, nothing else.

    Args:
        sources: All files whose code or constants are compiled in. numba itself only looks at the
            date of the one that defines the function.
    """
    folder = functools.cache(lambda: cache_folder(sources))

    def decorate(function: _Function) -> _Function:
        @functools.cache
        def fast() -> _Function:
            return compiled(function, folder() if is_writable(folder()) else None)

        @functools.cache
        def alone() -> _Function:
            forget(folder())
            return compiled(function)

        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            try:
                return fast()(*arguments)
            except CACHE_ERRORS:  # raised before the function has done anything
                return alone()(*arguments)

        return cast(_Function, call)

    return decorate


def cache_folder(sources: Sequence[Path]) -> Path:
    """Return the folder of this version's machine code, <cache of ulmus>/numba/<hash>.

    The hash covers the sources, so an upgrade can never meet old machine code.
    """
    digest = hashlib.sha256()
    for source in (*sources, Path(__file__)):
        digest.update(source.read_bytes())
    chosen = os.environ.get("ULMUS_CACHE_DIR")
    if not chosen:
        import platformdirs

        chosen = platformdirs.user_cache_dir("ulmus")
    return Path(chosen).absolute() / "numba" / digest.hexdigest()[:16]


def is_writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, making the folder if need be."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    return False


def forget(folder: Path) -> None:
    """Delete the machine code that is kept in a folder, as far as that is possible."""
    for pattern in ("*.nbi", "*.nbc"):
        for file in folder.rglob(pattern):
            with contextlib.suppress(OSError):
                file.unlink()
