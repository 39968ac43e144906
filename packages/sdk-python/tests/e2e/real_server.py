"""Starts the real server and the scripted model as child processes, kills them, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

REPOSITORY = Path(__file__).parents[4]

# Tells on the file descriptor of its last argument that it is ready; the log has standard output for itself.
_SERVE = """
import { writeSync } from 'node:fs';
import { runServer } from '@ash-ai/server';
const onReady = (ready) => writeSync(Number(process.argv.at(-1)), JSON.stringify(ready) + '\\n');
process.exitCode = await runServer(process.env, { onReady });
"""


def why_not() -> str | None:
    """Why the real server can't be run here; ``None`` when it can."""
    if not (REPOSITORY / "packages" / "server" / "src").is_dir():
        return "the sources of the server aren't here"
    node = _node()
    if node is None:
        return "there is no Node: set ASH_NODE to one of version 24 or newer"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return None if int(version.lstrip("v").split(".")[0]) >= 24 else f"Node is {version}: set ASH_NODE to a newer one"


def run_node(program: str) -> Any:
    """What a program over the repository's sources prints as JSON."""
    done = subprocess.run(
        [*_node_with_sources(), "--eval", program], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def _node() -> str | None:
    return os.environ.get("ASH_NODE") or shutil.which("node")


def _node_with_sources() -> list[str]:
    node = _node()
    assert node is not None
    return [node, "--conditions=@ash-ai/source", "--input-type=module"]


class RealServer:
    """A server on a data folder of its own, until its ``with`` block ends. ``url`` stays over restarts."""

    def __enter__(self) -> RealServer:
        self.folder = Path(tempfile.mkdtemp(prefix="ash-py-"))
        # Sandboxes run as other users, who have to get through.
        self.folder.chmod(0o711)
        self._log = (self.folder / "server.log").open("wb")
        self._model = subprocess.Popen(
            [str(_node()), str(REPOSITORY / "packages/scripted-model/src/main.ts"), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._model_url = _line(self._model.stdout)
        self.start("0")
        self.api_key = (self.folder / "data" / "initial-api-key").read_text().strip()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._stop(self._process)
            self._stop(self._model)
            assert _processes_of(self.folder) == []
        finally:
            for process in (self._process, self._model):
                process.kill()
                process.wait()
            if self._model.stdout is not None:
                self._model.stdout.close()
            self._log.close()
            shutil.rmtree(self.folder)

    def start(self, port: str) -> None:
        """Starts the server and waits until it answers."""
        reading, writing = os.pipe()
        environment = {
            **os.environ,
            "ASH_HOST": "127.0.0.1",
            "ASH_PORT": port,
            "ASH_DATA_DIR": str(self.folder / "data"),
            "ASH_CREDENTIAL_KEY": "a secret of the tests",
            "ANTHROPIC_BASE_URL": self._model_url,
            "ANTHROPIC_API_KEY": "sk-scripted",
        }
        self._process = subprocess.Popen(
            [*_node_with_sources(), "--eval", _SERVE, "--", str(writing)],
            cwd=REPOSITORY,
            env=environment,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[writing],
        )
        os.close(writing)
        with os.fdopen(reading) as ready:
            self.url = json.loads(_line(ready) or self._failed())["url"]

    def kill(self) -> None:
        """``kill -9``."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Starts the server again at its address."""
        self.start(self.url.rpartition(":")[2])

    def _stop(self, process: subprocess.Popen[Any]) -> None:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, self.log()

    def _failed(self) -> str:
        raise AssertionError(self.log())

    def log(self) -> str:
        """What the server has logged."""
        return (self.folder / "server.log").read_text()


def _line(file: IO[str] | None) -> str:
    assert file is not None
    return file.readline().strip()


def _processes_of(folder: Path) -> list[str]:
    """Command lines of processes that know the folder."""
    lines = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            lines.append(line)
    return lines
