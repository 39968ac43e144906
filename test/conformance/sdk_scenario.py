"""Goes through a scenario (sdk-scenario.ts) with the Python SDK: steps as JSON on standard input, outcomes on standard output."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

from ash_ai import AshApiError, AshClient, DownloadedFile
from ash_ai.model import Model


def main() -> None:
    """One line of JSON for each step."""
    answers: dict[str, Any] = {}
    with AshClient(os.environ["ASH_SERVER_URL"], api_key=os.environ["ASH_API_KEY"]) as client:
        for step in json.load(sys.stdin):
            outcome = take(client, step, answers)
            print(json.dumps(outcome), flush=True)


def take(client: AshClient, step: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """Makes the call of a step; its answer as plain JSON, or its error."""
    call = getattr(client, snake(step["call"]))
    at = filled(step.get("at", []), answers)
    given = {snake(name): value for name, value in filled(step.get("with", {}), answers).items()}
    try:
        while True:
            answer = plain(call(*at, **given), step.get("leaveAt"))
            if all(answer[name] == value for name, value in step.get("until", {}).items()):
                break
            time.sleep(0.02)
    except AshApiError as error:
        return {
            "error": error.message,
            "statusCode": error.status_code,
            "code": error.code,
            "suggestion": error.suggestion,
            "details": error.details,
            "retryable": error.retryable,
            "request": error.request,
            "hasRequestId": bool(error.request_id),
        }
    if "as" in step:
        answers[step["as"]] = answer
    return {"answer": answer}


def plain(value: Any, leave_at: str | None) -> Any:
    """Any answer as JSON."""
    if isinstance(value, DownloadedFile):
        return {"buffer": plain(value.content, None), "mimeType": value.mime_type, "source": value.source}
    if isinstance(value, bytes):
        return "base64:" + base64.b64encode(value).decode()
    if isinstance(value, Iterator):
        items = []
        for item in value:
            items.append(item.to_dict() if isinstance(item, Model) else {"type": item.type, "data": item.data})
            if leave_at is not None and item.type == leave_at:
                break
        return items
    if isinstance(value, list):
        return [plain(each, None) for each in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


def filled(value: Any, answers: dict[str, Any]) -> Any:
    """A step's arguments with what they name."""
    if isinstance(value, list):
        return [filled(each, answers) for each in value]
    if isinstance(value, dict):
        return {name: filled(each, answers) for name, each in value.items()}
    if isinstance(value, str) and value.startswith("$"):
        name, *path = value[1:].split(".")
        found = answers[name]
        for key in path:
            found = found[int(key) if isinstance(found, list) else key]
        return filled(found, answers)
    if isinstance(value, str) and value.startswith("base64:"):
        return base64.b64decode(value.removeprefix("base64:"))
    return value


def snake(name: str) -> str:
    """The Python name of a method or option."""
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)


main()
