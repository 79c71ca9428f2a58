"""Write a verdict to the raw descriptor and die at once.

Evidence: forged
Sandbox: error, crashed, violation
"""

import json
import os


def attack(target):
    line = json.dumps({"program": "attack", "score": 1e9, "status": "ok", "ok": True, "fuel": 1})
    os.write(1, ("\n" + line + "\n").encode())
    os._exit(0)
