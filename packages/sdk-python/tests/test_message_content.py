"""Blocks of stored messages; the TypeScript client is held to the same cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ash_ai import parse_message_content

_CASES = json.loads((Path(__file__).parents[3] / "test/conformance/message-contents.json").read_text("utf-8"))


@pytest.mark.parametrize(("content", "blocks"), _CASES)
def test_blocks(content: str, blocks: list[Any]) -> None:
    assert parse_message_content(content) == blocks


def test_nothing_makes_it_raise() -> None:
    deep = "[" * 100_000
    assert parse_message_content(deep) == [{"type": "text", "text": deep}]
