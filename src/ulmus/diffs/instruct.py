"""Style "instruct": how a model that follows instructions is asked for an edit, and read.

Such models are served in many sizes and were taught no layout of ours, so the prompt says what to
do and how to answer, and the answer is read with patience: what is said around the edit, code
fences and thoughts in `<think>` are put up with. All that stands before the message is the same
for all children of a program, so that a server can keep what it has read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ulmus.diffs.cleaning import FENCE
from ulmus.diffs.edit import Edit
from ulmus.diffs.formats import parse
from ulmus.diffs.numbered import number_lines
from ulmus.errors import EditFormatError

_TASK = "Below is a Python program. Change it as the message at the end asks."
_HOW = {
    "search-replace": """\
Answer with one or more blocks like this one and with nothing else:
<<<<<<< SEARCH
lines of the program, copied exactly, indentation included
=======
the lines that are to stand there instead
>>>>>>> REPLACE
Copy only as many lines as make the place unique.""",
    "numbered": """\
Each line of the program is shown with its number and a bar in front, which are not part of it.
Answer in one code fence with blocks like these and with nothing else:
@@ 12-13
the lines that are to stand instead of lines 12 to 13; none if they are to go
@@ 29+
the lines that are to be added after line 29
Numbers are those of the program as shown, in rising order. Write new lines without numbers.""",
    "unified": """\
Answer in one code fence with a unified diff and with nothing else. Each hunk begins with a line @@
and shows one or more unchanged lines around the change. The first character of each line is a space
if it stays, - if it goes and + if it is new.""",
    "unified-numbers": """\
Answer in one code fence with a unified diff and with nothing else. Each hunk begins with a line
@@ -first,count +first,count @@ and shows three unchanged lines around the change. The first
character of each line is a space if it stays, - if it goes and + if it is new.""",
    "rewrite": """\
Answer with the whole new program in one code fence and with nothing else.""",
}


def question(before: str, message: str, name: str, form: str) -> str:
    """Return the prompt.

    Args:
        before: The program.
        message: What is to be done.
        name: Name of the program's file.
        form: Form of the edit, out of `FORMS`.
    """
    shown = number_lines(before) if form == "numbered" else before.removesuffix("\n")
    longest = max((len(run) for run in re.findall(r"`+", before)), default=0)
    fence = "`" * max(3, longest + 1)
    program = f"The program {name}:\n{fence}python\n{shown}\n{fence}"
    return f"{_TASK}\n{_HOW[form]}\n\n{program}\n\nThe message: {message}\n\nYour answer:\n"


def read_answer(answer: str, form: str) -> Edit:
    """Return the edit that an answer means.

    Raises:
        EditFormatError: There is no edit.
    """
    said = _without_thoughts(answer)
    if form == "rewrite":
        return _whole_program(said)
    if form != "search-replace":  # its blocks have an end of their own, and may be in many fences
        for block in _fenced(said):
            try:
                return parse(block, form)
            except EditFormatError:
                continue
    return parse(said, form)


def _whole_program(said: str) -> Edit:
    """Return the longest fenced text, or all of it, as the new program.

    Models put no empty line before the closing fence, so that the last newline would be lost.
    """
    program = max(_fenced(said), key=len, default=said)
    text = parse(program, "rewrite").text if program == said else program
    if not (text or "").strip():
        raise EditFormatError("expected the whole new text, came an empty code fence")
    return Edit(text=(text or "").rstrip("\n") + "\n")


def _without_thoughts(answer: str) -> str:
    """Return an answer without the thoughts before it, of which often only the end is marked."""
    said = answer.rpartition("</think>")[2]
    return "" if said.lstrip().startswith("<think>") else said


def _fenced(said: str) -> Iterator[str]:
    """Yield what stands in each code fence; the last may lack its end."""
    fence, inside = "", list[str]()
    for line in said.replace("\r\n", "\n").split("\n"):
        match = FENCE.fullmatch(line)
        if not fence and match:
            fence, inside = match[1], []
        elif fence and match and line.strip(" \t`") == "" and len(match[1]) >= len(fence):
            yield "\n".join(inside)
            fence = ""
        elif fence:
            inside.append(line)
    if fence:
        yield "\n".join(inside)
