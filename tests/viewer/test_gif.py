"""GIFs play at the right pace, stay small, and tell bones from muscles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_run import MEASURES, bodies, make_run
from PIL import Image

from ulmus.errors import ConfigError, RunWriteError
from ulmus.runs.log import RunLog
from ulmus.viewer import gif
from ulmus.viewer.descent import highlights
from ulmus.viewer.drawing import (
    BONE,
    ENLARGED,
    GROUND,
    SKY,
    Painter,
    fitting_frame,
    palette,
    tension_of,
)
from ulmus.viewer.gif import write_film_gif, write_walker_gif
from ulmus.viewer.scenes import Film, Link, PlainView, view_of

BAR = {
    "joints": [[0.0, 0.0], [8.0, 0.0], [4.0, 6.0]],
    "muscles": [
        [0, 1, {"type": "distance"}],
        [1, 2, {"type": "distance"}],
        [0, 2, {"type": "muscle", "amplitude": 2.0, "phase": 0.25}],
    ],
}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RunLog]:
    with RunLog.open_read_only(make_run(tmp_path / "run")) as opened:
        yield opened


def still_film(x: float = 0.0, y: float = 0.25, num_frames: int = 3) -> Film:
    """Return a film of a motionless triangle; no simulator needed."""
    joints = [(x, y), (x + 8.0, y), (x + 4.0, y + 6.0)]
    links = [Link(0, 1, 0.0, 0.0), Link(1, 2, 0.0, 0.0), Link(0, 2, 0.3, 0.25)]
    ground = [[(-1e6, 0.0), (1e6, 0.0)]]
    return Film([joints] * num_frames, links, ground, [x + 4.0] * num_frames, 20.0, 0)


def test_the_film_of_a_run_is_a_small_gif_at_the_right_pace(log: RunLog, tmp_path: Path) -> None:
    file = write_film_gif(
        log, view_of(log.manifest), bodies, tmp_path / "film.gif", width=320, seconds=3.0
    )
    with Image.open(file) as film:
        assert film.format == "GIF"
        assert film.size == (320, 180)
        assert film.info["duration"] == 50
        assert film.info["loop"] == 0
        assert 3.0 <= film.n_frames * 0.05 <= 3.3
    assert file.stat().st_size < 600_000


def test_a_walk_is_drawn(tmp_path: Path) -> None:
    file = write_walker_gif(BAR, "bumpy", 0.5, tmp_path / "new" / "walk.gif", width=200)
    with Image.open(file) as walk:
        assert walk.size == (200, 112)
        assert walk.n_frames >= 2


def test_a_file_that_grows_too_large_is_written_at_a_lower_rate(
    log: RunLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gif, "MOST_BYTES", 1)
    file = write_walker_gif(BAR, "flat", 0.4, tmp_path / "walk.gif", width=100)
    with Image.open(file) as walk:
        assert walk.info["duration"] == 100


def test_what_cannot_be_drawn_is_named(log: RunLog, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing that can be drawn"):
        write_film_gif(log, PlainView(), bodies, tmp_path / "film.gif")
    with pytest.raises(ConfigError, match="no valid walker"):
        write_walker_gif({"joints": []}, "flat", 1.0, tmp_path / "walk.gif")
    with pytest.raises(ConfigError, match="flat"):
        write_walker_gif(BAR, "flatt", 1.0, tmp_path / "walk.gif")
    assert not (tmp_path / "film.gif").exists()


def test_an_empty_map_is_named(tmp_path: Path) -> None:
    manifest = {
        "measures": [vars(measure) for measure in MEASURES],
        "config": {"problem": "sodarace"},
    }
    RunLog.create(tmp_path / "empty", manifest).close()
    with (
        RunLog.open_read_only(tmp_path / "empty") as log,
        pytest.raises(ConfigError, match="empty"),
    ):
        write_film_gif(log, view_of(log.manifest), bodies, tmp_path / "film.gif")


def test_an_unwritable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunWriteError, match="cannot write the picture"):
        write_walker_gif(BAR, "flat", 0.1, tmp_path / "file" / "walk.gif", width=100)


def test_bones_muscles_ground_and_sky_have_their_colours() -> None:
    film = still_film()
    frame = fitting_frame([film], 320, 180)
    image = Painter.of(film, frame).scene(0)
    assert image.size == (320, 180)
    assert image.getpixel((160, 4)) == SKY
    assert image.getpixel((300, 176)) == GROUND
    middle = 320 / 2, 180 * 0.82 - 0.25 * frame.scale
    around = [image.getpixel((int(middle[0]), int(middle[1]) + dy)) for dy in (-1, 0, 1)]
    assert BONE in around


def test_walkers_of_all_films_fit_the_frame() -> None:
    films = [still_film(), still_film(x=200.0, y=3.0)]
    frame = fitting_frame(films, 320, 180)
    for film in films:
        image = Painter.of(film, frame).scene(2)
        columns = {x for x in range(320) for y in range(20, 120) if image.getpixel((x, y)) != SKY}
        assert min(columns) > 0
        assert max(columns) < 319


def test_the_camera_goes_after_a_walker_that_climbs() -> None:
    climbing = [[(0.0, 0.05 * k), (8.0, 0.05 * k), (4.0, 6.0 + 0.05 * k)] for k in range(400)]
    film = Film(climbing, [], [], [4.0] * 400, 20.0, 0)
    heights = Painter.of(film, fitting_frame([film], 320, 180)).heights
    assert heights[0] == 0.0
    assert 13.0 < heights[-1] <= 20.0
    assert max(b - a for a, b in itertools.pairwise(heights)) < 0.4


def test_tension_follows_the_muscle_wave() -> None:
    muscle = Link(0, 1, 0.3, 0.0)
    assert tension_of(muscle, -1.0) == 0.0
    assert tension_of(muscle, 1.25) == pytest.approx(1.0)
    assert tension_of(muscle, 1.75) == pytest.approx(-1.0)
    assert tension_of(muscle, 0.25) == pytest.approx(0.25)
    assert tension_of(Link(0, 1, 0.0, 0.7), 5.3) == 0.0


def test_the_palette_fits_a_gif() -> None:
    colours = palette().getpalette()
    assert colours is not None
    assert len(colours) <= 768
    assert ENLARGED >= 2


def test_highlights_keep_both_ends_and_the_largest_gains() -> None:
    assert highlights([0.0, 5.0, 4.0, 20.0, 21.0, 22.0], 4) == [0, 1, 3, 5]
    assert highlights([1.0], 7) == [0]
    assert highlights([1.0, 2.0], 7) == [0, 1]
    assert highlights([3.0, 2.0, 3.0, 9.0], 3) == [0, 2, 3]
