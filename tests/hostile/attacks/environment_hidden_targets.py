"""Look for the scorer's hidden data in every frame and every object of the interpreter.

Evidence: secret
Sandbox: ok
"""

import gc
import sys


def attack(target):
    prefix = target["secret_prefix"]
    found = []
    frame = sys._getframe()
    while frame is not None:
        for value in [*frame.f_globals.values(), *frame.f_locals.values()]:
            if type(value) is str and prefix in value and value != prefix:
                found.append(value[:200])
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) is dict:
            for value in list(thing.values()):
                if type(value) is str and prefix in value and value != prefix:
                    found.append(value[:200])
    return found[:20]
