"""Leave a note for the next program wherever one can write.

Evidence: poison
Sandbox: ok
"""


def attack(target):
    for path in ("ulmus_mark", "/ulmus_mark", "/tmp/ulmus_mark", target["scratch"] + "/ulmus_mark"):
        try:
            with open(path, "w") as note:
                note.write("1")
        except OSError:
            continue
    return {"distance": 1.0}
