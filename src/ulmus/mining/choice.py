"""Which files of which commits are looked at (docs/mining.md)."""

from __future__ import annotations

from collections.abc import Sequence

from ulmus.mining import paths
from ulmus.mining.history import Change

MAX_PY_FILES, MAX_MULTI_FILES = 8, 4
_REGULAR = (0o100644, 0o100755)


def classify(changes: Sequence[Change], multi: bool) -> tuple[str, list[Change]]:
    """Return what sort of commit this is and the files to look at.

    Without files, the first is the reason why there is none.
    """
    python = [change for change in changes if change.path.endswith(b".py")]
    if not python:
        return "no Python file", []
    if len(python) > MAX_PY_FILES:
        return "many Python files", []
    if len(python) == 1:
        name, chosen = "strict" if len(changes) == 1 else "one_py", python
    else:
        chosen = [c for c in python if not paths.is_test(c.path.decode("utf-8", "replace"))]
        name = "with_tests" if len(chosen) == 1 else "multi"
        if not chosen:
            return "several tests", []
        if name == "multi" and (not multi or len(chosen) > MAX_MULTI_FILES):
            return "several Python files", []
    usable = [c for c in chosen if c.status == "M" and c.old_mode in _REGULAR
              and c.new_mode in _REGULAR]  # fmt: skip
    return (name, usable) if usable else ("added, deleted or no regular file", [])
