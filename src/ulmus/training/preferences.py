"""From runs to preferences: of two answers to one parent, the map took one and left the other.

EvoTune (Surina et al. 2025, arXiv 2504.05108) trains the model of an evolutionary search by DPO on
pairs of programs, better and worse by score, failed ones among the worse. How this departs from it:
  - What is better the map says, not the score: an answer whose child was admitted is chosen; one
    that was refused, invalid or kept out is rejected. Duplicates are neither: the same program may
    have been good when it came first.
  - Both answers are edits of one parent, and are learned as the model wrote them. Children of
    other operators have no answer and make no pair.

Which prompt? DPO compares two answers to one question: only then does the unknown normalisation of
its reward cancel (arXiv 2305.18290, section 4), so two prompts in one pair will not do. The two
answers should have been asked for by the same commit message. Where a chosen answer has no such
sibling, a sibling that was refused or invalid takes its place, under the chosen one's message: an
edit that does not apply, or whose child does not run, is a bad answer whatever was asked. An answer
that was merely kept out is not, it may have done well what its own message said, and such pairs are
left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ulmus.errors import TrainingError
from ulmus.operators.diff import FORGED, NO_ANSWER
from ulmus.records import Json, Placement
from ulmus.runs.log import LoggedStep, RunLog, StepText
from ulmus.runs.views import diff_told
from ulmus.seeding import generator
from ulmus.training.lineages import HELD_OUT, Lineages, lineages_apart

PAIRS_PER_PARENT = 16
"""A block of siblings is so long; parents that were drawn again and again count no more."""

PAIRS_PER_ANSWER = 3
"""One bad answer among many good ones would otherwise be learned by heart."""

REJECTED = (Placement.REFUSED, Placement.INVALID, Placement.KEPT_OUT)
BAD_ANYWAY = (Placement.REFUSED, Placement.INVALID)
"""Bad answers whatever the message was."""


@dataclass(frozen=True)
class Pair:
    """Two answers to one prompt.

    Attributes:
        before: The parent.
        message: The commit message that the chosen answer was asked for with.
        chosen: The answer whose child the map took.
        rejected: The answer whose child it did not take.
        fate: What became of the rejected one.
        same_message: Whether the rejected one was asked for with this message, too.
        max_tokens: Tokens that the run allowed an answer; one that has so many may be cut off.
        run: Name of the run.
        family: The run with the lineage of the parent.
        held_out: Whether the pair is only judged.
    """

    before: str
    message: str
    chosen: str
    rejected: str
    fate: Placement
    same_message: bool
    max_tokens: int | None
    run: str
    family: str
    held_out: bool = False


@dataclass(frozen=True)
class _Answer:
    text: str
    message: str
    fate: Placement


@dataclass
class _Parent:
    """A parent with the answers that it got, each text once."""

    source: str
    lineage: int
    chosen: dict[str, _Answer] = field(default_factory=dict)
    rejected: dict[tuple[str, str], _Answer] = field(default_factory=dict)

    def add(self, answer: _Answer) -> None:
        if answer.fate.admitted:
            self.chosen.setdefault(answer.text, answer)
        elif answer.fate in REJECTED:
            self.rejected.setdefault((answer.text, answer.message), answer)


def preference_pairs(
    folder: Path,
    *,
    seed: int = 0,
    per_parent: int = PAIRS_PER_PARENT,
    held_out: float = HELD_OUT,
) -> list[Pair]:
    """Return the pairs of a run, parents in the order in which they were admitted.

    Args:
        folder: Of the run, which may still be going on.
        seed: Of the choice of pairs and of what is held out.
        per_parent: At most so many pairs have the same parent.
        held_out: Share of the pairs that is held out, whole lineages of parents at a time; 1 holds
            out the run.

    Raises:
        RunNotFoundError, RunFormatError: See `ulmus.errors`.
        TrainingError: No child of the run was made by a diff model.
    """
    with RunLog.open_read_only(folder) as log:
        texts = dict(log.texts())
        parents = _parents(log, texts)
        max_tokens = _max_tokens(log.manifest)
    if not parents:
        raise TrainingError(
            f"{folder} holds no answer of a diff model, so there is nothing to prefer; give a run "
            "that was made with the operator diff, such as ulmus run sodarace --operators diff=1"
        )
    name = folder.resolve().name
    drawn = {number: _pairs(parent, per_parent, seed, number) for number, parent in parents.items()}
    lineages = [parents[number].lineage for number, some in drawn.items() for _ in some]
    apart = lineages_apart(lineages, seed, held_out)
    return [
        Pair(
            parent.source, chosen.message, chosen.text, rejected.text, rejected.fate,
            rejected.message == chosen.message, max_tokens, name,
            f"run:{name}/{parent.lineage}", parent.lineage in apart,
        )
        for number, parent in parents.items()
        for chosen, rejected in drawn[number]
    ]  # fmt: skip


def pairs_of_runs(
    folders: Sequence[Path],
    held_out_folders: Sequence[Path] = (),
    *,
    seed: int = 0,
    per_parent: int = PAIRS_PER_PARENT,
) -> list[Pair]:
    """Return the pairs of several runs, each once; see `preference_pairs`.

    Runs in `held_out_folders` are held out whole; if there are none, lineages of each run are. No
    program is the parent of a held-out pair and of another one: the first program of two runs is
    often the same.

    Raises:
        RunNotFoundError, RunFormatError, TrainingError: See `preference_pairs`.
    """
    share = 0.0 if held_out_folders else HELD_OUT
    pairs: list[Pair] = []
    for folder in held_out_folders:
        pairs += preference_pairs(folder, seed=seed, per_parent=per_parent, held_out=1.0)
    for folder in folders:
        pairs += preference_pairs(folder, seed=seed, per_parent=per_parent, held_out=share)
    judged = {pair.before for pair in pairs if pair.held_out}
    first: dict[tuple[str, str, str, str], Pair] = {}
    for pair in pairs:
        if pair.held_out or pair.before not in judged:
            first.setdefault((pair.before, pair.message, pair.chosen, pair.rejected), pair)
    return list(first.values())


def _parents(log: RunLog, texts: Mapping[int, StepText]) -> dict[int, _Parent]:
    """Return the parents of a diff model's children by the number of their step."""
    lineages = Lineages()
    lineage_of: dict[int, int] = {}
    found: dict[int, _Parent] = {}
    for step in log.steps():
        if step.admitted:
            lineage_of[step.number] = lineages.add(step)
        answer = _answer(step, texts.get(step.number))
        if answer is None:
            continue
        number = step.parents[0]
        source = texts[number].source
        assert source is not None  # it was admitted
        found.setdefault(number, _Parent(source, lineage_of[number])).add(answer)
    return dict(sorted(found.items()))


