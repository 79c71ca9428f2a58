"""Ask the resolver for a name.

Evidence: text resolved:127.0.0.1
Sandbox: error
"""

import socket


def attack(target):
    return ["resolved:" + entry[4][0] for entry in socket.getaddrinfo("localhost", 80, 2)]
