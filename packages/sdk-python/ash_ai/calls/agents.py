"""Agents: deploy, list, get, delete, their versions, and the files of the active one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from uuid import UUID

from ash_ai.call import Call
from ash_ai.calls.encoding import encoded
from ash_ai.models import ActivateAgentVersionResponse, Agent, AgentVersion, GetFileResponse, ListFilesResponse
from ash_ai.request import Request, as_model, given, many, new_key, nothing, one
from ash_ai.types import AgentFile


class AgentCalls:
    """The calls about agents."""

    @Call
    def deploy_agent(
        self, name: str, path: str | PathLike[str], *, idempotency_key: str | None = None
    ) -> Request[Agent]:
        """Deploys a folder that lies on the server's machine, or redeploys it as the next version.

        ``path`` is a folder with a CLAUDE.md, relative to the server's data directory unless absolute. Raises
        `agent_name_invalid`, `agent_instructions_missing`, `agent_path_not_found`, `agent_path_forbidden`.
        """
        return _deploy(given(name=name, path=fspath(path)), idempotency_key)

    @Call
    def create_agent(
        self,
        name: str,
        *,
        system_prompt: str | None = None,
        files: Sequence[AgentFile] | None = None,
        replace: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Request[Agent]:
        """Deploys an agent from uploaded files, or from a system prompt alone.

        ``replace`` says that the files are the whole folder (default: they go over those of the version before). Raises
        `agent_name_invalid`, `agent_file_invalid`, `agent_too_large`.

        >>> client.create_agent("poet", system_prompt="Answer in verse.")
        """
        body = given(
            name=name,
            systemPrompt=system_prompt,
            files=None if files is None else encoded(files),
            replace=replace,
        )
        return _deploy(body, idempotency_key)

    @Call
    def list_agents(self) -> Request[list[Agent]]:
        """All agents of the tenant, by name."""
        return Request(route="GET /api/agents", read=many("agents", Agent))

    @Call
    def get_agent(self, name: str) -> Request[Agent]:
        """One agent. Raises `agent_not_found`."""
        return Request(route="GET /api/agents/{name}", at={"name": name}, read=one("agent", Agent))

    @Call
    def delete_agent(self, name: str) -> Request[None]:
        """Deletes an agent; its sessions end. Raises `agent_not_found`."""
        return Request(route="DELETE /api/agents/{name}", at={"name": name}, read=nothing)

    @Call
    def list_agent_versions(
        self, name: str, *, limit: int | None = None, before: int | None = None
    ) -> Request[list[AgentVersion]]:
        """The versions of an agent, newest first: ``limit`` of them (default 100) with a number below ``before``.
        Raises `agent_not_found`."""
        return Request(
            route="GET /api/agents/{name}/versions",
            at={"name": name},
            query={"limit": limit, "before": before},
            read=many("versions", AgentVersion),
        )

    @Call
    def get_agent_version(self, name: str, version: int | str | UUID) -> Request[AgentVersion]:
        """One version, by its number or its id. Raises `agent_not_found`, `agent_version_not_found`."""
        return Request(
            route="GET /api/agents/{name}/versions/{version}",
            at={"name": name, "version": version},
            read=one("version", AgentVersion),
        )

    @Call
    def activate_agent_version(self, name: str, version: int | str | UUID) -> Request[ActivateAgentVersionResponse]:
        """Has new sessions made from this version, by its number or its id: a rollback, or the way back. Sessions
        that exist keep theirs. Raises `agent_not_found`, `agent_version_not_found`, `agent_directory_missing`."""
        return Request(
            route="POST /api/agents/{name}/versions/{version}/activate",
            at={"name": name, "version": version},
            repeatable=True,
            read=as_model(ActivateAgentVersionResponse),
        )

    @Call
    def list_agent_files(self, name: str, *, hashes: bool = False) -> Request[ListFilesResponse]:
        """The files of an agent, recursively; with ``hashes`` the SHA-256 of each. Raises `agent_not_found`."""
        query = {"hashes": True} if hashes else {}
        return Request(
            route="GET /api/agents/{name}/files", at={"name": name}, query=query, read=as_model(ListFilesResponse)
        )

    @Call
    def get_agent_file(self, name: str, path: str) -> Request[GetFileResponse]:
        """A text file of an agent, at most 1 MiB. Raises `agent_not_found`, `file_not_found`."""
        return Request(
            route="GET /api/agents/{name}/files/{*}",
            at={"name": name, "*": path},
            query={"format": "json"},
            read=as_model(GetFileResponse),
        )


def _deploy(body: Mapping[str, object], idempotency_key: str | None) -> Request[Agent]:
    key = new_key(idempotency_key)
    return Request(route="POST /api/agents", body=body, idempotency_key=key, read=one("agent", Agent))
