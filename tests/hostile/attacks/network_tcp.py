"""Connect to a service of the host.

Evidence: connection
Sandbox: error
"""

import socket


def attack(target):
    with socket.create_connection(("127.0.0.1", target["tcp_port"]), timeout=1) as line:
        line.sendall(b"hello from inside")
