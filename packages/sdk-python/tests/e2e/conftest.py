"""One real server for all tests of this folder; they are skipped where it can't run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ash_ai import AshClient
from tests.e2e.real_server import RealServer, why_not

_reason = why_not()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _reason is not None and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=_reason))


@pytest.fixture(scope="session")
def server() -> Iterator[RealServer]:
    with RealServer() as real:
        with AshClient(real.url, real.api_key) as client:
            client.create_agent("my-agent", system_prompt="Be helpful.")
        yield real


@pytest.fixture
def client(server: RealServer) -> Iterator[AshClient]:
    with AshClient(server.url, server.api_key) as made:
        yield made
