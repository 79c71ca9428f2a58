"""A walker moves in the page exactly as it did when its distance was measured."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from ulmus.problems.sodarace.physics.simulate import record, simulate
from ulmus.problems.sodarace.physics.state import Body, Connection, canonical_order
from ulmus.problems.sodarace.terrain import terrain, terrain_names
from ulmus.viewer.report import static
from ulmus.viewer.walkers import WalkerView, page_body

pytestmark = pytest.mark.slow

T1 = Body(
    ((0.0, 1.7), (5.4, 0.0), (4.8, 5.6)),
    (
        Connection(0, 1, -0.279, 0.96),
        Connection(0, 2, -0.135, 0.93),
        Connection(1, 2, -0.078, 0.41),
    ),
)

RUN = """([world, bodies, frames]) => {
  %s
  const place = new World(world);
  return bodies.map((body) => {
    const walker = new Walker(place, body);
    const middle = [];
    for (let k = 0; k < 10; k++) { walker.advance(480); middle.push(Array.from(walker.state)); }
    return { displacement: walker.displacement(), states: middle };
  });
}"""


def random_body(rng: random.Random) -> Body:
    """Return a connected tangle of 3 to 12 joints."""
    joints = tuple((rng.uniform(0, 14), rng.uniform(0, 14)) for _ in range(rng.randint(3, 12)))
    pairs = {(rng.randrange(k), k) for k in range(1, len(joints))}
    while len(pairs) < 2 * len(joints) - 3:
        i, j = sorted(rng.sample(range(len(joints)), 2))
        pairs.add((i, j))
    links = [
        Connection(i, j, rng.choice([0.0, rng.uniform(-0.3, 0.3)]), rng.random()) for i, j in pairs
    ]
    rng.shuffle(links)
    return Body(joints, tuple(links))


@pytest.mark.parametrize("name", terrain_names())
def test_page_and_simulator_agree_to_the_last_bit(browser: Any, name: str) -> None:
    rng = random.Random(name)
    bodies = [T1, *(random_body(rng) for _ in range(8))]
    script = RUN % static("physics.js").replace("export ", "")
    page = browser.new_page()
    results = page.evaluate(script, [WalkerView(name).world, [page_body(b) for b in bodies], 10])
    page.close()
    ground = terrain(name).arrays
    for body, motion, result in zip(bodies, simulate(bodies, ground), results, strict=True):
        assert result["displacement"] == motion.displacement
        frames = record(body, ground, fps=1.0)
        order = canonical_order(body.joints)
        for k, state in enumerate(result["states"]):
            shown = np.array(state).reshape(-1, 4)[:, :2]
            assert np.array_equal(shown, frames.positions[frames.num_settling + k + 1][order])
