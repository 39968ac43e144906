"""The examples of the skill page, as written there but for the address and the key."""

from __future__ import annotations

from ash_ai import AshClient


def quick_start(server_url: str, api_key: str) -> None:
    client = AshClient(
        server_url=server_url,
        api_key=api_key,  # optional in local dev mode
    )

    session = client.create_session("my-agent")
    print(session.id)  # "a1b2c3d4-..."
    print(session.status)  # "active"

    for event in client.send_message_stream(session.id, "Hello!"):
        if event.type == "message":
            data = event.data
            if data.get("type") == "assistant":
                for block in data.get("message", {}).get("content", []):
                    if block.get("type") == "text":
                        print(block["text"])
        elif event.type == "error":
            print(f"Error: {event.data['error']}")
        elif event.type == "done":
            print("Turn complete.")

    for event in client.send_message_stream(
        session.id,
        "Write a haiku.",
        include_partial_messages=True,
    ):
        if event.type == "message":
            data = event.data
            if data.get("type") == "stream_event":
                evt = data.get("event", {})
                if evt.get("type") == "content_block_delta":
                    delta = evt.get("delta", {})
                    if delta.get("type") == "text_delta":
                        print(delta.get("text", ""), end="", flush=True)

    client.end_session(session.id)
