"""Find where a hunk belongs that a text does not hold as it is quoted.

Each old line of the hunk is paired with similar lines of the text; a place is the chain of pairs,
rising in both, with the highest score. A removed line must be in the chain, and be at least 0.6
similar to its line, or 0.1 if the lines above and below it are those of the text. Context may be
missing, added or wrong, as long as the score is at least 0.7.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise

from ulmus.diffs.chains import LONGEST_GAP, ChainSearch, Pair
from ulmus.diffs.edit import Hunk
from ulmus.diffs.places import without_whitespace
from ulmus.diffs.similarity import Similarity
from ulmus.diffs.splices import Splice, splices, steps

LEAST_SIMILARITY = 0.6
LEAST_BETWEEN = 0.1
"""Least similarity of a removed line that stands between the right lines."""

BLANK_WEIGHT = 0.25
"""Weight of a blank line in the score; others weigh 1."""

MOST_OLD_LINES = 400
MOST_COMPARISONS = 4_000
"""Similarities computed per edit at most, about 20 us each."""

MOST_LOOKS = 1_000_000
"""Lines of the text looked at per edit for whether they may be similar, about 0.5 us each."""

MOST_PAIRS = 4_000


class TooLong(Exception):
    """Aligning this hunk would take too long."""


class Aligner:
    """Aligns hunks with one text."""

    def __init__(self, lines: Sequence[str], keys: Sequence[str]) -> None:
        """Index lines, of which `keys` are those without whitespace."""
        self._lines = lines
        self._looks = 0
        self._comparisons = 0
        self._stripped = [line.strip() for line in lines]
        self._rows: dict[str, list[int]] = defaultdict(list)
        for row, key in enumerate(keys):
            self._rows[key].append(row)

    def ways(self, hunk: Hunk) -> list[tuple[Splice, ...]] | None:
        """Return what to splice where, in one way or several equally good ones.

        The list is empty if there is a place, but it is not clear what goes where; None stands
        for no place at all.

        Raises:
            TooLong: The hunk or the text is too long for it.
        """
        if len(hunk.old) > MOST_OLD_LINES:
            raise TooLong
        found = steps(hunk)
        needed = {
            index
            for step in found
            for index in range(step.start, step.end)
            if hunk.old[index].strip()
        }
        for chains in self._chains(hunk.old, needed):
            if chains:
                ways = (splices(self._lines, hunk, found, rows) for rows in chains)
                return list(dict.fromkeys(chain.from_iterable(ways)))
        return None

    def _chains(self, old: Sequence[str], needed: set[int]) -> Iterator[list[list[int | None]]]:
        """Yield for the best chains the row of each old line, looking ever further.

        First only equal lines and what is between them count, then lines like those of the hunk
        near the equal ones, then such lines anywhere.
        """
        pairs = [self._same(index, line) for index, line in enumerate(old)]
        yield self._best(old, needed, self._with_similar(old, needed, pairs, ()))
        near = self._rows_near(old)
        yield self._best(old, needed, self._with_similar(old, needed, pairs, near))
        if len(near) < len(self._lines):
            everywhere = range(len(self._lines))
            yield self._best(old, needed, self._with_similar(old, needed, pairs, everywhere))

    def _rows_near(self, old: Sequence[str]) -> Sequence[int]:
        """Return the rows around telling lines of the hunk; all rows if there are none."""
        rows: set[int] = set()
        for index, line in enumerate(old):
            places = self._rows.get(without_whitespace(line), ()) if line.strip() else ()
            if len(places) <= LONGEST_GAP:
                for row in places:
                    low = max(0, row - index - LONGEST_GAP)
                    rows.update(range(low, row - index + len(old) + LONGEST_GAP))
        if not rows:
            return range(len(self._lines))
        return [row for row in sorted(rows) if row < len(self._lines)]

    def _best(
        self, old: Sequence[str], needed: set[int], pairs: list[list[Pair]]
    ) -> list[list[int | None]]:
        """Return for the best chains of pairs the row of each old line."""
        if any(not pairs[index] for index in needed):
            return []
        search = ChainSearch(pairs, needed, sum(map(_weight, old)))
        return [_filled(len(old), found) for found in search.best()]

    def _same(self, index: int, line: str) -> list[Pair]:
        """Return the pairs of an old line with lines that are equal but for whitespace."""
        weight = _weight(line)
        return [
            Pair(index, row, weight if self._lines[row] == line else 0.97 * weight)
            for row in self._rows.get(without_whitespace(line), ())
        ]

    def _with_similar(
        self, old: Sequence[str], needed: set[int], same: list[list[Pair]], rows: Sequence[int]
    ) -> list[list[Pair]]:
        """Return for each old line the equal lines, else those that are similar enough.

        Args:
            old: The old lines.
            needed: Which of them must have a line.
            same: The pairs of equal lines.
            rows: The rows to look at besides those between equal lines.

        Raises:
            TooLong: There are too many.
        """
        pairs = list(same)
        for index, line in enumerate(old):
            if same[index] or not line.strip():
                continue
            self._looks += len(rows)
            if self._looks > MOST_LOOKS:
                raise TooLong
            similarity = Similarity(line)
            between = self._rows_between(same, index, index in needed)
            near = [
                row for row in rows if similarity.plausible(self._stripped[row], LEAST_SIMILARITY)
            ]
            self._comparisons += len(near)
            if self._comparisons > MOST_COMPARISONS:
                raise TooLong
            least = LEAST_BETWEEN if index in needed else 0.0
            values = dict.fromkeys(near, LEAST_SIMILARITY) | dict.fromkeys(between, least)
            pairs[index] = self._similar(index, similarity, values, index == len(old) - 1)
        if sum(map(len, pairs)) > MOST_PAIRS:
            raise TooLong
        return pairs

    def _rows_between(self, pairs: list[list[Pair]], index: int, both: bool) -> set[int]:
        """Return the rows whose neighbours are those of an old line, or an end of the text.

        Args:
            pairs: Pairs of equal lines so far.
            index: The old line.
            both: Whether the neighbours on both sides must be right.
        """
        last = len(pairs) - 1
        above = {pair.row + 1 for pair in pairs[index - 1]} if index else {0}
        below = (
            {pair.row - 1 for pair in pairs[index + 1]} if index < last else {len(self._lines) - 1}
        )
        rows = above & below if both else above | below
        return {row for row in rows if 0 <= row < len(self._lines) and self._stripped[row]}

    def _similar(
        self, index: int, similarity: Similarity, rows: Mapping[int, float], last: bool
    ) -> list[Pair]:
        """Return the pairs of an old line that stands nowhere in the text.

        Args:
            index: The old line.
            similarity: To compare it with.
            rows: Rows with the least similarity that each must have.
            last: Whether it is the last of the hunk, which may be cut off.
        """
        found = []
        for row in sorted(rows):
            own = self._stripped[row]
            value = similarity.to(own)
            if last and similarity.is_head_of(own):
                value = max(value, 0.9)
            if value >= rows[row]:
                found.append(Pair(index, row, value))
        return found


def _weight(line: str) -> float:
    """Return how much a line counts in the score."""
    return 1.0 if line.strip() else BLANK_WEIGHT


def _filled(num_old: int, pairs: Sequence[Pair]) -> list[int | None]:
    """Return the row of each old line; between two pairs as far apart in both, lines are those."""
    rows: list[int | None] = [None] * num_old
    for pair in pairs:
        rows[pair.old] = pair.row
    for above, below in pairwise(pairs):
        if below.old - above.old == below.row - above.row:
            for index in range(above.old + 1, below.old):
                rows[index] = above.row + index - above.old
    return rows
