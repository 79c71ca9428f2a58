"""The same walkers in other physics engines, through the Python packages that people would use.

Same masses (1 per joint, no rotation), radius, gravity, friction, drag, muscle springs and waves,
no contact between joints. Bones are rigid where the engine has rigid bars. Each function simulates
settling and running, and returns the displacement of the mean joint. Setting the muscles' lengths
from Python before every step is part of the time, since there is no other way to drive them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import hypot, pi, sin
from typing import Any

from ulmus.problems.sodarace.physics.constants import (
    DEFAULT_LAWS,
    JOINT_RADIUS,
    RUN_S,
    SETTLE_S,
)
from ulmus.problems.sodarace.physics.state import Body, canonical_links, place

LAWS = DEFAULT_LAWS
Peer = Callable[[Body], float]


def _placed(body: Body) -> tuple[list[tuple[float, float]], list[tuple[int, int, float, float]]]:
    """Return the walker on the floor, joints in their own order."""
    return place(body.joints), canonical_links(body.connections, range(len(body.joints)))


def _scale(stroke: float, phase: float, clock_s: float) -> float:
    """Return by how much a muscle is longer than at rest."""
    ramp = min(1.0, max(0.0, clock_s / LAWS.ramp_s))
    return 1.0 + stroke * ramp * sin(2.0 * pi * (clock_s / LAWS.wave_period_s + phase))


def _drive(
    hz: int, step: Callable[[], None], muscles: list[tuple[Any, str, float, float, float]]
) -> None:
    """Step through settling and running, setting every muscle's length before each step."""
    for _ in range(round(SETTLE_S * hz)):
        step()
    for n in range(round(RUN_S * hz)):
        clock_s = n / hz
        for joint, attribute, length, stroke, phase in muscles:
            setattr(joint, attribute, length * _scale(stroke, phase, clock_s))
        step()


def _displacement(hz: int, step: Callable[[], None], muscles: Any, xs: Any) -> float:
    """Return the displacement; `xs` returns the x of all joints."""
    start: list[float] = []
    count = [0]

    def counted() -> None:
        if count[0] == round(SETTLE_S * hz):
            start.extend(xs())
        count[0] += 1
        step()

    _drive(hz, counted, muscles)
    end = xs()
    return sum(end) / len(end) - sum(start) / len(start)


def box2d_2(hz: int, iterations: int) -> Peer:
    """Return Box2D 2.3 at a rate, with its velocity and position iterations."""
    import Box2D as b2

    def run(body: Body) -> float:
        joints, links = _placed(body)
        world = b2.b2World(gravity=(0, -LAWS.gravity))
        floor = world.CreateStaticBody()
        floor.CreateEdgeFixture(vertices=[(-1000, 0), (1000, 0)], friction=LAWS.friction)
        area = pi * JOINT_RADIUS**2
        shape = b2.b2FixtureDef(
            shape=b2.b2CircleShape(radius=JOINT_RADIUS),
            density=1.0 / area,
            friction=LAWS.friction,
            groupIndex=-1,
        )
        bodies = [
            world.CreateDynamicBody(
                position=point,
                fixtures=shape,
                fixedRotation=True,
                linearDamping=LAWS.drag,
                allowSleep=False,  # the world's own switch has no effect
            )
            for point in joints
        ]
        muscles = []
        for i, j, stroke, phase in links:
            joint = world.CreateDistanceJoint(
                bodyA=bodies[i],
                bodyB=bodies[j],
                anchorA=joints[i],
                anchorB=joints[j],
                frequencyHz=LAWS.muscle.frequency_hz if stroke else 0.0,
                dampingRatio=LAWS.muscle.damping_ratio if stroke else 0.0,
            )
            if stroke:
                muscles.append((joint, "length", joint.length, stroke, phase))

        def step() -> None:
            world.Step(1.0 / hz, iterations, iterations)

        return _displacement(hz, step, muscles, lambda: [b.position[0] for b in bodies])

    return run


