"""The naive evaluator: runs programs in its own interpreter and prints one JSON line for each.

This is what the sandbox is compared with. It scores two programs, the attack and the honest one,
as many people's evaluators do: `exec`, call, check, score, print. Only ever started inside a
throw-away namespace (`attack_lab/namespace.py`).
"""

import json
import random
import sys
import types

LARGEST_DISTANCE = 100.0
HIDDEN_TARGETS = ""


def score_of(value):
    """Score an answer; the check stands before the use, as in life."""
    if not isinstance(value, dict) or "distance" not in value:
        return 0.0
    if value["distance"] > LARGEST_DISTANCE:
        raise ValueError("too far to be true")
    if len(value.get("name", "")) > 100:
        raise ValueError("the name is too long")
    for _ in value.get("joints", ()):
        pass
    return float(value["distance"])


def run_program(source, entry, args):
    """Run a program and return its answer."""
    random.seed(0)
    space = {"__name__": "program"}
    exec(compile(source, "<program>", "exec"), space)
    return space[entry](*args)


def judge(label, source, entry, args):
    """Run, score and print one verdict."""
    verdict = {"program": label, "score": None, "value": None, "error": None}
    try:
        verdict["value"] = run_program(source, entry, args)
        verdict["score"] = score_of(verdict["value"])
    except Exception as error:  # noqa: BLE001 - naive on purpose
        verdict["error"] = type(error).__name__ + ": " + str(error)
    print(json.dumps(verdict, ensure_ascii=False), flush=True)


def main():
    """Read the task from the file named last on the command line and judge both programs."""
    global HIDDEN_TARGETS
    with open(sys.argv[-1], encoding="utf-8") as file:
        task = json.load(file)
    HIDDEN_TARGETS = task["secret"]
    helper = types.ModuleType("walk_creator")
    exec(task["guest_module"], helper.__dict__)
    sys.modules["walk_creator"] = helper
    print(json.dumps({"program": "started"}), flush=True)
    judge("attack", task["attack"], "attack", [task["target"]])
    judge("honest", task["honest"], "make_walker", [])


if __name__ == "__main__":
    main()
