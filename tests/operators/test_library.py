"""The operators on the standard library's own files: every construct that Python has."""

import ast
import random
import sysconfig
from pathlib import Path

import pytest

from ulmus.operators.crossover import Crossover
from ulmus.operators.syntax import SyntaxMutation
from ulmus.records import Program

FILES = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))


def pieces(path, size=6):
    """Cut a file into runs of top-level statements."""
    text = path.read_text("utf-8", "replace")
    lines = text.splitlines(keepends=True)
    body = ast.parse(text).body
    for index in range(0, len(body), size):
        run = body[index : index + size]
        decorators = getattr(run[0], "decorator_list", [])
        first = decorators[0].lineno if decorators else run[0].lineno
        yield Program("".join(lines[first - 1 : run[-1].end_lineno]))


def check(files, children):
    syntax, crossover = SyntaxMutation(), Crossover()
    previous, made = Program("x = 1\n"), 0
    for path in files:
        for program in pieces(path):
            for seed in range(children):
                proposals = [
                    *syntax.propose([[program]], [random.Random(seed)]),
                    *crossover.propose([[program, previous]], [random.Random(seed)]),
                ]
                for proposal in proposals:
                    if proposal.program is not None:
                        ast.parse(proposal.program.source)
                        made += 1
            previous = program
    return made


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_a_few_files():
    chosen = [path for path in FILES if path.stem in {"bisect", "reprlib", "contextlib", "token"}]
    assert check(chosen, 3) > 100


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_many_files():
    assert check(FILES[::4], 4) > 1200
