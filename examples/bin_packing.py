"""Evolve one function of a larger program: the rule by which items are put into bins.

ulmus run examples/bin_packing.py:Packing --evaluations 5000

The task is FunSearch's (doi 10.1038/s41586-023-06924-6): of the bins with room for the next item
that with the highest priority takes it. `priority` alone evolves; the rest is added at its run.
"""

import random
from collections import Counter
from dataclasses import dataclass

from ulmus.records import Evaluation, Job, Limits, Measure, Program, Status

SEED = '''\
def priority(item, room):
    """Return how well an item fits a bin that has so much room left."""
    return 0.0
'''
HARNESS = """
def pack(items, capacity):
    rooms, places = [], []
    for item in items:
        fitting = [k for k, room in enumerate(rooms) if room >= item]
        if not fitting:
            rooms.append(capacity)
            fitting = [len(rooms) - 1]
        places.append(max(fitting, key=lambda k: priority(item, rooms[k])))
        rooms[places[-1]] -= item
    return places
"""
CAPACITY = 150
ITEMS = random.Random(1).choices(range(20, 101), k=300)


@dataclass(frozen=True)
class Packing:
    name = "packing"
    identity = "packing/1"
    measures = (Measure("filled", "", 0.0, 0.4, 40), Measure("age", "", 0.5, 0.55, 40))

    def seeds(self):
        return [Program(SEED)]

    def job(self, program):
        return Job(program.source + HARNESS, "pack", (ITEMS, CAPACITY), limits=Limits(10**9))

    def score(self, outcomes):
        return [self._score(outcome) for outcome in outcomes]

    def _score(self, outcome):
        if outcome.status is not Status.OK:
            return Evaluation.invalid(outcome.status.value)
        places, loads = outcome.value, Counter()  # what a program returns is not believed
        if type(places) is not list or len(places) != len(ITEMS):
            return Evaluation.invalid("no packing")
        for item, place in zip(ITEMS, places, strict=True):
            loads[place if type(place) is int and 0 <= place < len(ITEMS) else -1] += item
        if -1 in loads or max(loads.values()) > CAPACITY:
            return Evaluation.invalid("no packing")
        age = sum(1 - place / len(loads) for place in places) / len(ITEMS)
        full = sum(load == CAPACITY for load in loads.values()) / len(loads)
        return Evaluation(sum(ITEMS) / CAPACITY / len(loads), (full, age))
