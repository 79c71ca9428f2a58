from walk_creator import walker_creator


def make_sensor(wc, x0, y0, x1, y1, d):
    return (
        wc.add_joint(x0, y0),
        wc.add_joint(x1, y1),
        wc.add_joint(x1, y0),
        wc.add_joint(x0, y1),
        wc.add_joint(d, 0.5),
        wc.add_joint(x1, 0.5),
    )


def make_walker(
    a=(5, -1, 0, 1.6, 4.5),
    b=(0, -0.1, 8, 9.5, 0.03),
    c=(5.5, -0.001, 5, 5.66, 0.07),
    d=(5.5, -3, 6, 5.66, 0.07),
    e=(0, 0, 0, 1.6, 1),
    strength=4,
    late=10,
):
    wc = walker_creator()

    parts = [make_sensor(wc, *values) for values in (a, b, c, d, e)]
    sensors = parts[0] + parts[1] + parts[2] + parts[4] + parts[3] + parts[2]
    n = len(sensors)
    center = wc.add_joint(0, 0)

    for k in range(n - 6):
        wc.add_muscle(sensors[k], sensors[k + 1])
    wc.add_muscle(sensors[2], sensors[4], False, strength, 0.8)
    for k in range(n - 2):
        wc.add_muscle(sensors[k], sensors[k + 2])
    for k in range(n - 6):
        wc.add_muscle(sensors[k], sensors[k + 5], False, strength, 20.0 / 9)
    wc.add_muscle(center, sensors[7], False, 2, late)

    return wc.get_walker()
