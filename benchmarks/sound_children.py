"""How many answers of a diff model are sound: they apply, compile and use no unknown name.

    python benchmarks/sound_children.py [--model NAME] [--temperature 0.8] [--answers 64]
        [--seed-program square,radial | --run RUN --parents 40]

Nothing is run and no answer is drawn twice. One row per seed program, or one for elites of a run,
drawn at random: shares of sound answers and of each reason of a refusal, and CPU milliseconds.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from machine import print_rows
from ulmus.catalogue import make_operator
from ulmus.operators.diff import DiffSettings
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Program
from ulmus.runs.log import RunLog
from ulmus.runs.views import elites
from ulmus.seeding import generator

SEED_PROGRAMS = "square,wheel,galloper,cppn-mutable,radial"


def parents_of(run: Path, number: int) -> list[Program]:
    """Return elites of a run, the same ones for the same run."""
    with RunLog.open_read_only(run) as log:
        sources = [elite.source for elite in elites(log)]
    return [Program(text) for text in generator(0, "parents", 0, 0).sample(sources, number)]


def ask(
    name: str, parents: Sequence[Program], answers: int, told: DiffSettings
) -> dict[str, object]:
    """Ask for so many answers per parent and count what became of them."""
    operator = make_operator("diff", told)
    fates: Counter[str | None] = Counter()
    start = time.process_time()
    for number, parent in enumerate(parents):
        rngs = [generator(0, "answer", number, index) for index in range(answers)]
        fates.update(p.refusal for p in operator.propose([[parent]] * answers, rngs))
    total = sum(fates.values())
    worst = ", ".join(f"{reason} {count}" for reason, count in fates.most_common() if reason)
    return {
        "parents": name,
        "answers": total,
        "sound_%": round(100 * fates[None] / total, 1),
        "cpu_ms": round(1000 * (time.process_time() - start) / total, 1),
        "refused": worst,
    }


def main() -> None:
    """Parse the command line, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--answers", type=int, default=64)
    parser.add_argument("--seed-program", default=SEED_PROGRAMS)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--parents", type=int, default=40)
    given = parser.parse_args()
    told = DiffSettings(
        model=given.model, temperature=given.temperature, attempts=1, line_attempts=1
    )
    if given.run is not None:
        parents = parents_of(given.run, given.parents)
        print_rows([ask("elites", parents, given.answers, told)])
        return
    names = given.seed_program.split(",")
    groups = {name: list(Sodarace(seed_program=name).seeds()) for name in names}
    print_rows([ask(name, some, given.answers, told) for name, some in groups.items()])


if __name__ == "__main__":
    main()
