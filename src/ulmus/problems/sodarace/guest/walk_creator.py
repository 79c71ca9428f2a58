"""Describes walkers: joints, and the bones and muscles between them.

This is what a program imports; it runs inside the sandbox and only writes down what the program
asked for. It repairs quietly what evolved programs get wrong all the time:

- a joint less than 0.1 from an earlier one is that earlier joint;
- a link of a joint to itself, a second link between the same two joints, and a link beyond the
  64th at one joint are ignored;
- joints without links are dropped at the end.

Numbers may be ints, floats, bools and anything with `__float__`. Text and complex numbers raise
TypeError, infinity and not-a-number raise ValueError.
"""

from math import floor, ldexp, sqrt

NEAREST = 0.1  # joints closer than this are one
LINKS_PER_JOINT = 64
MOST_JOINTS = 1000  # far more than a valid walker has; ends programs that will never be one
MOST_LINKS = 4000
STROKE = 0.3  # largest stroke of a muscle as a share of its rest length


class TooManyJoints(ValueError):
    """A program asked for more joints than any walker may have."""


class TooManyMuscles(ValueError):
    """A program asked for more links than any walker may have."""


def _number(value: float) -> float:
    number = ldexp(value, 0) + 0.0  # the cheapest conversion that refuses text
    if number - number != 0.0:
        raise ValueError(f"expected a finite number, got {number}")
    return number


class walker_creator:
    """Collects joints and links; `get_walker` returns them as plain data."""

    def __init__(self) -> None:
        self._joints: list[tuple[float, float]] = []
        self._links: list[tuple[int, int, dict[str, object]]] = []
        self._linked: set[tuple[int, int]] = set()
        self._counts: list[int] = []  # links per joint
        self._cells: dict[tuple[int, int], list[int]] = {}  # joints by place, to find near ones
        self._known: dict[tuple[float, float], int] = {}  # handles by what was asked for

    def add_joint(self, x: float, y: float) -> int:
        """Add a joint at (x, y), y upwards, and return its handle."""
        try:
            known = self._known.get((x, y))  # evolved programs ask for the same joints in loops
        except TypeError:  # no hash
            return self._joint(_number(x), _number(y))
        if known is None:
            known = self._known[x, y] = self._joint(_number(x), _number(y))
        return known

    def _joint(self, x: float, y: float) -> int:
        cells, joints = self._cells, self._joints
        reach = NEAREST + 1e-9
        left, right = floor(2.0 * (x - reach) + 0.5), floor(2.0 * (x + reach) + 0.5)
        low, high = floor(2.0 * (y - reach) + 0.5), floor(2.0 * (y + reach) + 0.5)
        near = []
        for column in (left,) if left == right else (left, right):
            for row in (low,) if low == high else (low, high):
                for other in cells.get((column, row), ()):
                    dx, dy = joints[other][0] - x, joints[other][1] - y
                    if dx * dx + dy * dy < NEAREST * NEAREST:
                        near.append(other)
        if near:
            return min(near)
        handle = len(joints)
        if handle >= MOST_JOINTS:
            raise TooManyJoints(f"more than {MOST_JOINTS} joints")
        joints.append((x, y))
        self._counts.append(0)
        cells.setdefault((floor(2.0 * x + 0.5), floor(2.0 * y + 0.5)), []).append(handle)
        return handle

    def add_muscle(
        self,
        a: int,
        b: int,
        is_distance: object = True,
        amplitude: float = 0.0,
        phase: float = 0.0,
    ) -> None:
        """Link two joints: a rigid bone, or a muscle if `is_distance` is false.

        The length of a muscle swings round its rest length by 0.3 x amplitude x rest length,
        amplitude being cut to [-1, 1]; phase is in turns.
        """
        counts = self._counts
        if a < 0 or b < 0:
            raise IndexError("a handle is never negative")
        pair = (a, b) if a < b else (b, a)
        if pair in self._linked or a == b:
            counts[a], counts[b]  # raises IndexError where there is no such joint
            return
        if counts[a] >= LINKS_PER_JOINT or counts[b] >= LINKS_PER_JOINT:
            return
        if len(self._links) >= MOST_LINKS:
            raise TooManyMuscles(f"more than {MOST_LINKS} links")
        bone: dict[str, object] = {"type": "distance"}
        link = bone if is_distance else self._muscle(a, b, amplitude, phase)
        self._links.append((a, b, link))
        self._linked.add(pair)
        counts[a] += 1
        counts[b] += 1

    def _muscle(self, a: int, b: int, amplitude: float, phase: float) -> dict[str, object]:
        (xa, ya), (xb, yb) = self._joints[a], self._joints[b]
        share = STROKE * max(-1.0, min(1.0, _number(amplitude)))
        stroke = share * sqrt((xb - xa) * (xb - xa) + (yb - ya) * (yb - ya))
        return {"type": "muscle", "amplitude": stroke, "phase": _number(phase)}

    def get_walker(self) -> dict[str, list[list[object]]]:
        """Return the walker as plain data; it leaves this builder untouched."""
        new: dict[int, int] = {}
        joints: list[list[object]] = []
        for handle, (x, y) in enumerate(self._joints):
            if self._counts[handle]:
                new[handle] = len(joints)
                joints.append([x, y])
        return {
            "joints": joints,
            "muscles": [[new[a], new[b], dict(link)] for a, b, link in self._links],
        }
