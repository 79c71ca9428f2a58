"""Builds the WebAssembly guest (src/ulmus/sandbox/guest.wasm) before ulmus is packed or installed.

By hand: `python hatch_build.py` (with `--force` to build even if nothing has changed). That needs
the version of componentize-py that pyproject.toml names and takes about ten seconds. Nothing is
built as long as the digest of all that goes in (guest sources, interface, the modules
that problems bring, version of componentize-py, the code that joins what it makes) equals the stamp
beside the result.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
GUEST = "src/ulmus/sandbox/guest"
WASM = "src/ulmus/sandbox/guest.wasm"
STAMP = "src/ulmus/sandbox/guest.wasm.stamp"
JOINING = "src/ulmus/sandbox/joining"
SHELF = "src/ulmus/problems/*/guest/*.py"
PACKAGE = "ulmus_guest"
RUN_TOOL = "import sys, componentize_py; sys.exit(componentize_py.script())"


def pinned_version(root: Path) -> str:
    """Return the version of componentize-py that pyproject.toml asks for."""
    found = re.search(r'"componentize-py==([^"]+)"', (root / "pyproject.toml").read_text("utf-8"))
    if found is None:
        raise RuntimeError("pyproject.toml does not pin componentize-py in build-system.requires")
    return found.group(1)


def digest(root: Path) -> str:
    """Return the SHA-256 over everything that goes into the guest."""
    state = hashlib.sha256(f"componentize-py {pinned_version(root)} --stub-wasi\n".encode())
    folder, joining = root / GUEST, sorted((root / JOINING).glob("*.py"))
    for path in sorted([*folder.glob("*.py"), *folder.glob("*.wit")]) + _shelf(root) + joining:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        state.update(f"{path.name} {len(content)}\n".encode() + content)
    return state.hexdigest()


def _shelf(root: Path) -> list[Path]:
    """Return the modules that programs of the built-in problems import."""
    return sorted(path for path in root.glob(SHELF) if path.name != "__init__.py")


def is_current(root: Path) -> bool:
    """Tell whether the guest that is there was made from what is there."""
    wasm, stamp = root / WASM, root / STAMP
    if not (wasm.is_file() and stamp.is_file()):
        return False
    return stamp.read_text("ascii").split() == [digest(root)]


def build(root: Path = ROOT, force: bool = False) -> bool:
    """Build the guest if it is missing or old.

    Returns:
        Whether it had to be built.

    Raises:
        RuntimeError: componentize-py is missing, of another version, or failed.
    """
    if not force and is_current(root):
        return False
    _check_tool(pinned_version(root))
    made = digest(root)
    with tempfile.TemporaryDirectory(prefix="ulmus-guest-") as scratch:
        component = _componentize(root, Path(scratch))
        component.write_bytes(_join(component.read_bytes()))
        _publish(component, root / WASM)
    (root / STAMP).write_text(made + "\n", "ascii")
    return True


def _check_tool(wanted: str) -> None:
    try:
        have = version("componentize-py")
    except PackageNotFoundError:
        have = "none"
    if have != wanted:
        raise RuntimeError(
            f"building the guest needs componentize-py {wanted}, found {have}: "
            f"pip install componentize-py=={wanted}"
        )


def _componentize(root: Path, scratch: Path) -> Path:
    """Run componentize-py on a copy of the guest and return the path of the component."""
    app, out = scratch / "app", scratch / "guest.wasm"
    shutil.copytree(root / GUEST, app / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    (app / "ulmus_shelf").mkdir()
    for path in _shelf(root):
        shutil.copy(path, app / "ulmus_shelf")
    (scratch / "lib").mkdir()  # an empty place for packages, or those of the builder would go in
    command = [sys.executable, "-c", RUN_TOOL, "-q", "-d", str(root / GUEST), "-w", "program"]
    command += ["componentize", "-p", str(app), "--stub-wasi", f"{PACKAGE}.app", "-o", str(out)]
    environment = {**os.environ, "VIRTUAL_ENV": str(scratch)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not out.is_file():
        raise RuntimeError(f"componentize-py failed:\n{done.stderr.strip()[-4000:]}")
    return out


def _join(component: bytes) -> bytes:
    """Return the component with its core modules joined into one, which halves its start."""
    source = str(ROOT / "src")
    sys.path.insert(0, source)
    try:
        joined: bytes = import_module("ulmus.sandbox.joining.join").join(component)
    finally:
        sys.path.remove(source)
    return joined


def _publish(component: Path, target: Path) -> None:
    """Put a finished file into its place at once, so that nobody ever reads half of it."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(component, beside)
    os.replace(beside, target)


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand in an environment without hatchling
    pass
else:

    class GuestHook(BuildHookInterface[Any]):
        """Hatchling's way in: builds the guest and packs it although git ignores it."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Build if need be and add the result to the wheel or the sdist."""
            build(Path(self.root))
            build_data.setdefault("artifacts", []).extend([WASM, STAMP])


if __name__ == "__main__":
    print("guest built" if build(force="--force" in sys.argv[1:]) else "guest is up to date", WASM)
