"""Files of a session's workspace, the workspace as a whole, and attachments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from ash_ai.call import Call
from ash_ai.calls.encoding import base64_text, encoded
from ash_ai.models import (
    Attachment,
    DeleteFileResponse,
    GetFileResponse,
    ListFilesResponse,
    WriteFilesResponse,
)
from ash_ai.request import Request, as_bytes, as_model, given, many, new_key, nothing, one, unread
from ash_ai.types import FileToWrite, Id


@dataclass(frozen=True)
class DownloadedFile:
    """A file's bytes. ``source`` is ``sandbox``, ``snapshot`` or ``unknown``."""

    content: bytes
    mime_type: str
    source: str


class FileCalls:
    """The calls about files. Paths are relative to the workspace."""

    @Call
    def get_session_files(self, id: Id, *, include_hidden: bool = True) -> Request[ListFilesResponse]:
        """The files of a session, recursively. Raises `session_not_found`."""
        query = {} if include_hidden else {"includeHidden": False}
        return Request(
            route="GET /api/sessions/{id}/files", at={"id": id}, query=query, read=as_model(ListFilesResponse)
        )

    @Call
    def get_session_file(self, id: Id, path: str) -> Request[GetFileResponse]:
        """A text file, at most 1 MiB. Raises `session_not_found`, `file_not_found`."""
        return Request(
            route="GET /api/sessions/{id}/files/{*}",
            at={"id": id, "*": path},
            query={"format": "json"},
            read=as_model(GetFileResponse),
        )

    @Call
    def download_session_file(self, id: Id, path: str) -> Request[DownloadedFile]:
        """Any file, at most 100 MiB. Raises `session_not_found`, `file_not_found`."""
        return Request(route="GET /api/sessions/{id}/files/{*}", at={"id": id, "*": path}, read=_downloaded)

    @Call
    def download_session_file_raw(self, id: Id, path: str) -> Request[httpx.Response]:
        """The same as an open response, which the caller reads and closes."""
        return Request(route="GET /api/sessions/{id}/files/{*}", at={"id": id, "*": path}, answer="open", read=unread)

    @Call
    def write_session_files(
        self, id: Id, files: Sequence[FileToWrite], target_path: str | None = None
    ) -> Request[WriteFilesResponse]:
        """Writes files below ``target_path`` (default: the workspace): up to 500, 50 MiB each, 100 MiB together.

        A file that can't be written fails alone: its ``written`` is false and ``error`` says why.
        """
        return Request(
            route="POST /api/sessions/{id}/files",
            at={"id": id},
            body=given(files=encoded(files), targetPath=target_path),
            repeatable=True,
            read=as_model(WriteFilesResponse),
        )

    @Call
    def delete_session_file(self, id: Id, path: str) -> Request[DeleteFileResponse]:
        """Deletes a file. Raises `session_not_found`, `file_not_found`."""
        return Request(
            route="DELETE /api/sessions/{id}/files/{*}", at={"id": id, "*": path}, read=as_model(DeleteFileResponse)
        )

    @Call
    def download_workspace(self, id: Id) -> Request[bytes]:
        """The workspace as a tar.gz, at most 100 MiB. Raises `session_not_found`."""
        return Request(route="GET /api/sessions/{id}/workspace", at={"id": id}, read=as_bytes)

    @Call
    def upload_workspace(self, id: Id, bundle: bytes) -> Request[None]:
        """Unpacks a tar.gz over the workspace; files that it doesn't hold stay. Raises `session_not_found`."""
        return Request(
            route="POST /api/sessions/{id}/workspace",
            at={"id": id},
            body=given(bundle=base64_text(bundle)),
            repeatable=True,
            read=nothing,
        )

    @Call
    def upload_attachment(
        self,
        session_id: Id,
        filename: str,
        content: bytes,
        *,
        mime_type: str | None = None,
        message_id: Id | None = None,
        idempotency_key: str | None = None,
    ) -> Request[Attachment]:
        """Stores a file of at most 10 MiB (unless the server is set otherwise) with a session; the agent finds a copy
        under ``attachments/``. Raises `session_not_found`, `attachment_too_large`."""
        return Request(
            route="POST /api/sessions/{id}/attachments",
            at={"id": session_id},
            body=given(
                filename=filename,
                content=base64_text(content),
                mimeType=mime_type,
                messageId=None if message_id is None else str(message_id),
            ),
            idempotency_key=new_key(idempotency_key),
            read=one("attachment", Attachment),
        )

    @Call
    def list_attachments(self, session_id: Id) -> Request[list[Attachment]]:
        """The attachments of a session, oldest first. Raises `session_not_found`."""
        route = "GET /api/sessions/{id}/attachments"
        return Request(route=route, at={"id": session_id}, read=many("attachments", Attachment))

    @Call
    def download_attachment(self, id: Id) -> Request[bytes]:
        """The bytes of an attachment. Raises `attachment_not_found`."""
        return Request(route="GET /api/attachments/{id}", at={"id": id}, read=as_bytes)

    @Call
    def delete_attachment(self, id: Id) -> Request[None]:
        """Deletes an attachment. Raises `attachment_not_found`."""
        return Request(route="DELETE /api/attachments/{id}", at={"id": id}, read=nothing)


def _downloaded(response: httpx.Response) -> DownloadedFile:
    headers = response.headers
    mime_type = headers.get("content-type", "application/octet-stream")
    return DownloadedFile(response.content, mime_type, headers.get("x-ash-source", "unknown"))
