"""Programs to order: what is asked for by its properties, and how far what came follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ulmus.errors import ConfigError
from ulmus.properties import FITNESS, comment_of, read_property
from ulmus.records import Measure
from ulmus.seeding import generator
from ulmus.training.dataset import Dataset, Row


def orders_for(
    texts: Sequence[str], measures: Sequence[Measure], dataset: Dataset | None
) -> list[str]:
    """Return the comments that ask for properties, such as "height 5 width 10".

    A comment always names all properties, as in the training. What is not asked for is taken from
    the program of the data set that comes nearest to what is, in bins; of several the fittest.

    Raises:
        ConfigError: A text makes no sense, or something is left open and there is no data set.
    """
    names = [FITNESS, *(measure.name for measure in measures)]
    orders = []
    for text in texts:
        asked = dict(read_property(text, measures))
        if missing := [name for name in names if name not in asked]:
            if dataset is None:
                raise ConfigError(
                    f"--property {text!r} leaves {', '.join(missing)} open; name them, or give "
                    "--data, from which they are taken"
                )
            asked = _properties(_nearest(asked, measures, dataset.train)) | asked
        orders.append(comment_of(measures, asked))
    return orders


def orders_of_rows(dataset: Dataset, count: int, seed: int) -> list[str]:
    """Return the properties of held-out programs, or of others if none is held out, as orders."""
    rows = dataset.test or dataset.train
    drawn = drawn_rows(rows, count, seed)
    return list(dict.fromkeys(comment_of(dataset.facts.measures, _properties(r)) for r in drawn))


def correlations(pairs: Sequence[tuple[dict[str, float], dict[str, float]]]) -> dict[str, float]:
    """Return Spearman's rank correlation of asked and obtained, by property.

    Args:
        pairs: What was asked for and what came, by property.

    Returns:
        Nothing of a property of which one value was asked for, or came.
    """
    found = {}
    for name in pairs[0][0] if pairs else ():
        asked = [one[name] for one, _ in pairs]
        obtained = [two[name] for _, two in pairs]
        value = spearman(asked, obtained) if len(set(asked)) > 1 else None
        if value is not None:
            found[name] = value
    return found


def spearman(one: Sequence[float], two: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation; None if one side has a single value."""
    ranks = [_ranks(values) for values in (one, two)]
    means = [sum(values) / len(values) for values in ranks]
    first, second = (
        [rank - mean for rank in values] for values, mean in zip(ranks, means, strict=True)
    )
    spread = (sum(a * a for a in first) * sum(b * b for b in second)) ** 0.5
    return sum(a * b for a, b in zip(first, second, strict=True)) / spread if spread else None


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value; equal values share the mean of their ranks."""
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values)):
        places.setdefault(value, []).append(place)
    return [sum(places[value]) / len(places[value]) for value in values]


def drawn_rows(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Draw rows, each once; all if there are fewer."""
    rng = generator(seed, "rows", 0, 0)
    return rng.sample(list(rows), min(count, len(rows)))


def _properties(row: Row) -> dict[str, float]:
    return {FITNESS: row.fitness, **row.measures}


def _nearest(asked: Mapping[str, float], measures: Sequence[Measure], rows: Sequence[Row]) -> Row:
    """Return the row that comes nearest to what is asked, in bins; of several the fittest."""
    widths = {m.name: (m.high - m.low) / m.bins for m in measures}
    top = max(row.fitness for row in rows)
    widths[FITNESS] = top / 12 if top > 0 else 1.0  # as if fitness had bins, too

    def distance(row: Row) -> tuple[float, float]:
        had = _properties(row)
        far = sum(abs(had[name] - value) / widths[name] for name, value in asked.items())
        return far, -row.fitness

    return min(rows, key=distance)
