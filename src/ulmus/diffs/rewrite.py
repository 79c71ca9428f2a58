"""Form "rewrite": the whole new text, in a code fence where it could be misread without."""

from __future__ import annotations

import re

from ulmus.diffs.cleaning import FENCE, answer_lines, nothing_usable
from ulmus.diffs.edit import Edit


def render_rewrite(after: str) -> str:
    """Return the new text, or the new text in a fence longer than any run of backticks in it."""
    if after.strip() and "```" not in after and "\r\n" not in after:
        return after
    longest = max((len(run) for run in re.findall(r"`+", after)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{after}\n{fence}"


def parse_rewrite(answer: str) -> Edit:
    """Return the edit that an answer means: what its first fence holds, or all of it.

    Raises:
        EditFormatError: The answer is blank.
    """
    if not answer.strip():
        raise nothing_usable("the whole new text", answer)
    lines = answer_lines(answer)
    fences = ((index, FENCE.fullmatch(line)) for index, line in enumerate(lines))
    opening = next(((index, match[1]) for index, match in fences if match), None)
    if opening is None:
        return Edit(text="\n".join(lines))
    start, fence = opening[0] + 1, opening[1]
    ends = (index for index in range(start, len(lines)) if _closes(lines[index], fence))
    return Edit(text="\n".join(lines[start : next(ends, len(lines))]))


def _closes(line: str, fence: str) -> bool:
    """Tell whether a line closes a fence: backticks only, at least as many."""
    marks = line.strip(" \t")
    return len(marks) >= len(fence) and not marks.strip("`")
