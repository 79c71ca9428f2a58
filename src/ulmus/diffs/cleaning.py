"""What language models put around an edit: carriage returns, chatter, code fences."""

from __future__ import annotations

import re
from collections.abc import Callable

from ulmus.errors import EditFormatError

FENCE = re.compile(r"[ \t]*(`{3,})[^`]*")


def answer_lines(answer: str) -> list[str]:
    """Return the lines of an answer, with CRLF line ends made LF if it has no others.

    Edits that we render begin with a line that ends in LF alone, so carriage returns of the
    program itself survive.
    """
    newlines = answer.count("\n")
    if newlines and answer.count("\r\n") == newlines:
        answer = answer.replace("\r\n", "\n").removesuffix("\r")
    return answer.split("\n")


def body_from(lines: list[str], is_start: Callable[[str], object]) -> list[str] | None:
    """Return the lines from the first that starts an edit on; None if none does.

    Whatever comes before is chatter. If a code fence is opened there, the last closing fence and
    all below it go too. Empty lines at the end go in any case.
    """
    start = next((index for index, line in enumerate(lines) if is_start(line)), None)
    if start is None:
        return None
    body = lines[start:]
    if any(FENCE.fullmatch(line) for line in lines[:start]):
        closing = [index for index, line in enumerate(body) if line.strip() == "```"]
        body = body[: closing[-1]] if closing else body
    while body and not body[-1]:
        body.pop()
    return body


def nothing_usable(expected: str, answer: str) -> EditFormatError:
    """Return the error for an answer that holds no edit."""
    if not answer.strip():
        return EditFormatError(f"expected {expected}, came an empty answer")
    head = answer.strip()[:60]
    return EditFormatError(f"expected {expected}, came {head!r}")
