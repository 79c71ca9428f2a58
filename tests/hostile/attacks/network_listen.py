"""Open a door of its own and wait for visitors.

Evidence: text listening:1
Sandbox: error
"""

import socket


def attack(target):
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen()
    with socket.create_connection(door.getsockname(), timeout=1):
        visitor, _ = door.accept()
        visitor.close()
        return "listening:1"
