"""Create the C socket module past the import system and connect with it.

Evidence: connection
Sandbox: violation, error, ok
"""

import importlib
import importlib.machinery
import importlib.util
import sys


def attack(target):
    sys.modules.pop("_socket", None)
    if "_socket" in sys.builtin_module_names:
        importer = importlib.machinery.BuiltinImporter
        module = importer.load_module("_socket")
    else:
        module = importlib.import_module("_socket")
    line = module.socket(module.AF_INET, module.SOCK_STREAM, 0)
    line.connect(("127.0.0.1", target["tcp_port"]))
    line.send(b"hello")
