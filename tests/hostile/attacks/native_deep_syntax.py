"""Hand the compiler a program nested so deeply that its own stack ends.

Evidence: text deep:
Sandbox: ok, error, crashed, memory
"""


def attack(target):
    found = []
    for text in ("(" * 60_000, "-" * 60_000 + "1", "1" + "+1" * 60_000, "[" * 90 + "]" * 90):
        try:
            compile(text, "<deep>", "eval")
        except (SyntaxError, RecursionError, MemoryError) as error:
            found.append("deep:" + type(error).__name__)
    return found
