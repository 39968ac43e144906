"""Starts the real server and the scripted model as child processes, kills them, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack
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
    return shutil.which(os.environ.get("ASH_NODE") or "node")


def _node_with_sources() -> list[str]:
    node = _node()
    assert node is not None
    return [node, "--conditions=@ash-ai/source", "--input-type=module"]


class RealServer:
    """A server on a data folder of its own, until its ``with`` block ends. ``url`` stays over restarts."""

    def __enter__(self) -> RealServer:
        with ExitStack() as undo:
            self.folder = Path(tempfile.mkdtemp(prefix="ash-py-"))
            undo.callback(shutil.rmtree, self.folder)
            # Sandboxes run as other users, who have to get through.
            self.folder.chmod(0o711)
            self._log = undo.enter_context((self.folder / "server.log").open("wb"))
            model = [str(_node()), str(REPOSITORY / "packages/scripted-model/src/main.ts"), "--port", "0"]
            self._model = undo.enter_context(subprocess.Popen(model, stdout=subprocess.PIPE, text=True))
            undo.callback(self._model.kill)
            self._model_url = _line(self._model.stdout)
            undo.callback(self.kill)
            self.start("0")
            self.api_key = (self.folder / "data" / "initial-api-key").read_text().strip()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._undo:
            for process in (self._process, self._model):
                process.send_signal(signal.SIGINT)
                assert process.wait(60) == 0, self.log()
            assert _processes_of(self.folder) == []

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
