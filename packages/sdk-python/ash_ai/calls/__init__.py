"""Every call of the API, described once and grouped by resource."""

from ash_ai.calls.agents import AgentCalls as AgentCalls
from ash_ai.calls.files import FileCalls as FileCalls
from ash_ai.calls.messages import MessageCalls as MessageCalls
from ash_ai.calls.secrets import SecretCalls as SecretCalls
from ash_ai.calls.server import ServerCalls as ServerCalls
from ash_ai.calls.sessions import SessionCalls as SessionCalls
from ash_ai.calls.webhooks import WebhookCalls as WebhookCalls
from ash_ai.calls.work import WorkCalls as WorkCalls


class Calls(AgentCalls, SessionCalls, MessageCalls, FileCalls, SecretCalls, WorkCalls, WebhookCalls, ServerCalls):
    """All calls."""
