"""Programs with their properties in a comment: what a model can generate to order, or predict.

    # fitness 123.4 height 5.2 width 10.1 mass 17

The paper (arXiv 2206.08896, section 4) puts fitness, width, height and mass in a comment before
the program (to generate to order) or after it (to predict). It does not state the form; here the
fitness comes first, then the measures of the map in their order, so that it works for any problem.
The fitness has four significant digits. A measure is rounded to a tenth of the leading digit of its
bins: bins of 2.5 give one place after the point, bins of 20 give whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import floor, isfinite, log10
from typing import Literal, get_args

from ulmus.errors import ConfigError, unknown_name
from ulmus.records import Measure

Where = Literal["none", "before", "after"]
"""Where a program has its properties."""

FITNESS = "fitness"

MARK = f"# {FITNESS} "
"""How the comment begins."""


def check_where(text: str) -> Where:
    """Return a place that was given as text.

    Raises:
        ConfigError: There is no such place; the nearest is named.
    """
    for known in get_args(Where):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise unknown_name("place of the properties", text, get_args(Where))


def comment(measures: Sequence[Measure], fitness: float, values: Sequence[float]) -> str:
    """Return the comment with a program's properties, without a line end."""
    parts = [FITNESS, _significant(fitness)]
    for measure, value in zip(measures, values, strict=True):
        parts += [measure.name, rounded(measure, value)]
    return "# " + " ".join(parts)


def comment_of(measures: Sequence[Measure], properties: Mapping[str, float]) -> str:
    """Return the comment with properties that are given by name."""
    values = [properties[measure.name] for measure in measures]
    return comment(measures, properties[FITNESS], values)


def read_comment(line: str) -> Mapping[str, float]:
    """Return the properties in a comment of `comment`, by name."""
    words = line.removeprefix("#").split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2], strict=True)}


def rounded(measure: Measure, value: float) -> str:
    """Return a measure as it stands in a comment; never "-0"."""
    width = (measure.high - measure.low) / measure.bins
    places = max(0, 1 - floor(log10(width))) if width > 0 and isfinite(width) else 0
    return f"{round(value, places) + 0.0:.{places}f}"


def with_properties(source: str, line: str, where: Where) -> str:
    """Return a program with its comment; `without_properties` is the way back."""
    if where == "before":
        return f"{line}\n{source}"
    return f"{source}\n{line}\n" if where == "after" else source


def without_properties(text: str, where: Where) -> str:
    """Return the program in a text; a comment that is not where it should be is no matter."""
    if where == "before" and text.startswith(MARK):
        return text.partition("\n")[2]
    if where == "after":
        head, found, tail = text.rpartition(f"\n{MARK}")
        return head if found and "\n" not in tail.removesuffix("\n") else text
    return text


def read_property(text: str, measures: Sequence[Measure]) -> Mapping[str, float]:
    """Return what "height 5 width 10" asks for, by name.

    Raises:
        ConfigError: Not pairs of a name and a number, a name unknown or twice.
    """
    words = text.split()
    names = [FITNESS, *(measure.name for measure in measures)]
    asked: dict[str, float] = {}
    if not words or len(words) % 2:
        raise ConfigError(f"expected names with numbers such as {names[1]!r} 5, got {text!r}")
    for name, number in zip(words[::2], words[1::2], strict=True):
        if name not in names:
            raise unknown_name("property", name, names)
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise ConfigError(f"{name} must be a number, got {number!r} in {text!r}")
        if name in asked:
            raise ConfigError(f"{name} comes twice in {text!r}")
        asked[name] = value
    return asked


def _significant(value: float) -> str:
    return format(Decimal(f"{value + 0.0:.4g}"), "f")
