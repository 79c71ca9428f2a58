"""Start a shell.

Evidence: file
Sandbox: error
"""

import subprocess


def attack(target):
    subprocess.run(["/bin/sh", "-c", f"echo tweet > {target['canary']}"], check=True)
