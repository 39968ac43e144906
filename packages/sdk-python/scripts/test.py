#!/usr/bin/env python3
"""Checks and tests the package: style, types, tests, the wheel. Needs Python 3.10 or newer, pip and a package index.

ASH_PYTHON_ENV: folder for the tools, which are installed once (default: .cache/test of this package).
ASH_NODE: Node 24 or newer, for the end-to-end tests (default: node). Without it they are skipped.
Arguments go to pytest.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
TOOLS = Path(os.environ.get("ASH_PYTHON_ENV") or PACKAGE / ".cache" / "test").resolve()
VENV_PYTHON = TOOLS / "venv" / "bin" / "python"
FOLDER = TOOLS / "packages"


def run(*command: object, quiet: bool = False, env: dict[str, str] | None = None) -> int:
    """The exit code of a command that runs in the package's folder."""
    output = subprocess.DEVNULL if quiet else None
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=PACKAGE, check=False, stdout=output, stderr=output, env=env).returncode


def install() -> None:
    """Installs the tools, unless that is done for this interpreter and for what the package asks for now."""
    asked = hashlib.sha256((PACKAGE / "pyproject.toml").read_bytes()).hexdigest()
    wanted = f"{sys.version} {asked}\n"
    done = TOOLS / "installed"
    if done.exists() and done.read_text() == wanted:
        return
    print(f"Installing the Python tools into {TOOLS}", flush=True)
    shutil.rmtree(TOOLS, ignore_errors=True)
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if run(sys.executable, "-m", "venv", TOOLS / "venv", quiet=True) == 0:
        failed = run(VENV_PYTHON, *pip, ".[test]")
    else:
        # Some systems have venv in a package of its own; a folder does as well.
        shutil.rmtree(TOOLS / "venv", ignore_errors=True)
        failed = run(sys.executable, *pip, "--target", FOLDER, ".[test]")
    if failed:
        sys.exit(failed)
    done.write_text(wanted)


def main() -> int:
    """Runs the checks, then the tests, up to the first that fails."""
    if sys.version_info < (3, 10):  # noqa: UP036
        print(f"Python {sys.version.split()[0]} is too old: 3.10 or newer is needed")
        return 1
    install()
    python = VENV_PYTHON if VENV_PYTHON.exists() else sys.executable
    environment = {**os.environ, "PYTHONPATH": "" if VENV_PYTHON.exists() else str(FOLDER)}
    commands = [
        ("ruff", "format", "--check", "--quiet", "."),
        ("ruff", "check", "--quiet", "."),
        ("mypy",),
        # Started in the package's folder, so that the sources are tested and not the installed copy.
        ("pytest", *sys.argv[1:]),
    ]
    for command in commands:
        failed = run(python, "-m", *command, env=environment)
        if failed:
            return failed
    return 0


if __name__ == "__main__":
    sys.exit(main())
