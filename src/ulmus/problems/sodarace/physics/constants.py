"""The constants of the physics, each with its reason.

Departures from the ELM paper (Lehman et al. 2022, arXiv 2206.08896): the paper gives none of these
numbers. They were chosen by measurement so that results hardly depend on the step; the figures
are those of `benchmarks/physics.py`.

Units: u (one unit of the program's coordinates, y upwards), seconds, mass 1 per joint.
"""

from __future__ import annotations

from dataclasses import dataclass

JOINT_RADIUS = 0.25
"""R, u. Rounds the corners; at most half of it is crossed per substep, so nothing tunnels."""

SETTLE_S = 3.0
"""Seconds before the clock starts: still bodies come to rest (99 of 100 move < 3.0 u later)."""

RUN_S = 10.0
"""Seconds with the clock running."""

CONTACT_REACH = 1.0
"""u. Ground further away than this is not looked at."""

PROJECTION = 0.2
"""Share of an overlap that is taken back per substep; moves positions only, adds no energy."""

SHORTEST_LENGTH = 1e-9
"""u. A connection that is shorter than this has no direction and exerts no force."""

STILL_DISTANCE = 1e-6
"""u. A shorter distance counts as 0: it is rounding, not walking."""

NUM_BUCKETS = 400
BUCKET_WIDTH = 2.0
BUCKET_LOW = -400.0
"""The ground is sorted by x into 400 buckets of 2 u; the outer ones reach to infinity."""


@dataclass(frozen=True)
class Spring:
    """A damped spring between two joints of mass 1.

    Attributes:
        frequency_hz: Frequency of the undamped pair (reduced mass 1/2).
        damping_ratio: 1 is critical.
    """

    frequency_hz: float
    damping_ratio: float


@dataclass(frozen=True)
class Laws:
    """The laws of one world; the defaults are the ones that scores are made with.

    Attributes:
        substeps_hz: Substeps per second; 480 is the knee between accuracy and cost (error of the
            distance against 7680 Hz: 0.21 u; 0.38 u at 240 Hz, 0.11 u at 960 Hz).
        gravity: u/s². With muscles of 1 s a body of 12 u moves as in Sodarace: muscle period
            divided by sqrt(body/gravity) = 1.6.
        drag: 1/s, on the velocity. Settles swinging parts: of the best tenth, 14 % are off by
            more than a quarter at half the step, without drag 24 %, at a gravity of 10 26 %.
        friction: Coulomb coefficient of the ground; there is no restitution.
        top_speed: u/s per joint, a guard; (top speed x substep) <= R/2. Touched by none of
            2,000 random walkers.
        wave_period_s: Period of all muscles.
        ramp_s: Time in which the stroke grows to its full size; removes a starting kick
            (the 14 % are 21 % without it).
        muscle: Spring of a muscle; lifts the body. With 6 Hz or a ratio of 0.3 the 14 %
            are 24 and 25 %.
        bone: Spring of a bone; its length errs by 0.1 % (median) while walking.
    """

    substeps_hz: int = 480
    gravity: float = 30.0
    drag: float = 0.5
    friction: float = 0.8
    top_speed: float = 60.0
    wave_period_s: float = 1.0
    ramp_s: float = 1.0
    muscle: Spring = Spring(4.0, 0.7)
    bone: Spring = Spring(60.0, 1.0)

    @property
    def substep_s(self) -> float:
        """Return the length h of a substep in seconds."""
        return 1.0 / self.substeps_hz

    @property
    def drag_factor(self) -> float:
        """Return F = 1/(1 + c h), by which a substep multiplies every velocity."""
        return 1.0 / (1.0 + self.drag * self.substep_s)


DEFAULT_LAWS = Laws()
