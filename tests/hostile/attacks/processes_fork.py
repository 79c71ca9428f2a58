"""Fork a child that outlives the answer and writes a file.

Evidence: file
Sandbox: error
"""

import os


def attack(target):
    child = os.fork()
    if child == 0:
        open(target["canary"], "w").write("tweet")
        os._exit(0)
    os.waitpid(child, 0)
