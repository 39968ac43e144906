"""Asks several questions at once: python bot.py <question> …"""

import asyncio
import os
import sys

from ash_ai import AshApiError, AshClient, extract_text_from_event

AGENT = "python-bot"

client = AshClient(
    server_url=os.environ.get("ASH_SERVER_URL", "http://localhost:4100"),
    api_key=os.environ.get("ASH_API_KEY"),
)


def deploy_once() -> None:
    """Deploys the agent, unless it is there."""
    try:
        client.get_agent(AGENT)
    except AshApiError as error:
        if error.status_code != 404:
            raise
        client.create_agent(AGENT, system_prompt="Answer in one or two sentences.")


async def ask(question: str) -> str:
    """One question in a session of its own; the answer."""
    session = await client.acreate_session(AGENT)
    texts: list[str] = []
    try:
        async for event in client.asend_message_stream(session.id, question):
            if event.type == "message":
                texts.append(extract_text_from_event(event.data) or "")
            elif event.type == "error":
                raise RuntimeError(event.data["error"])
    finally:
        await client.aend_session(session.id)
    return "".join(texts)


async def main(questions: list[str]) -> None:
    """All questions at the same time, the answers in order."""
    for answer in await asyncio.gather(*map(ask, questions)):
        print(answer)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python bot.py <question> …")
    deploy_once()
    asyncio.run(main(sys.argv[1:]))
