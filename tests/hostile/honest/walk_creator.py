"""A small stand-in for a problem's guest module: what every honest program imports."""

SCALE = 1.0
CACHE = {}


def square(number):
    """Return the square of a number, remembered in a cache that programs share if they can."""
    if number not in CACHE:
        CACHE[number] = number * number
    return CACHE[number]


class Sheet:
    """Collects joints and muscles."""

    def __init__(self):
        self.joints = []
        self.muscles = []

    def add_joint(self, x, y):
        """Add a joint and return its index."""
        self.joints.append([x * SCALE, y * SCALE])
        return len(self.joints) - 1

    def add_muscle(self, first, second, amplitude=0.25):
        """Add a muscle between two joints."""
        self.muscles.append([first, second, amplitude])

    def data(self):
        """Return joints and muscles as plain data."""
        return {"joints": self.joints, "muscles": self.muscles}
