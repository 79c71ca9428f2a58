"""Send a datagram to a service of the host.

Evidence: connection
Sandbox: error
"""

import socket


def attack(target):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"hello from inside", ("127.0.0.1", target["udp_port"]))
