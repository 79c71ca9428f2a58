"""Replace the encoder by one that writes a better score.

Evidence: forged
Sandbox: violation, error, ok, output
"""

import json


def attack(target):
    answer = '{"program": "attack", "score": 1e9, "status": "ok", "value": 1, "fuel": -1}'
    json.dumps = lambda *args, **kwargs: answer
    json.JSONEncoder.encode = lambda *args: answer
    json.JSONEncoder.iterencode = lambda *args, **kwargs: iter([answer])
    json.encoder.c_make_encoder = None
    return {"distance": 1.0}
