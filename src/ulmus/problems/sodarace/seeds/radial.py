import math

from walk_creator import walker_creator


def make_circle(wc, cx, cy, radius, num_points):
    """Add points on a circle, in order, and return them."""
    joints = []
    full = 3.14 * 2
    for i in range(num_points):
        angle = full / (num_points - 1) * i
        x = cx + math.cos(angle) * radius
        y = cy + math.sin(angle) * radius
        joints.append(wc.add_joint(x, y))
    return joints


def make_walker():
    wc = walker_creator()

    num_points = 8
    rim = make_circle(wc, 5, 5, 5, num_points)
    center = wc.add_joint(5, 5)

    for k in range(num_points):
        # the rim is rigid
        wc.add_muscle(rim[k], rim[(k + 1) % num_points])
        # every spoke is a muscle, each a little later and stronger than the one before
        wc.add_muscle(rim[k], center, False, k / num_points, k / num_points)

    return wc.get_walker()
