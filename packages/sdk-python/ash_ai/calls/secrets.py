"""Credentials for providers, and API keys of the server."""

from __future__ import annotations

import json

from ash_ai.call import Call
from ash_ai.models import ApiKey, CreatedApiKey, Credential
from ash_ai.request import Request, as_model, given, many, new_key, nothing, one
from ash_ai.types import CredentialType


class SecretCalls:
    """The calls about credentials and API keys."""

    @Call
    def store_credential(
        self, type: CredentialType, key: str, label: str | None = None, *, idempotency_key: str | None = None
    ) -> Request[Credential]:
        """Stores a secret, sealed. Give its id to ``create_session``. Raises `credential_key_missing`."""
        return _store(type, key, label, idempotency_key)

    @Call
    def store_bedrock_credential(
        self,
        access_key_id: str,
        secret_access_key: str,
        region: str,
        *,
        session_token: str | None = None,
        label: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request[Credential]:
        """Stores a credential for models on Amazon Bedrock."""
        keys = given(
            accessKeyId=access_key_id, secretAccessKey=secret_access_key, region=region, sessionToken=session_token
        )
        return _store("bedrock", json.dumps(keys), label, idempotency_key)

    @Call
    def list_credentials(self) -> Request[list[Credential]]:
        """Credentials, newest first."""
        return Request(route="GET /api/credentials", read=many("credentials", Credential))

    @Call
    def delete_credential(self, id: str) -> Request[None]:
        """Deletes a credential. Raises `credential_not_found`."""
        return Request(route="DELETE /api/credentials/{id}", at={"id": id}, read=nothing)

    @Call
    def list_api_keys(self) -> Request[list[ApiKey]]:
        """The tenant's API keys, newest first."""
        return Request(route="GET /api/api-keys", read=many("keys", ApiKey))

    @Call
    def create_api_key(self, label: str | None = None, *, idempotency_key: str | None = None) -> Request[CreatedApiKey]:
        """Makes an API key; the answer is the only place that shows it."""
        return Request(
            route="POST /api/api-keys",
            body=given(label=label),
            idempotency_key=new_key(idempotency_key),
            read=as_model(CreatedApiKey),
        )

    @Call
    def delete_api_key(self, id: str) -> Request[None]:
        """Deletes an API key; it stops working at once. Raises `api_key_not_found`."""
        return Request(route="DELETE /api/api-keys/{id}", at={"id": id}, read=nothing)


def _store(type: CredentialType, key: str, label: str | None, idempotency_key: str | None) -> Request[Credential]:
    return Request(
        route="POST /api/credentials",
        body=given(type=type, key=key, label=label),
        idempotency_key=new_key(idempotency_key),
        read=one("credential", Credential),
    )
