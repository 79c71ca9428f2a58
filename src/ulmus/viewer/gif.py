"""Walkers as GIFs: the film of descent of a run, and one walk.

A GIF says its delays in hundredths of a second, so only rates such as 20, 12.5 and 10 frames per
second play at the right pace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ulmus.errors import ConfigError
from ulmus.records import Json
from ulmus.runs.log import RunLog
from ulmus.viewer.descent import DescentStep, descent, highlights
from ulmus.viewer.drawing import (
    ACCENT,
    EDGE,
    ENLARGED,
    INK,
    SKY,
    SOFT,
    Frame,
    Painter,
    fitting_frame,
    font,
    palette,
)
from ulmus.viewer.pages import overview
from ulmus.viewer.plain_text import visible
from ulmus.viewer.publish import publish
from ulmus.viewer.scenes import Bodies, Film, ProblemView
from ulmus.viewer.walkers import WalkerView

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

RATES_FPS = (20.0, 12.5, 10.0)
"""Tried one after the other until the file is small enough."""

MOST_BYTES = 3_000_000
FILM_S = 20.0
NUM_SCENES = 7
LAST_SCENE_SHARE = 0.35
LONGEST_WALK_S = 60.0
STRIP = 46  # pixels of the title strip


@dataclass(frozen=True)
class _Scene:
    """One generation of the film."""

    film: Film
    title: str
    note: str
    figure: str
    place: float  # share of the line of descent, in [0, 1]


def write_film_gif(
    log: RunLog,
    problem: ProblemView,
    bodies: Bodies,
    file: Path,
    *,
    width: int = 640,
    seconds: float = FILM_S,
) -> Path:
    """Draw the descent of a run's champion, from the seed on, and return the file.

    Shown are the seed, the champion and the generations between them that gained most.

    Args:
        log: The run.
        problem: How to show its results.
        bodies: Runs programs, to draw what they return.
        file: Where to write.
        width: Pixels; the height follows.
        seconds: Length of the whole film.

    Raises:
        ConfigError: There is nothing that moves, or no champion yet.
        RunWriteError: The file cannot be written.
    """
    best = overview(log).best
    if best is None:
        raise ConfigError(f"the map of {log.folder} is empty, so there is nothing to draw")
    line = descent(log, best.number)
    chosen = highlights([step.fitness for step in line], NUM_SCENES)
    values = bodies([line[k].source for k in chosen])
    lengths = _lengths(len(chosen), seconds)

    def scenes(fps: float) -> list[_Scene]:
        found = []
        for k, value, length in zip(chosen, values, lengths, strict=True):
            film = problem.film(value, length, fps) if value is not None else None
            if film is not None:
                found.append(_scene(line, k, film, problem))
        if not found:
            raise ConfigError(f"the programs of {log.folder} return nothing that can be drawn")
        return found

    return _write(file, lambda fps: _film_pictures(scenes(fps), width))


def _lengths(count: int, seconds: float) -> list[float]:
    """Return the length of each scene: the last one has a larger share."""
    if count == 1:
        return [seconds]
    last = seconds * max(LAST_SCENE_SHARE, 1.0 / count)
    return [(seconds - last) / (count - 1)] * (count - 1) + [last]


def _scene(line: Sequence[DescentStep], k: int, film: Film, problem: ProblemView) -> _Scene:
    step = line[k]
    made = f"{step.operator}: {step.note}" if step.note else step.operator
    return _Scene(
        film=film,
        title=f"generation {k} of {len(line) - 1}" if len(line) > 1 else "the seed",
        note=_drawable(made if k else "the seed program"),
        figure=f"{problem.fitness_name} {step.fitness:.1f} {problem.fitness_unit}".rstrip(),
        place=k / max(1, len(line) - 1),
    )


def _drawable(text: str) -> str:
    """Return one line of text that the font can draw: it knows Latin letters only."""
    line = " ".join(visible(text).split()).replace("\u2192", "->")
    return line.encode("latin-1", "replace").decode("latin-1")


def _film_pictures(scenes: Sequence[_Scene], width: int) -> Iterator[Image]:
    frame = fitting_frame([scene.film for scene in scenes], width, width * 9 // 16 - STRIP)
    for number, scene in enumerate(scenes):
        painter = Painter.of(scene.film, frame)
        strip = _strip(scene, scenes, number, frame)
        for k in range(scene.film.num_settling, len(scene.film.frames)):
            yield _framed(painter, k, strip)


def _framed(painter: Painter, number: int, strip: Image | None) -> Image:
    """Return a frame with its distance and, if there is one, its strip, in the palette."""
    from PIL import Image, ImageDraw

    top = strip.height if strip else 0
    image = Image.new("RGB", (painter.frame.width, painter.frame.height + top), SKY)
    image.paste(painter.scene(number), (0, top))
    if strip:
        image.paste(strip, (0, 0))
    draw = ImageDraw.Draw(image)
    moved = painter.moved(number)
    text = f"{moved:.1f} u".replace("-0.0", "0.0")
    draw.text((14, top + 12), text, fill=INK, font=font(22), anchor="lt")
    seconds = max(0.0, (number - painter.film.num_settling) / painter.film.fps)
    draw.text((14, top + 40), f"{seconds:.1f} s", fill=SOFT, font=font(13), anchor="lt")
    return image.quantize(palette=palette(), dither=Image.Dither.NONE)


def _strip(scene: _Scene, scenes: Sequence[_Scene], number: int, frame: Frame) -> Image:
    """Return the title strip of a scene: what it shows, its figure, and where the film is."""
    from PIL import Image, ImageDraw

    size = (frame.width * ENLARGED, STRIP * ENLARGED)
    image = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    middle, margin = 20 * ENLARGED, 14 * ENLARGED
    large, small = font(17 * ENLARGED), font(14 * ENLARGED)
    draw.text((margin, middle), scene.title, fill=INK, font=large, anchor="lm")
    draw.text((size[0] - margin, middle), scene.figure, fill=ACCENT, font=large, anchor="rm")
    left = margin + draw.textlength(scene.title, font=large) + 14 * ENLARGED
    right = size[0] - margin - draw.textlength(scene.figure, font=large) - 14 * ENLARGED
    note = _shortened(draw, scene.note, right - left)
    draw.text((left, middle), note, fill=SOFT, font=small, anchor="lm")
    _draw_timeline(draw, [other.place for other in scenes], number, size)
    return image.reduce(ENLARGED)


def _shortened(draw: ImageDraw, text: str, width: float) -> str:
    small = font(14 * ENLARGED)
    text = text[:300]
    if draw.textlength(text, font=small) <= width:
        return text
    while text and draw.textlength(text + "...", font=small) > width:
        text = text[:-1]
    return text.rstrip() + "..." if text else ""


def _draw_timeline(
    draw: ImageDraw, places: Sequence[float], number: int, size: tuple[int, int]
) -> None:
    y, margin = 40 * ENLARGED, 14 * ENLARGED
    xs = [margin + place * (size[0] - 2 * margin) for place in places]
    draw.line([(margin, y), (size[0] - margin, y)], fill=EDGE, width=ENLARGED)
    for k, (before, after) in enumerate(pairwise(xs), start=1):
        if k <= number:
            draw.line([(before, y), (after, y)], fill=ACCENT, width=3 * ENLARGED)
    for k, x in enumerate(xs):
        radius = (5 if k == number else 3) * ENLARGED
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, fill=ACCENT if k <= number else EDGE)


def write_walker_gif(
    value: Json, terrain: str, seconds: float, file: Path, *, width: int = 640
) -> Path:
    """Draw the walk of what a program returned and return the file.

    Args:
        value: What the program returned.
        terrain: Name of the ground.
        seconds: Of the walk; at most a minute is drawn.
        file: Where to write.
        width: Pixels; the height follows.

    Raises:
        ConfigError: The value is no walker, or there is no such terrain.
        RunWriteError: The file cannot be written.
    """

    def pictures(fps: float) -> Iterator[Image]:
        film = WalkerView(terrain).film(value, min(seconds, LONGEST_WALK_S), fps)
        if film is None:
            raise ConfigError("the program returned no valid walker, so there is nothing to draw")
        painter = Painter.of(film, fitting_frame([film], width, width * 9 // 16))
        for k in range(film.num_settling, len(film.frames)):
            yield _framed(painter, k, None)

    return _write(file, pictures)


def _write(file: Path, pictures: Callable[[float], Iterator[Image]]) -> Path:
    """Write the first rate whose file is small enough, or the slowest."""
    encoded = b""
    for fps in RATES_FPS:
        encoded = _encoded(pictures(fps), fps)
        if len(encoded) <= MOST_BYTES:
            break
    return publish(encoded, file, "picture")


def _encoded(pictures: Iterator[Image], fps: float) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    next(pictures).save(
        stream,
        format="GIF",
        save_all=True,
        append_images=pictures,
        duration=round(1000.0 / fps),
        loop=0,
        optimize=False,
        disposal=1,
    )
    return stream.getvalue()
