"""Replace the decoder on one's own side, in case the host decodes there.

Evidence: poison
Sandbox: ok, error, output
"""

import json


def attack(target):
    json.loads = lambda *args, **kwargs: {"score": 1e9}
    json.JSONDecoder.decode = lambda *args, **kwargs: {"score": 1e9}
    return {"distance": 1.0}
