"""docs/cli.md says what the commands say; `UPDATE_DOCS=1 pytest tests/docs` writes it anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
README = Path(__file__).parents[2] / "README.md"
COMMANDS = (
    "run",
    "show",
    "elites",
    "report",
    "gif",
    "verify",
    "exec",
    "simulate",
    "mine",
    "train diff",
    "train preferences",
    "train inventor",
    "train conditional",
    "tune",
    "dataset",
    "sample",
    "complete",
    "pipeline",
    "warm-up",
    "study repair",
    "study commits",
    "models list",
    "models convert",
    "models try",
)
HEAD = """\
# Commands

`ulmus COMMAND --help` prints what stands here. With `--json` the last line of standard output is one JSON
object; progress goes to standard error. Exit status 0: done; 1: the answer is no (a program failed, an
elite differs); 2: the command could not be carried out, and the message on standard error says why
(standard output may then be empty, with `--json` too); 130: stopped.

| command | JSON |
|---|---|
| `ulmus run` | `run` (folder), `evaluations`, `evaluations_per_s`, `cells`, `qd_score`, `best_fitness`, `valid_share`, `seed`; with `--adapt` also `shares` (of the operators at the end) |
| `ulmus exec` | `status`, `value`, `error`, `stdout`, `fuel`, `entry` |
| `ulmus simulate` | `status`, `distance` (absolute), `displacement` (signed), `sustained`, `height`, `width`, `mass`, `clamps`, `reason`; figures are null unless the status is ok |
| `ulmus elites` | one object per line, sorted by cell: `cell`, `fitness`, `measures`, `program` (hash), `source` |
| `ulmus verify` | `run`, `elites`, `different` |
| `ulmus mine` | `data` (folder), `samples`, `commits`, `repositories`, `refused` (name and reason), `split`, `level` |
| `ulmus train diff` | `model` (folder), `steps`, `tokens`, `seconds`, `loss`, `held_out` (loss by group) |
| `ulmus train preferences` | `model` (folder), `steps`, `epochs`, `tokens`, `seconds`, `pairs`, `loss`, `before` and `after` (of held-out pairs, by what became of the rejected answer and `all`: `num_pairs`, `right`, `margin`, `chosen`, `raised`; see [training](training.md#preferences-learning-from-what-the-map-left)) |
| `ulmus dataset` | `data` (folder), `programs`, `train`, `test`, `admitted`, `dropped` (programs left out, by reason), `runs` (programs kept, by run), `percentile`, `properties`, `seed` |
| `ulmus sample` | `run` (folder), `samples`, `valid`, `distinct` and `new` (shares), `cells`, `qd_score`, `best_fitness`, `data` (the same of as many programs of the data set: `programs`, `cells`, `qd_score`, `best`; null without one that can be compared), `qd_ratio`, `order` (rank correlations by property), `seed` |
| `ulmus complete` | `model`, `percent` (mean), `programs` (by name: `samples`, `valid`, `same`, `original`, `best`, `percent`), `seed` |
| `ulmus train inventor` | `model` (folder), `steps`, `epochs`, `tokens`, `seconds`, `programs`, `loss`, `test_loss`, `bits_per_byte` (both null if nothing was held out), `readings` |
| `ulmus train conditional` | `model` (folder), `iterations`, `seconds`, `before` and `after` (each `mean`, by terrain written for and scored on, and `best`), `best` (of all programs, by terrain) |
| `ulmus pipeline` | `pipeline` (folder), `preset`, `stages` (by folder: `stage`, `done`, `seconds`, and the key figures of the stage), `report` (file; null with `--until`) |
| `ulmus study repair` | `operator`, `message`, `samples`, `seed`, `success` (by task, by number of bugs; see [the study](study.md)) |
| `ulmus study commits` | `operator`, `identity`, `data`, `commits`, `samples`, `seed`, `applies`, `parses`, `differs`, `fixed`, `commits_fixed`, `refusals` |
| `ulmus models list` | `models`: by name `what`, `megabytes`, `folder` |
| `ulmus models convert` | `folder`, `what`, `megabytes` |
| `ulmus models try` | `model`, `answers` (each `text`, `num_tokens`, `error`) |
| `ulmus report`, `ulmus gif` | `file`, `bytes` |

A run can be described in a file, `ulmus run experiment.toml`; options on the command line win over it:

```toml
problem = "sodarace"
seed = 1
evaluations = 20000          # or minutes = 5.0; totals over all resumes
workers = 2
batch_size = 64
depth = 2                    # how many batches generation is ahead of the map
adapt = false                # let the shares of the operators follow what their children come to

[operators]
syntax = 0.8
crossover = 0.2

[options]                    # of the problem
seed_program = "square"
terrain = "flat"
seconds = 10.0
fitness = "distance"         # or "sustained"
```
"""


@cache
def help_of(*command: str) -> str:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "ulmus.cli.main", *command, "--help"],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    lines = [line.rstrip() for line in done.stdout.strip().splitlines()]
    return "\n".join(lines).replace("python -m ulmus.cli.main", "ulmus")


def page() -> str:
    parts = [HEAD]
    for command in COMMANDS:
        parts.append(f"\n## ulmus {command}\n\n```text\n{help_of(*command.split())}\n```\n")
    return "".join(parts)


def test_the_page_says_what_the_commands_say() -> None:
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page()


def test_every_command_is_on_the_page() -> None:
    listed = re.findall(r"^  ([a-z-]+)  ", help_of().partition("Commands")[2], re.MULTILINE)
    assert sorted(listed) == sorted({command.split()[0] for command in COMMANDS})


def test_the_readme_mentions_only_commands_and_options_that_exist() -> None:
    for line in re.findall(r"^ulmus .*$", README.read_text("utf-8"), re.MULTILINE):
        words = line.partition("#")[0].split()
        command = " ".join(words[1:3]) if " ".join(words[1:3]) in COMMANDS else words[1]
        text = help_of(*command.split())
        for option in (word for word in words if word.startswith("--")):
            assert option in text, line
