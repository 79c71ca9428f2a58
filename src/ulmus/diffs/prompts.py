"""How a model is asked for an edit, and how its answer is read.

Style "special" uses tokens that SmolLM2 and our own tokenizers have as single tokens; it costs
six tokens besides the name of the file. Style "tags" is the layout of the published CarperAI
models. Style "instruct" is for models that follow instructions, see `ulmus.diffs.instruct`. All
that stands before the message depends on the program alone, so that a model can read it once for
all children of a parent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ulmus.diffs.edit import Edit
from ulmus.diffs.formats import check_form, parse, render
from ulmus.diffs.instruct import question, read_answer
from ulmus.diffs.making import make
from ulmus.diffs.numbered import number_lines
from ulmus.errors import ConfigError

END = "<|endoftext|>"
_MARKERS = {
    "special": (END, "<filename>", "<file_sep>", "<jupyter_output>"),
    "tags": (END, "<NME>", "<BEF>", "<MSG>", "<DFF>"),
    # What ends a turn in the chat templates in use; servers allow four texts at which to stop.
    "instruct": (END, "<|im_start|>", "<|im_end|>", "<|eot_id|>"),
}


@dataclass(frozen=True)
class Layout:
    """The text around program, message and edit.

    Attributes:
        style: "special", "tags" or "instruct".
        form: Form of the edit, out of `FORMS`.
    """

    style: Literal["special", "tags", "instruct"] = "special"
    form: str = "numbered"

    def __post_init__(self) -> None:
        """Check style and form.

        Raises:
            ConfigError: There is no such style or form.
        """
        check_form(self.form)
        if self.style not in _MARKERS:
            raise ConfigError(f"expected a style out of {', '.join(_MARKERS)}, came {self.style!r}")

    @property
    def markers(self) -> tuple[str, ...]:
        """Return the texts that mean something in a prompt, so that no program may hold them."""
        return _MARKERS[self.style]

    @property
    def stop(self) -> tuple[str, ...]:
        """Return the texts at which an answer ends."""
        return self.markers

    def forged(self, text: str) -> bool:
        """Tell whether a text holds a marker, so that a model would misread it."""
        return any(marker in text for marker in self.markers)

    def prompt(self, before: str, message: str, name: str = "program.py") -> str:
        """Return the question for an edit.

        Args:
            before: The program.
            message: What is to be done.
            name: Name of the program's file.

        Raises:
            ValueError: One of them holds a marker; ask `forged` first.
        """
        for text in (before, message, name):
            if self.forged(text):
                raise ValueError(f"expected a text without {', '.join(self.markers)}")
        if self.style == "instruct":
            return question(before, message, name, self.form)
        shown = number_lines(before) if self.form == "numbered" else before
        if self.style == "tags":
            return f"<NME> {name}\n<BEF> {shown}\n<MSG> {message}\n<DFF> "
        return f"<filename>{name}\n{shown}\n<file_sep>{message}\n<jupyter_output>"

    def num_lines(self, before: str) -> int | None:
        """Return how many lines of a program an edit may name, None if it names no numbers."""
        return number_lines(before).count("\n") + 1 if self.form == "numbered" else None

    def target(self, before: str, after: str | Edit) -> str:
        """Return the answer that a model is to learn.

        Args:
            before: The program.
            after: The program after the edit, or the edit.

        Raises:
            ValueError: The edit does not apply, or the answer holds a marker.
        """
        edit = make(before, after) if isinstance(after, str) else after
        answer = render(edit, self.form, before)
        if self.forged(answer):
            raise ValueError(f"expected an edit without {', '.join(self.markers)}")
        return answer + END

    def read(self, answer: str, *, cut_off: bool = False) -> Edit:
        """Return the edit that an answer means, up to the first marker.

        Args:
            answer: What the model wrote.
            cut_off: Whether it was still writing when its tokens were used up; then its last
                line, which may be half of one, is dropped.

        Raises:
            EditFormatError: There is no edit.
        """
        answer = re.split("|".join(map(re.escape, self.stop)), answer, maxsplit=1)[0]
        if cut_off:
            answer = answer.rpartition("\n")[0]
        if self.style == "instruct":
            return read_answer(answer, self.form)
        return parse(answer, self.form)
