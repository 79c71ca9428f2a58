"""Run every benchmark of a few minutes, one after the other; `million.py` is started by hand.

python benchmarks/run_all.py [--machine NAME]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("startup", "sandbox", "simulator", "physics", "operators", "run_log", "pipeline")


def main() -> None:
    """Hand the arguments on to each script and stop at the first that fails."""
    for name in SCRIPTS:
        print(f"== {name}", flush=True)
        script = Path(__file__).with_name(f"{name}.py")
        subprocess.run([sys.executable, script, *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()
