"""Git history → edits, nothing else: a data set of small edits with the messages that ask for them.

One repository becomes one part (`extract.py`): open read-only (`history.py`), check the licence
(`licences.py`), keep commits whose message and paths are fit (`messages.py`, `paths.py`), cut the
touched unit out (`units.py`, `edits.py`), drop secrets and personal data (`scrub.py`). The parts
become one file (`pipeline.py`): duplicates out, families and split, caps, and the funnel.
"""

from __future__ import annotations

from ulmus.mining.options import Options, RepositorySpec
from ulmus.mining.pipeline import Mined, mine
from ulmus.mining.sample import Sample, read_edits, write_edits

__all__ = ["Mined", "Options", "RepositorySpec", "Sample", "mine", "read_edits", "write_edits"]
