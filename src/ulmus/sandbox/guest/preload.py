"""Which modules of the standard library a program finds: exactly those in the snapshot.

After `close_imports` nothing else can be loaded, so that a missing module is an ordinary
ModuleNotFoundError instead of a trap at the first look for a file.
"""

from __future__ import annotations

import gc
import importlib
import sys

MODULES = (  # noqa: SIM905 - one name a line would fill two screens
    "abc array ast atexit base64 binascii bisect builtins calendar cmath codecs collections "
    "collections.abc colorsys contextlib contextvars copy copyreg csv dataclasses datetime decimal "
    "difflib dis encodings.ascii encodings.cp1252 encodings.idna encodings.latin_1 "
    "encodings.unicode_escape encodings.utf_16 encodings.utf_32 enum errno fractions functools gc "
    "graphlib hashlib heapq hmac html importlib importlib.util inspect io itertools json keyword "
    "linecache locale logging marshal math numbers operator os os.path pathlib pickle pprint queue "
    "random re reprlib sched secrets stat statistics string struct sys tempfile textwrap threading "
    "time token tokenize traceback types typing unicodedata uuid warnings weakref zlib "
    "_strptime __future__"
).split()
"""Everything that a small numeric program plausibly imports, and what those modules load late."""


def load() -> None:
    """Import everything; runs once, at build time."""
    for name in MODULES:
        importlib.import_module(name)


def settle() -> None:
    """Take all that is loaded out of the garbage collector's sight, so that no collection ever
    touches (and thus copies) the pages of the snapshot."""
    gc.collect()
    gc.freeze()


def close_imports() -> None:
    """Forget every place from which a module could be loaded.

    Must run at the first call: the component's start-up imports after `app`.
    """
    sys.path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder in _INSIDE]
    sys.argv[:] = ["program"]


_INSIDE = [finder for finder in sys.meta_path if "PathFinder" not in repr(finder)]
