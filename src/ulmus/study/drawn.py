"""What a study has drawn, written down as it comes, so that a study that was stopped can go on.

A line of the file is a sample: `key`, a digest of everything that it depends on, and `proposal`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from ulmus.errors import DataFormatError
from ulmus.records import Program, Proposal

NAME = "drawn.jsonl"

T = TypeVar("T")


class Drawn:
    """The samples of a study by what they depend on; with a file, those of earlier tries too."""

    def __init__(self, file: Path | None = None) -> None:
        """Read what there is.

        Args:
            file: Is appended to; made if there is none. None keeps nothing.

        Raises:
            DataFormatError: A line of it is no sample. A last line that was cut off is dropped.
        """
        self._file = file
        self._known: dict[str, Proposal] = {}
        if file is not None and file.is_file():
            data = file.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            for number, line in enumerate(whole.splitlines(), 1):
                try:
                    entry = json.loads(line)
                    self._known[entry["key"]] = _proposal(entry["proposal"])
                except (ValueError, KeyError, TypeError) as error:
                    raise DataFormatError(
                        f"{file}, line {number}: expected a sample with key and proposal ({error})"
                    ) from None
            if len(whole) < len(data):
                with file.open("r+b") as stream:
                    stream.truncate(len(whole))

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._known)

    def fill(
        self,
        asked: Sequence[T],
        key: Callable[[T], str],
        draw: Callable[[list[T]], Sequence[Proposal]],
    ) -> list[Proposal]:
        """Return a sample for each thing that is asked, and have those drawn that there are not.

        Args:
            asked: What the samples are for.
            key: Digest of all that a sample depends on; see `key_of`.
            draw: Returns a proposal for each thing that it is given.
        """
        missing = [one for one in asked if key(one) not in self._known]
        new = dict(zip(map(key, missing), draw(missing) if missing else (), strict=True))
        if self._file is not None and new:
            with self._file.open("a", encoding="ascii", newline="\n") as stream:
                for digest, proposal in new.items():
                    entry = {"key": digest, "proposal": _plain(proposal)}
                    stream.write(json.dumps(entry) + "\n")
        self._known.update(new)
        return [self._known[key(one)] for one in asked]


def key_of(*parts: str | int) -> str:
    """Return a digest of what a sample depends on, 32 hex digits."""
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _plain(proposal: Proposal) -> dict[str, Any]:
    program = proposal.program
    return {**asdict(proposal), "program": None if program is None else program.source}


def _proposal(plain: dict[str, Any]) -> Proposal:
    source = plain["program"]
    program = None if source is None else Program(source)
    return Proposal(**{**plain, "parents": tuple(plain["parents"]), "program": program})
