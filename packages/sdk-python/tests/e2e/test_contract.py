"""The client against the server's OpenAPI document and its table of error codes."""

from __future__ import annotations

import inspect
from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_type_hints

import httpx
import pytest

import ash_ai
from ash_ai import AshApiError, Unset
from ash_ai.call import Call, StreamCall
from ash_ai.calls import Calls
from ash_ai.follow import Following
from ash_ai.model import Model, _shape
from ash_ai.request import Request
from tests.e2e.real_server import RealServer, run_node
from tests.recorded import SESSION_ID

Json = dict[str, Any]

# Operators ask these with the internal secret; `request` does for them.
INTERNAL = {"createTenantApiKey", "listRunners"}

# Models whose names differ from the document's, those of older Ash.
OTHER_NAMES = {"Health": "HealthResponse", "SandboxLog": "SandboxLogEntry", "Error": "ApiError"}

# Objects of an answer that have no name in the document.
UNNAMED = {
    "listAgentFiles": "ListFilesResponse",
    "listSessionFiles": "ListFilesResponse",
    "getAgentFile": "GetFileResponse",
    "getSessionFile": "GetFileResponse",
    "writeSessionFiles": "WriteFilesResponse",
    "deleteSessionFile": "DeleteFileResponse",
    "getSessionLogs": "SessionLogs",
    "interruptSession": "InterruptSessionResponse",
    "forkSession": "ForkSessionResponse",
    "createApiKey": "CreatedApiKey",
    "createWebhook": "CreatedWebhook",
    "rotateWebhookSecret": "CreatedWebhook",
    "getWebhookDelivery": "GetWebhookDeliveryResponse",
    "activateAgentVersion": "ActivateAgentVersionResponse",
}


@pytest.fixture(scope="module")
def document(server: RealServer) -> Json:
    found: Json = httpx.get(f"{server.url}/docs/json").json()
    return found


def operations(document: Json) -> dict[str, Json]:
    """By `METHOD path`."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def sample(parameter: inspect.Parameter) -> object:
    """Something that may be given for a parameter."""
    named = {"id": SESSION_ID, "files": [{"path": "a", "content": b""}], "include_hidden": False, "timeout": 1000}
    return named.get(parameter.name, b"x" if parameter.annotation == "bytes" else "x")


def described() -> list[Request[Any]]:
    """The requests of all calls, with every argument given."""
    found = []
    for name, call in inspect.getmembers(Calls):
        if isinstance(call, (Call, StreamCall)) and name != "request":
            parameters = list(inspect.signature(call.describe).parameters.values())[1:]
            result = call.describe(None, **{each.name: sample(each) for each in parameters})
            found.append(result.next_request() if isinstance(result, Following) else result)
    return found


def operation_of(document: Json, request: Request[Any]) -> Json:
    operation: Json = operations(document)[request.route.replace("{*}", "{path}")]
    return operation


def test_every_operation_has_a_method_and_every_method_an_operation(document: Json) -> None:
    called = {operation_of(document, request)["operationId"] for request in described()}
    assert called == {each["operationId"] for each in operations(document).values()} - INTERNAL


def test_every_query_and_body_field_can_be_given_and_no_other(document: Json) -> None:
    sent: dict[str, set[str]] = {}
    for request in described():
        operation_id = operation_of(document, request)["operationId"]
        sent.setdefault(operation_id, set()).update(request.query, request.body or {})
    for operation in operations(document).values():
        if operation["operationId"] not in INTERNAL:
            taken = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                taken |= set(resolved(document, schema)["properties"])
            assert sent[operation["operationId"]] == taken, operation["operationId"]


def test_calls_that_create_carry_a_key(document: Json) -> None:
    with_key = {operation_of(document, each)["operationId"] for each in described() if each.idempotency_key}
    taking = {
        each["operationId"]
        for each in operations(document).values()
        if "idempotency_key_reused" in each["responses"].get("422", {}).get("x-error-codes", [])
    }
    # Deploying the same twice is harmless by itself.
    assert with_key == (taking | {"deployAgent"}) - INTERNAL


def resolved(document: Json, schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def check(model: type[Model], schema: Json, shared: bool) -> None:
    """``shared``: the model stands for several schemas, so that some of its attributes may be missing here."""
    hints = get_type_hints(model)
    keys = {key: hints[name] for name, (key, _) in _shape(model).items()}
    properties = schema["properties"]
    assert set(properties) <= set(keys), model
    for key, hint in keys.items():
        kinds = get_args(hint) or (hint,)
        optional = key not in schema.get("required", [])
        assert (Unset in kinds) == optional or (shared and Unset in kinds), f"{model.__name__}.{key}"
        if key in properties:
            nullable = {"type": "null"} in properties[key].get("anyOf", []) or "null" in properties[key].get("type", "")
            assert (NoneType in kinds) == nullable, f"{model.__name__}.{key}"


def test_models_have_the_fields_of_the_document(document: Json) -> None:
    checked = set()
    for name, schema in document["components"]["schemas"].items():
        model = getattr(ash_ai, OTHER_NAMES.get(name, name), None)
        if isinstance(model, type) and issubclass(model, Model):
            check(model, schema, shared=False)
            checked.add(model)
    for operation in operations(document).values():
        if operation["operationId"] in UNNAMED:
            model = getattr(ash_ai, UNNAMED[operation["operationId"]])
            status = min(operation["responses"])
            schema = operation["responses"][status]["content"]["application/json"]["schema"]
            check(model, resolved(document, schema), shared=True)
            checked.add(model)
    models = {each for each in vars(ash_ai).values() if isinstance(each, type) and issubclass(each, Model)}
    left = {each.__name__ for each in models - checked}
    assert left == {"DisplayItem", "ListSessionsWithTotalResponse", "WrittenFile", "ForkedFiles", "ForkedConversation"}
    assert all(fields(each) for each in models)


@pytest.mark.usefixtures("server")
def test_every_error_code_is_as_retryable_as_in_the_table() -> None:
    program = "import { errorTable } from '@ash-ai/shared'; console.log(JSON.stringify(errorTable));"
    table: dict[str, Json] = run_node(program)
    assert len(table) > 40
    wrong = {
        code: row["retryable"]
        for code, row in table.items()
        if AshApiError(row["status"], "", code).retryable != row["retryable"]
    }
    assert wrong == {}
