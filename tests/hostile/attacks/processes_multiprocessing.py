"""Start a worker of one's own.

Evidence: file
Sandbox: error
"""

import multiprocessing


def attack(target):
    context = multiprocessing.get_context("fork")
    worker = context.Process(target=leave, args=(target["canary"],))
    worker.start()
    worker.join()


def leave(path):
    with open(path, "w") as file:
        file.write("tweet")
