"""Leave temporary files behind.

Evidence: file
Sandbox: violation, error
"""

import tempfile


def attack(target):
    for _ in range(3):
        handle, _ = tempfile.mkstemp(dir=target["scratch"])
        open(handle, "w").write("still here")
    tempfile.NamedTemporaryFile(dir=target["scratch"], delete=False).close()
