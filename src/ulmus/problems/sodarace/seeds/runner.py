import math

from query_cppn import query_cppn
from walk_creator import walker_creator


def make_walker(extra=1):
    wc = walker_creator()

    def connect(x1, y1, x2, y2):
        return 2 * (x2 - x1) > 2 or x1 <= abs(y1 - y2)

    def amplitude(x1, y1, x2, y2):
        return abs(x1 - x2) + abs(y1 - y2)

    def phase(x1, y1, x2, y2):
        return -x1 / 2 - math.cos(math.pi / 9)

    query_cppn(wc, 5, 7 + extra, 2, connect, amplitude, phase)

    return wc.get_walker()
