"""Every call of the blocking client as an async method: the same name with an ``a`` before it."""

from __future__ import annotations

from ash_ai.call import AsyncCall, AsyncPagesCall, AsyncStreamCall
from ash_ai.calls import (
    AgentCalls,
    FileCalls,
    MessageCalls,
    SecretCalls,
    ServerCalls,
    SessionCalls,
    WebhookCalls,
    WorkCalls,
)


class AsyncNames:
    """The table of those names."""

    adeploy_agent = AsyncCall(AgentCalls.deploy_agent.describe)
    acreate_agent = AsyncCall(AgentCalls.create_agent.describe)
    alist_agents = AsyncCall(AgentCalls.list_agents.describe)
    aget_agent = AsyncCall(AgentCalls.get_agent.describe)
    adelete_agent = AsyncCall(AgentCalls.delete_agent.describe)
    alist_agent_versions = AsyncCall(AgentCalls.list_agent_versions.describe)
    aget_agent_version = AsyncCall(AgentCalls.get_agent_version.describe)
    aactivate_agent_version = AsyncCall(AgentCalls.activate_agent_version.describe)
    alist_agent_files = AsyncCall(AgentCalls.list_agent_files.describe)
    aget_agent_file = AsyncCall(AgentCalls.get_agent_file.describe)
    acreate_session = AsyncCall(SessionCalls.create_session.describe)
    alist_sessions = AsyncCall(SessionCalls.list_sessions.describe)
    aiterate_sessions = AsyncPagesCall(SessionCalls.iterate_sessions.describe)
    alist_sessions_with_total = AsyncCall(SessionCalls.list_sessions_with_total.describe)
    aget_session = AsyncCall(SessionCalls.get_session.describe)
    apause_session = AsyncCall(SessionCalls.pause_session.describe)
    aresume_session = AsyncCall(SessionCalls.resume_session.describe)
    astop_session = AsyncCall(SessionCalls.stop_session.describe)
    aend_session = AsyncCall(SessionCalls.end_session.describe)
    afork_session = AsyncCall(SessionCalls.fork_session.describe)
    afork_session_with_files = AsyncCall(SessionCalls.fork_session_with_files.describe)
    ainterrupt_session = AsyncCall(SessionCalls.interrupt_session.describe)
    aupdate_session_config = AsyncCall(SessionCalls.update_session_config.describe)
    alist_approvals = AsyncCall(SessionCalls.list_approvals.describe)
    aanswer_approval = AsyncCall(SessionCalls.answer_approval.describe)
    alist_egress = AsyncCall(SessionCalls.list_egress.describe)
    asend_message_stream = AsyncStreamCall(MessageCalls.send_message_stream.describe)
    asend_message = AsyncCall(MessageCalls.send_message.describe)
    afollow_session = AsyncStreamCall(MessageCalls.follow_session.describe)
    alist_messages = AsyncCall(MessageCalls.list_messages.describe)
    aiterate_messages = AsyncPagesCall(MessageCalls.iterate_messages.describe)
    alist_session_events = AsyncCall(MessageCalls.list_session_events.describe)
    aiterate_session_events = AsyncPagesCall(MessageCalls.iterate_session_events.describe)
    aget_session_logs = AsyncCall(MessageCalls.get_session_logs.describe)
    aexec = AsyncCall(MessageCalls.exec.describe)
    aget_session_files = AsyncCall(FileCalls.get_session_files.describe)
    aget_session_file = AsyncCall(FileCalls.get_session_file.describe)
    adownload_session_file = AsyncCall(FileCalls.download_session_file.describe)
    adownload_session_file_raw = AsyncCall(FileCalls.download_session_file_raw.describe)
    awrite_session_files = AsyncCall(FileCalls.write_session_files.describe)
    adelete_session_file = AsyncCall(FileCalls.delete_session_file.describe)
    adownload_workspace = AsyncCall(FileCalls.download_workspace.describe)
    aupload_workspace = AsyncCall(FileCalls.upload_workspace.describe)
    aupload_attachment = AsyncCall(FileCalls.upload_attachment.describe)
    alist_attachments = AsyncCall(FileCalls.list_attachments.describe)
    adownload_attachment = AsyncCall(FileCalls.download_attachment.describe)
    adelete_attachment = AsyncCall(FileCalls.delete_attachment.describe)
    astore_credential = AsyncCall(SecretCalls.store_credential.describe)
    astore_bedrock_credential = AsyncCall(SecretCalls.store_bedrock_credential.describe)
    alist_credentials = AsyncCall(SecretCalls.list_credentials.describe)
    adelete_credential = AsyncCall(SecretCalls.delete_credential.describe)
    alist_api_keys = AsyncCall(SecretCalls.list_api_keys.describe)
    acreate_api_key = AsyncCall(SecretCalls.create_api_key.describe)
    adelete_api_key = AsyncCall(SecretCalls.delete_api_key.describe)
    aenqueue = AsyncCall(WorkCalls.enqueue.describe)
    alist_queue_items = AsyncCall(WorkCalls.list_queue_items.describe)
    aget_queue_item = AsyncCall(WorkCalls.get_queue_item.describe)
    acancel_queue_item = AsyncCall(WorkCalls.cancel_queue_item.describe)
    aget_queue_stats = AsyncCall(WorkCalls.get_queue_stats.describe)
    alist_usage_events = AsyncCall(WorkCalls.list_usage_events.describe)
    aget_usage_stats = AsyncCall(WorkCalls.get_usage_stats.describe)
    acreate_webhook = AsyncCall(WebhookCalls.create_webhook.describe)
    alist_webhooks = AsyncCall(WebhookCalls.list_webhooks.describe)
    aget_webhook = AsyncCall(WebhookCalls.get_webhook.describe)
    aupdate_webhook = AsyncCall(WebhookCalls.update_webhook.describe)
    adelete_webhook = AsyncCall(WebhookCalls.delete_webhook.describe)
    arotate_webhook_secret = AsyncCall(WebhookCalls.rotate_webhook_secret.describe)
    atest_webhook = AsyncCall(WebhookCalls.test_webhook.describe)
    alist_webhook_deliveries = AsyncCall(WebhookCalls.list_webhook_deliveries.describe)
    aget_webhook_delivery = AsyncCall(WebhookCalls.get_webhook_delivery.describe)
    aredeliver_webhook = AsyncCall(WebhookCalls.redeliver_webhook.describe)
    areplay_webhook = AsyncCall(WebhookCalls.replay_webhook.describe)
    ahealth = AsyncCall(ServerCalls.health.describe)
    arequest = AsyncCall(ServerCalls.request.describe)
