"""One frame of a walker as a picture: ground with a scale, bones, muscles by their tension.

Everything is drawn larger than wanted and then shrunk, which is all the smoothing there is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ulmus.problems.sodarace.physics.constants import DEFAULT_LAWS, JOINT_RADIUS
from ulmus.problems.sodarace.walker import STROKE
from ulmus.viewer.colours import MUSCLE, Colour, mixed
from ulmus.viewer.scenes import Film, Link, Point

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

SKY: Colour = (245, 246, 242)
GROUND: Colour = (217, 212, 199)
EDGE: Colour = (138, 133, 114)
INK: Colour = (28, 34, 31)
BONE: Colour = (60, 66, 72)
SOFT: Colour = (112, 120, 113)
ACCENT: Colour = (44, 110, 73)

ENLARGED = 3
"""How much larger pictures are drawn before they are shrunk."""

TICKS_EVERY = 5  # u
HORIZON = 0.82  # share of the height at which the ground lies
DEAD_ZONE = 3.0  # u by which a walker may rise or sink before the camera goes after it
FLOOR_RISE = 2.5  # u/s; what rises faster is a hop, not the ground
BOTTOM = -1e3  # u; open outlines are closed far below

PALETTE_SHADES = 4
"""Steps between two colours of the palette that meet along smoothed edges."""


@dataclass(frozen=True)
class Frame:
    """The size of a picture and how much of the world it shows.

    Attributes:
        width: Pixels.
        height: Pixels, of the scene alone.
        scale: Pixels per u.
    """

    width: int
    height: int
    scale: float


def fitting_frame(films: Sequence[Film], width: int, height: int) -> Frame:
    """Return a frame in which the walkers of all films fit, at one scale.

    Args:
        films: At least one.
        width: Pixels.
        height: Pixels.
    """
    span = max(max(_spans(film)) for film in films)
    top = max(_top(film) for film in films)
    scale = min(width / max(24.0, 1.9 * span), HORIZON * height / max(8.0, 1.12 * top + 1.0))
    return Frame(width, height, scale)


def _spans(film: Film) -> list[float]:
    return [max(x for x, _ in joints) - min(x for x, _ in joints) for joints in film.frames]


def _top(film: Film) -> float:
    """Return the height above its lowest joint that a walker hardly ever exceeds, u."""
    heights = sorted(
        max(y for _, y in joints) - min(0.0, min(y for _, y in joints)) for joints in film.frames
    )
    floor = camera_heights(film)
    rise = max(floor) - min(floor)
    return max(6.0, heights[int(0.97 * (len(heights) - 1))] - rise)


def camera_heights(film: Film) -> list[float]:
    """Return for each frame the height of the ground at which to look, u; it moves gently.

    The ground is where the lowest joint was of late: it sinks with the walker at once and rises
    slowly, so hops do not count.
    """
    height, floor, heights = 0.0, math.inf, []
    ease = 1.0 - math.exp(-2.5 / film.fps)
    for joints in film.frames:
        floor = min(floor + FLOOR_RISE / film.fps, min(y for _, y in joints))
        if abs(floor - height) > DEAD_ZONE:
            height += (floor - height) * ease
        heights.append(height)
    return heights


@dataclass(frozen=True)
class Painter:
    """Paints the frames of one film."""

    film: Film
    frame: Frame
    heights: Sequence[float]

    @classmethod
    def of(cls, film: Film, frame: Frame) -> Painter:
        """Return a painter for a film."""
        return cls(film, frame, camera_heights(film))

    def scene(self, number: int) -> Image:
        """Return the picture of a frame, RGB."""
        from PIL import Image, ImageDraw

        size = (self.frame.width * ENLARGED, self.frame.height * ENLARGED)
        image = Image.new("RGB", size, SKY)
        draw = ImageDraw.Draw(image)
        view = _View(self.frame, self.film.camera[number], self.heights[number])
        _draw_ground(draw, view, self.film.ground)
        _draw_scale(draw, view)
        seconds = (number - self.film.num_settling) / self.film.fps
        _draw_walker(draw, view, self.film.frames[number], self.film.links, seconds)
        return image.reduce(ENLARGED)

    def moved(self, number: int) -> float:
        """Return how far the mean of the joints has come since the clock started, u."""
        start = self.film.frames[self.film.num_settling]
        return _mean_x(self.film.frames[number]) - _mean_x(start)


def _mean_x(joints: Sequence[Point]) -> float:
    return math.fsum(x for x, _ in joints) / len(joints)


@dataclass(frozen=True)
class _View:
    """Turns places in the world into enlarged pixels."""

    frame: Frame
    x: float
    y: float

    @property
    def scale(self) -> float:
        return self.frame.scale * ENLARGED

    def at(self, point: Point) -> Point:
        width, height = self.frame.width * ENLARGED, self.frame.height * ENLARGED
        left = width / 2.0 + (point[0] - self.x) * self.scale
        top = HORIZON * height - (point[1] - self.y) * self.scale
        return min(1e5, max(-1e5, left)), min(1e5, max(-1e5, top))

    @property
    def reach(self) -> float:
        """Half of what is seen of x, u."""
        return self.frame.width / self.frame.scale / 2.0


def _draw_ground(draw: ImageDraw, view: _View, outlines: Sequence[Sequence[Point]]) -> None:
    for outline in outlines:
        points = list(outline)
        if points[0] != points[-1]:
            points += [(points[-1][0], BOTTOM), (points[0][0], BOTTOM)]
        draw.polygon([view.at(point) for point in points], fill=GROUND)
        width = round(1.5 * ENLARGED)
        draw.line([view.at(point) for point in outline], fill=EDGE, width=width, joint="curve")


def _draw_scale(draw: ImageDraw, view: _View) -> None:
    first = math.ceil((view.x - view.reach) / TICKS_EVERY) * TICKS_EVERY
    last = math.floor((view.x + view.reach) / TICKS_EVERY) * TICKS_EVERY
    step = 4 if view.reach > 60 else 2
    for x in range(first, last + 1, TICKS_EVERY):
        labelled = x % (step * TICKS_EVERY) == 0
        left, top = view.at((x, 0.0))
        top = min(top, (view.frame.height - 30) * ENLARGED)  # stays in sight on high ground
        length = (8 if labelled else 5) * ENLARGED
        draw.line([(left, top), (left, top + length)], fill=EDGE, width=ENLARGED)
        if labelled:
            place = (left, top + 11 * ENLARGED)
            draw.text(place, str(x), fill=SOFT, font=font(12 * ENLARGED), anchor="mt")
    left, top = view.at((0.0, 0.0))
    for k in range(0, int(top), 7 * ENLARGED):
        draw.line([(left, top - k), (left, top - k - 3 * ENLARGED)], fill=EDGE, width=ENLARGED)


def _draw_walker(
    draw: ImageDraw, view: _View, joints: Sequence[Point], links: Sequence[Link], seconds: float
) -> None:
    places = [view.at(joint) for joint in joints]
    thick = max(1.3, min(3.2, 0.2 * view.frame.scale)) * ENLARGED
    for link in sorted(links, key=lambda link: link.stroke == 0.0):
        tension = tension_of(link, seconds)
        colour = BONE if link.stroke == 0.0 else mixed(MUSCLE, (tension + 1.0) / 2.0)
        width = round(thick if link.stroke == 0.0 else thick * (1.1 - 0.5 * tension))
        draw.line([places[link.i], places[link.j]], fill=colour, width=width)
    radius = max(1.7 * ENLARGED, JOINT_RADIUS * view.scale)
    for x, y in places:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=INK)


def tension_of(link: Link, seconds: float) -> float:
    """Return how far a muscle is stretched, in [-1, 1]; -1 is fully contracted, a bone is 0.

    Args:
        link: The muscle.
        seconds: Since the clock started; before that all muscles are still.
    """
    if seconds <= 0.0:
        return 0.0
    ramp = min(1.0, seconds / DEFAULT_LAWS.ramp_s)
    turn = seconds / DEFAULT_LAWS.wave_period_s + link.phase
    return ramp * (link.stroke / STROKE) * math.sin(2.0 * math.pi * turn)


@lru_cache(maxsize=16)
def font(size: int) -> FreeTypeFont | ImageFont:
    """Return the font that comes with Pillow, so that pictures are the same everywhere."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


@lru_cache(maxsize=1)
def palette() -> Image:
    """Return the one palette of all GIFs as a picture: the colours and their smoothed edges."""
    from PIL import Image

    muscles = [mixed(MUSCLE, k / 8.0) for k in range(9)]
    inks = [INK, BONE, SOFT, EDGE, ACCENT, *muscles]
    papers = [SKY, GROUND, (255, 255, 255)]
    colours = [*papers, *inks]
    for paper in papers:
        for ink in (*inks, GROUND):
            shades = range(1, PALETTE_SHADES)
            colours += [mixed((paper, ink), k / PALETTE_SHADES) for k in shades]
    unique = list(dict.fromkeys(colours))[:256]
    image = Image.new("P", (1, 1))
    image.putpalette([value for colour in unique for value in colour])
    return image
