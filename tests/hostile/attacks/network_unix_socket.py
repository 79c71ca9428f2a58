"""Connect to a Unix socket, such as a container engine's.

Evidence: connection
Sandbox: error
"""

import socket


def attack(target):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(target["unix_socket"])
        line.sendall(b"hello from inside")
