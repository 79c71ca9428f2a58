"""The honest program: an exact answer that touches whatever the attacks like to poison."""

import builtins
import decimal
import fractions
import gc
import json
import math
import os
import random
import sys

import walk_creator


def depth(levels):
    return 1 + depth(levels - 1) if levels else 0


def scars():
    """Return the traces of earlier programs that are still to be seen."""
    found = []
    if hasattr(builtins, "ulmus_mark"):
        found.append("builtins")
    if hasattr(int, "ulmus_mark"):
        found.append("int")
    if "ulmus_mark" in sys.modules:
        found.append("modules")
    if "ulmus_mark" in sys.path:
        found.append("path")
    if "ULMUS_MARK" in os.environ:
        found.append("environment")
    if gc.callbacks:
        found.append("callbacks")
    if sys.getprofile() or sys.gettrace():
        found.append("profiler")
    return found


def make_walker():
    gc.collect()
    sheet = walk_creator.Sheet()
    for index in range(6):
        x = round(math.sin(index * 0.25), 9)
        sheet.add_joint(x, math.sqrt(walk_creator.square(index) + 1.0))
    for index in range(5):
        sheet.add_muscle(index, index + 1)
    return {
        "distance": 12.5,
        "walker": sheet.data(),
        "draw": random.random(),
        "draws": [random.Random(7).random(), random.Random(8).randrange(1000)],
        "sorted": sorted([3, 1, 2]),
        "sum": sum([1, 2, 3, 4]),
        "length": len("walker"),
        "json": json.loads(json.dumps({"a": [1, 2.5, None]})),
        "fraction": str(fractions.Fraction(1, 3) + fractions.Fraction(1, 6)),
        "decimal": str(decimal.Decimal(1) / decimal.Decimal(7)),
        "digits": len(str(10**1000)),
        "bits": (255).bit_length(),
        "constant": 199,
        "depth": depth(200),
        "scars": scars(),
    }
