import math

from walk_creator import walker_creator


def make_circle(wc, cx, cy, radius, num_points):
    joints = []
    for i in range(num_points):
        angle = 6.28 / (num_points + 1) * i
        joints.append(wc.add_joint(cx + math.cos(angle) * radius, cy + math.sin(angle) * radius))
    return joints


def make_walker():
    wc = walker_creator()

    num_points = 8
    rim = make_circle(wc, 0.5, -0.5, 1.5, num_points)
    far = wc.add_joint(12, 6)

    for j in range(num_points):
        for step in range(3):
            wc.add_muscle(rim[j], rim[(j + step) % num_points], False, 1, (j + 1) / num_points)
        wc.add_muscle(rim[j], far, False, 3, (j + 1) / num_points)

    return wc.get_walker()
