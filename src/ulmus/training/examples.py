"""From edits to rows of tokens: a prompt, then the edits of it, in an order that the seed decides.

The order is addressed, not carried along: epoch and position say what comes next, so a training
goes on exactly where it was killed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tokenizers import Tokenizer

from ulmus.diffs import make
from ulmus.diffs.edit import split_lines
from ulmus.diffs.prompts import END, Layout
from ulmus.errors import TrainingError
from ulmus.mining.sample import Sample
from ulmus.seeding import generator
from ulmus.training.renaming import renamed
from ulmus.training.rows import Row, packed

RECALLED = 24
"""Lines of a program that a row of recall asks for."""


@dataclass(frozen=True)
class Caps:
    """How long things may be, in tokens; longer ones are left out and counted."""

    prompt: int = 768
    edit: int = 192
    edits_per_row: int = 16


@dataclass(frozen=True)
class Coder:
    """Turns edits into tokens, as the layout of the prompt says.

    Attributes:
        tokenizer: Of the model.
        layout: Of prompt and edit.
        caps: How long they may be.
        prompt_weight: How much the tokens of the program in the prompt count; the paper: 0.
        rename: Rename local names at random.
        dropped: Counts what was left out, by reason.
    """

    tokenizer: Tokenizer
    layout: Layout
    caps: Caps = Caps()
    prompt_weight: float = 0.0
    rename: bool = False
    dropped: Counter[str] = field(default_factory=Counter)

    def row(self, samples: Sequence[Sample], rng: random.Random | None = None) -> Row | None:
        """Return the row of samples with equal `before` and `path`; None if nothing is left.

        Args:
            samples: At most `caps.edits_per_row`.
            rng: Renames if given.
        """
        if rng is not None:
            samples = _renamed(samples, rng)
        prompts: dict[str, list[int]] = {}
        pairs = []
        for sample in samples:
            if sample.message not in prompts:
                prompts[sample.message] = self._prompt(sample)
            prompt, target = prompts[sample.message], self._target(sample)
            if self._fits(prompt, target):
                pairs.append((prompt, target, sample.weight))
        return packed(pairs, self.prompt_weight) if pairs else None

    def recall(self, sample: Sample, rng: random.Random) -> Row | None:
        """Return a row that asks for lines of the program as they are; None if there is none.

        Only what follows the number of the line is judged, so that nothing is learned about where
        to edit. Teaches a new network to copy (see `training.copying`).
        """
        if self.rename:
            (sample,) = _renamed([sample], rng)
        lines = split_lines(sample.before)
        said = [number for number, line in enumerate(lines, 1) if line.strip()]
        prompt = self._prompt(replace(sample, message=""))
        pairs = []
        for number in rng.sample(said, min(RECALLED, len(said))):
            head = self.tokenizer.encode(f"@@ {number}\n", add_special_tokens=False).ids
            text = lines[number - 1] + END
            line = self.tokenizer.encode(text, add_special_tokens=False).ids
            if 0 < len(prompt) <= self.caps.prompt and len(line) <= self.caps.edit:
                pairs.append((prompt + head, line, 1.0))
        return packed(pairs) if pairs and not self.layout.forged(sample.before) else None

    def _fits(self, prompt: list[int], target: list[int]) -> bool:
        if not prompt or not target:
            self.dropped["a text that the layout cannot say"] += 1
        elif len(prompt) > self.caps.prompt:
            self.dropped["prompt too long"] += 1
        elif len(target) > self.caps.edit:
            self.dropped["edit too long"] += 1
        else:
            return True
        return False

    def _prompt(self, sample: Sample) -> list[int]:
        if self.layout.forged(sample.before + sample.message):
            return []
        text = self.layout.prompt(sample.before, sample.message, file_name(sample.path))
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def _target(self, sample: Sample) -> list[int]:
        if self.layout.forged(sample.after):
            return []
        edit = make(sample.before, sample.after, sample.message)
        text = self.layout.target(sample.before, edit)
        return self.tokenizer.encode(text, add_special_tokens=False).ids


def file_name(path: str) -> str:
    """Return the name of the file without its folders, as the prompt shows it."""
    return path.rpartition("/")[2] or "program.py"


def _renamed(samples: Sequence[Sample], rng: random.Random) -> list[Sample]:
    texts = {"before": samples[0].before}
    texts |= {str(number): sample.after for number, sample in enumerate(samples)}
    message = " ".join(sample.message for sample in samples)
    new = renamed(texts, message, rng)
    if new is None:
        return list(samples)
    return [
        replace(sample, before=new["before"], after=new[str(number)])
        for number, sample in enumerate(samples)
    ]


class Source:
    """The edits of one origin, in endless shuffled order, several edits of a program at a time."""

    def __init__(self, name: str, samples: Sequence[Sample], coder: Coder, seed: int):
        """Group the samples by program; `epoch` and `position` may be set to go on from there.

        Raises:
            TrainingError: There is no sample.
        """
        if not samples:
            raise TrainingError(
                f"there is nothing to train on in the {name}: all edits are held out (commits of "
                "2025 and later, and families of repositories or lineages kept for validation)"
            )
        self.name = name
        self.coder = coder
        self.epoch = 0
        self.position = 0
        self.num_samples = len(samples)
        self._seed = seed
        self._groups = grouped(samples)
        self._order = self._shuffled()

    def next_row(self) -> Row:
        """Return the next row.

        Raises:
            TrainingError: In a whole epoch no edit is short enough.
        """
        begun = self.epoch
        while self.epoch <= begun + 1:
            if self.position >= len(self._order):
                self.go_to(self.epoch + 1, 0)
                continue
            samples = self._order[self.position]
            self.position += 1
            row = self._row(samples)
            if row is not None:
                return row
        raise TrainingError(
            f"no edit of the {self.name} fits: {dict(self.coder.dropped)}; raise "
            "--max-prompt-tokens or --max-edit-tokens"
        )

    def go_to(self, epoch: int, position: int) -> None:
        """Go on from a place in the order."""
        self.epoch, self.position = epoch, position
        self._order = self._shuffled()

    def _row(self, samples: Sequence[Sample]) -> Row | None:
        rng = self._generator("rename") if self.coder.rename else None
        return self.coder.row(samples, rng)

    def _generator(self, purpose: str) -> random.Random:
        return generator(self._seed, f"{purpose}/{self.name}", self.epoch, self.position)

    def _shuffled(self) -> list[list[Sample]]:
        rng = generator(self._seed, f"order/{self.name}", self.epoch, 0)
        rows = []
        for group in self._groups:
            mixed = rng.sample(group, len(group))
            size = self.coder.caps.edits_per_row
            rows += [mixed[start : start + size] for start in range(0, len(mixed), size)]
        rng.shuffle(rows)
        return rows


def grouped(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Return the samples by the program that they change, in order of first appearance."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.before, file_name(sample.path)), []).append(sample)
    return list(groups.values())


class Recall(Source):
    """The programs themselves, some lines of each at a time; see `Coder.recall`."""

    def _row(self, samples: Sequence[Sample]) -> Row | None:
        return self.coder.recall(samples[0], self._generator("lines"))


class Mixture:
    """Several sources, drawn so that their judged tokens stand in given shares."""

    def __init__(
        self, sources: Sequence[Source], shares: Sequence[float], recall: Recall | None = None
    ):
        """Take sources with their shares, each above 0, and what is recalled besides."""
        self.sources = sources
        self.shares = shares
        self.recall = recall
        self.drawn = [0] * len(sources)  # judged tokens so far
        self.recalled = 0

    def rows(self, num_tokens: int, recall_share: float = 0.0) -> Iterator[Row]:
        """Yield rows until they hold `num_tokens`, at least one.

        Args:
            num_tokens: Tokens wanted, prompts included.
            recall_share: Share of recall in all judged tokens so far that is wanted.
        """
        total = 0
        while total < num_tokens:
            row = self._next(recall_share)
            total += len(row.tokens)
            yield row

    def _next(self, recall_share: float) -> Row:
        judged = self.recalled + sum(self.drawn)
        if self.recall and recall_share > 0 and self.recalled <= recall_share * judged:
            row = self.recall.next_row()
            self.recalled += len(row.targets)
            return row
        shares = zip(self.drawn, self.shares, strict=True)
        behind = min(enumerate(shares), key=lambda item: (item[1][0] / item[1][1], item[0]))[0]
        row = self.sources[behind].next_row()
        self.drawn[behind] += len(row.targets)
        return row

    @property
    def place(self) -> list[list[int]]:
        """Where the mixture stands: epoch, position and tokens drawn of each source."""
        return [
            [source.epoch, source.position, drawn]
            for source, drawn in zip(self._all(), [*self.drawn, self.recalled], strict=False)
        ]

    @place.setter
    def place(self, place: Sequence[Sequence[int]]) -> None:
        for source, (epoch, position, _) in zip(self._all(), place, strict=True):
            source.go_to(epoch, position)
        drawn = [entry[2] for entry in place]
        self.drawn = drawn[: len(self.sources)]
        self.recalled = drawn[-1] if self.recall else 0

    def _all(self) -> list[Source]:
        return [*self.sources, *([self.recall] if self.recall else [])]
