"""Reach the evaluator's frame through a traceback instead of the frame function.

Evidence: forged
Sandbox: ok
"""


def attack(target):
    try:
        raise ValueError
    except ValueError as error:
        frame = error.__traceback__.tb_frame
    while frame is not None:
        for name in list(frame.f_globals):
            if "score" in name.lower():
                frame.f_globals[name] = lambda value: 1e9
        frame = frame.f_back
    return {"distance": 1.0}