def _answer(step: LoggedStep, text: StepText | None) -> _Answer | None:
    """Return what a diff model answered in a step; None if it was not asked or did not answer."""
    if not step.operator.startswith("diff") or not step.parents or text is None:
        return None
    if text.answer is None or step.reason in (FORGED, NO_ANSWER):
        return None
    return _Answer(text.answer, text.note, step.placement)


def _pairs(parent: _Parent, most: int, seed: int, number: int) -> list[tuple[_Answer, _Answer]]:
    """Pair each chosen answer once, then each once more, until there are enough pairs.

    Of the rejected answers that may stand against a chosen one, those with the same message go
    first, then those that stand in the fewest pairs. No answer stands in more than
    `PAIRS_PER_ANSWER`.
    """
    rng = generator(seed, "pairs", number, 0)
    chosen = rng.sample(list(parent.chosen.values()), len(parent.chosen))
    rejected = [answer for answer in parent.rejected.values() if answer.text not in parent.chosen]
    rng.shuffle(rejected)
    left = {
        better.text: [
            worse
            for worse in rejected
            if worse.message == better.message or worse.fate in BAD_ANYWAY
        ]
        for better in chosen
    }
    used: Counter[str] = Counter()
    pairs: list[tuple[_Answer, _Answer]] = []
    for _ in range(PAIRS_PER_ANSWER):
        for better in chosen:
            options = [o for o in left[better.text] if used[o.text] < PAIRS_PER_ANSWER]
            if not options or len(pairs) == most:
                continue
            message = better.message
            worse = min(options, key=lambda w: (w.message != message, used[w.text]))
            left[better.text] = [option for option in options if option.text != worse.text]
            used[worse.text] += 1
            pairs.append((better, worse))
    return pairs


def _max_tokens(manifest: Mapping[str, Json]) -> int | None:
    """Return how long an answer could be in a run; None if it does not say."""
    longest = diff_told(manifest).get("max_tokens")
    return longest if isinstance(longest, int) else None
