"""The wheel: what it holds, and that it works by itself."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx

PACKAGE = Path(__file__).parents[1]


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=PACKAGE)


def test_the_wheel_works_in_an_empty_folder(tmp_path: Path) -> None:
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path / "wheel", ".")
    (wheel,) = (tmp_path / "wheel").iterdir()
    assert wheel.name.startswith("ash_ai_sdk-")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"ash_ai/py.typed", "ash_sdk/py.typed", "ash_ai/calls/agents.py"} <= names
    assert any(name.endswith("/LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"ash_ai", "ash_sdk", "ash_ai_sdk"}

    pip("install", "--no-deps", "--target", tmp_path / "empty", wheel)
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]; import ash_ai, ash_sdk, importlib.metadata;"
        "print(ash_ai.__file__, ash_sdk.AshClient is ash_ai.AshClient, importlib.metadata.version('ash-ai-sdk'))"
    )
    arguments = [str(tmp_path / "empty"), str(Path(httpx.__file__).parents[1])]
    done = subprocess.run([sys.executable, "-I", "-c", program, *arguments], check=True, capture_output=True, text=True)
    file, same, version = done.stdout.split()
    assert file.startswith(str(tmp_path))
    assert same == "True"
    assert version in wheel.name