def box2d_3(hz: int, substeps: int) -> Peer:
    """Return Box2D 3 (pyb2d3) at a rate, with its substeps."""
    import pyb2d3 as b2

    def run(body: Body) -> float:
        joints, links = _placed(body)
        world = b2.World(gravity=(0, -LAWS.gravity))
        world.sleeping_enabled = False
        material = b2.surface_material(friction=LAWS.friction, restitution=0.0)
        floor = world.create_static_body(position=(0, 0))
        floor.create_segment_shape(
            b2.shape_def(material=material), b2.segment((-1000, 0), (1000, 0))
        )
        shape = b2.shape_def(
            density=1.0 / (pi * JOINT_RADIUS**2),
            material=material,
            filter=b2.make_filter(group_index=-1),
        )
        circle = b2.circle(radius=JOINT_RADIUS)
        bodies = []
        for point in joints:
            joint_body = world.create_dynamic_body(
                position=point, fixed_rotation=True, linear_damping=LAWS.drag
            )
            joint_body.create_circle_shape(shape, circle)
            bodies.append(joint_body)
        muscles = []
        for i, j, stroke, phase in links:
            length = hypot(joints[j][0] - joints[i][0], joints[j][1] - joints[i][1])
            joint = world.create_distance_joint(
                body_a=bodies[i],
                body_b=bodies[j],
                length=length,
                enable_spring=bool(stroke),
                hertz=LAWS.muscle.frequency_hz,
                damping_ratio=LAWS.muscle.damping_ratio,
            )
            if stroke:
                muscles.append((joint, "length", length, stroke, phase))

        def step() -> None:
            world.step(1.0 / hz, substeps)

        return _displacement(hz, step, muscles, lambda: [b.position[0] for b in bodies])

    return run


def pymunk(hz: int, iterations: int) -> Peer:
    """Return pymunk 7 at a rate, with its iterations."""
    import pymunk as pm

    spring = LAWS.muscle
    omega = 2.0 * pi * spring.frequency_hz

    def run(body: Body) -> float:
        joints, links = _placed(body)
        space = pm.Space()
        space.gravity = (0, -LAWS.gravity)
        space.iterations = iterations
        space.damping = 2.718281828459045 ** (-LAWS.drag)
        floor = pm.Segment(space.static_body, (-1000, 0), (1000, 0), 0.0)
        floor.friction = LAWS.friction
        space.add(floor)
        bodies = []
        for point in joints:
            joint_body = pm.Body(1.0, float("inf"))
            joint_body.position = point
            circle = pm.Circle(joint_body, JOINT_RADIUS)
            circle.friction = 1.0  # pymunk multiplies the two
            circle.filter = pm.ShapeFilter(group=1)
            space.add(joint_body, circle)
            bodies.append(joint_body)
        muscles = []
        for i, j, stroke, phase in links:
            length = hypot(joints[j][0] - joints[i][0], joints[j][1] - joints[i][1])
            if stroke:
                joint: Any = pm.DampedSpring(
                    bodies[i], bodies[j], (0, 0), (0, 0), length,
                    omega * omega / 2.0, spring.damping_ratio * omega,
                )  # fmt: skip
                muscles.append((joint, "rest_length", length, stroke, phase))
            else:
                joint = pm.PinJoint(bodies[i], bodies[j])
            space.add(joint)

        def step() -> None:
            space.step(1.0 / hz)

        return _displacement(hz, step, muscles, lambda: [b.position.x for b in bodies])

    return run


PEERS: dict[str, Callable[[], Peer]] = {
    "Box2D 2.3, 60 Hz, 10+10": lambda: box2d_2(60, 10),
    "Box2D 2.3, 480 Hz, 1+1": lambda: box2d_2(480, 1),
    "pymunk 7, 120 Hz, 10": lambda: pymunk(120, 10),
    "Box2D 3, 60 Hz x 4": lambda: box2d_3(60, 4),
    "Box2D 3, 120 Hz x 4": lambda: box2d_3(120, 4),
}
"""Name of an engine and its setting → how to get it; ImportError if it is not installed."""
