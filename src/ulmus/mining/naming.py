"""What a repository is called."""

from __future__ import annotations

import re
from pathlib import Path


def name_of(path: Path, origin: str | None) -> str:
    """Return "OWNER/NAME" of a repository: from a folder OWNER+NAME, else from the URL.

    A repository without either is "local/FOLDER".
    """
    resolved = path.resolve()
    for folder in (resolved, *resolved.parents)[:3]:
        found = re.fullmatch(r"([\w.-]+)\+([\w.+-]+?)(?:\.git)?", folder.name)
        if found:
            return f"{found[1]}/{found[2]}"
    found = re.search(r"([\w.~-]+)/([\w.-]+?)(?:\.git)?/?$", origin or "")
    if found:
        return f"{found[1]}/{found[2]}"
    folder = resolved.parent if resolved.name == ".git" else resolved
    return f"local/{folder.name.removesuffix('.git') or 'repository'}"
