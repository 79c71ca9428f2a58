"""Shares with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from ulmus.records import Json

Z_95 = 1.959963984540054
"""Quantile of the normal distribution that leaves 2.5 % on each side."""


@dataclass(frozen=True)
class Share:
    """How many of how many, with the interval of 95 % by Wilson.

    Attributes:
        count: Successes.
        total: Trials.
    """

    count: int
    total: int

    @property
    def value(self) -> float:
        """Return the share, in [0, 1]; 0 of no trials."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the ends of the interval, in [0, 1].

        Wilson (1927), Journal of the American Statistical Association 22, pages 209-212. It keeps
        its promise for small counts too: 0 of 1,000 gives 0 to 0.0038, not 0 to 0.
        """
        if not self.total:
            return 0.0, 1.0
        n, p, z2 = self.total, self.value, Z_95 * Z_95
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        reach = Z_95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        low = 0.0 if self.count == 0 else max(0.0, middle - reach)
        high = 1.0 if self.count == n else min(1.0, middle + reach)
        return low, high

    def as_json(self) -> dict[str, Json]:
        """Return count, share and both ends, rounded to seven digits behind the point."""
        low, high = self.interval
        return {
            "count": self.count,
            "share": round(self.value, 7),
            "low": round(low, 7),
            "high": round(high, 7),
        }

    def as_text(self) -> str:
        """Return the share and its interval in per cent, such as "1.20 % (0.69–2.09)"."""
        low, high = self.interval
        digits = 2 if self.value < 0.1 else 1
        if 0 < self.value < 0.001:
            digits = 4
        ends = f"{100 * low:.{digits}f}–{100 * high:.{digits}f}"
        return f"{100 * self.value:.{digits}f} % ({ends})"
