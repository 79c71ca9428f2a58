"""Parts on disk: what one repository gave, so that an interrupted or extended run goes on from it.

A part belongs to the refs of the repository and to the settings; with others it has another name.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from array import array
from pathlib import Path
from typing import Any

from ulmus.errors import DataFormatError
from ulmus.mining.extract import Part, extract
from ulmus.mining.families import Kin
from ulmus.mining.funnel import Funnel
from ulmus.mining.options import Options, RepositorySpec
from ulmus.mining.sample import Sample, write_line, writing

FOLDER = ".parts"


def part_file(folder: Path, name: str, key: str) -> Path:
    """Return where the part of a repository lies."""
    plain = re.sub(r"[^\w.-]", "+", name)
    return folder / FOLDER / f"{plain}.{key[:16]}.jsonl.gz"


def make_part(spec: RepositorySpec, name: str, options: Options, file: Path) -> str:
    """Mine one repository into a file; a worker's task. Returns the name.

    Raises:
        RepositoryError: It cannot be read.
        DataWriteError: The folder or the disk refuses.
    """
    part = extract(spec, name, options)
    with writing(file) as stream:
        write_line(stream, _head(part))
        for sample, change in part.samples:
            write_line(stream, {**sample.to_json(), "change": change})
    return name


def _head(part: Part) -> dict[str, Any]:
    pairs = array("Q", sorted(part.kin.pairs))
    return {
        "repo": part.repo, "head": part.head, "licence": part.licence, "refusal": part.refusal,
        "warnings": list(part.warnings), "roots": list(part.kin.roots),
        "pairs": base64.b64encode(pairs.tobytes()).decode(), "funnel": part.funnel.plain(),
        "num_samples": len(part.samples),
    }  # fmt: skip


def read_part(file: Path) -> Part | None:
    """Return a part, or None if there is none that can be used."""
    try:
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            head = json.loads(next(stream, ""))
            samples = []
            for line in stream:
                plain = json.loads(line)
                samples.append((Sample.from_json(plain), str(plain["change"])))
            return _part(head, samples)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, DataFormatError):
        return None


def _part(head: dict[str, Any], samples: list[tuple[Sample, str]]) -> Part | None:
    if len(samples) != head["num_samples"]:
        return None
    pairs = array("Q", base64.b64decode(head["pairs"]))
    return Part(
        head["repo"], head["head"], head["licence"], head["refusal"], tuple(head["warnings"]),
        Kin(head["repo"], head["roots"], frozenset(pairs)), Funnel.of(head["funnel"]), samples,
    )  # fmt: skip
