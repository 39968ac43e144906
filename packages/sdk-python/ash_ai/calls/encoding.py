"""Bytes in JSON: base64."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from ash_ai.types import AgentFile, FileToWrite, JsonObject


def base64_text(content: str | bytes) -> str:
    """Base64 of bytes; text is taken as base64 already."""
    return content if isinstance(content, str) else b64encode(content).decode()


def encoded(files: Sequence[FileToWrite] | Sequence[AgentFile]) -> list[JsonObject]:
    """Files as they are sent."""
    return [{**file, "content": base64_text(file["content"])} for file in files]
