"""What Schemathesis can't know: ids of things that exist, the keys, and fresh things for the calls that take things away."""

import json
import os
import urllib.error
import urllib.request
from itertools import count

import schemathesis

THERE = json.loads(os.environ["ASH_FUZZ_THERE"])
THINGS = set(THERE.values())
SECRET = {"authorization": f"Bearer {THERE['internalSecret']}"}
KEY = {"authorization": f"Bearer {THERE['key']}"}
# One call in so many keeps the parameters that were made up; all others address what is there.
MADE_UP = 6
calls = count()
# Operations that keep a sandbox busy for seconds: after so many that went well the others meet a session that
# has ended, or an agent that isn't there.
SLOW = {"sendMessage": 6, "execInSession": 15, "forkSession": 10, "createSession": 15, "enqueue": 6}


def post(path, body):
    """Makes something over the API."""
    request = urllib.request.Request(
        THERE["url"] + path,
        data=json.dumps(body).encode(),
        headers={**KEY, "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def delete(path):
    """Takes something away; it may be gone already."""
    try:
        urllib.request.urlopen(urllib.request.Request(THERE["url"] + path, headers=KEY, method="DELETE"), timeout=30).close()
    except urllib.error.HTTPError:
        pass


def new_agent():
    return post("/api/agents", {"name": f"gone-{next(calls)}", "systemPrompt": "Soon gone."})["agent"]["name"]


def new_session():
    return post("/api/sessions", {"agent": THERE["agent"]})["session"]["id"]


def new_attachment():
    upload = {"filename": "gone.txt", "content": "Z29uZQ=="}
    return post(f"/api/sessions/{THERE['session']}/attachments", upload)["attachment"]["id"]


def new_queue_item():
    return post("/api/queue", {"agentName": THERE["agent"], "prompt": "Soon gone."})["item"]["id"]


def new_file():
    path = f"gone-{next(calls)}.txt"
    post(f"/api/sessions/{THERE['session']}/files", {"files": [{"path": path, "content": "Z29uZQ=="}]})
    return path


def new_webhook():
    return post("/api/webhooks", {"url": WEBHOOK_URL})["webhook"]["id"]


WEBHOOK_URL = "https://hooks.invalid/fuzzed"


# Operations that take away or change what they address: what they are given each time.
FRESH = {
    "deleteAgent": {"name": new_agent},
    "deleteWebhook": {"id": new_webhook},
    "endSession": {"id": new_session},
    "pauseSession": {"id": new_session},
    "stopSession": {"id": new_session},
    "deleteAttachment": {"id": new_attachment},
    "cancelQueueItem": {"id": new_queue_item},
    "deleteCredential": {"id": lambda: post("/api/credentials", {"type": "custom", "key": "gone"})["credential"]["id"]},
    "deleteApiKey": {"id": lambda: post("/api/api-keys", {})["id"]},
    "deleteSessionFile": {"id": lambda: THERE["session"], "path": new_file},
}
# Operations that leave a session in another state share one, so that all others find theirs awake.
RESTLESS = {"resumeSession", "interruptSession", "updateSessionConfig"}


def known(operation):
    """Parameters of the path that lead to something."""
    if operation in FRESH:
        return {name: make() for name, make in FRESH[operation].items()}
    if operation in RESTLESS:
        return {"id": THERE["restless"]}
    if operation in SLOW:
        return {"id": THERE["session"] if SLOW[operation] > 0 else THERE["ended"]}
    if operation == "answerApproval":
        return {"id": THERE["asking"], "approvalId": THERE["approval"]}
    if operation == "listApprovals":
        return {"id": THERE["asking"]}
    if operation == "updateWebhook":
        # It may be disabled by that; the others find theirs enabled.
        return {"id": THERE["restlessWebhook"]}
    if "Webhook" in operation:
        return {"id": THERE["webhook"], "deliveryId": THERE["delivery"]}
    ids = {"downloadAttachment": THERE["attachment"], "getQueueItem": THERE["queueItem"]}
    return {"id": ids.get(operation, THERE["session"]), "name": THERE["agent"], "path": THERE["path"], "version": "1"}


def learnt(case):
    """Whether Schemathesis took it from an answer: the key in use, an agent, a session that it gave a hundredth of a processor."""
    values = [str(value) for value in case.path_parameters.values()]
    # Ids begin with the time.
    return any(value in THINGS or value[:4] == THERE["session"][:4] for value in values)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Points most calls at what is there."""
    operation = case.operation.definition.raw["operationId"]
    internal = case.operation.path.startswith("/api/internal/")
    case.headers.update(SECRET if internal else KEY)
    number = next(calls)
    # The same made-up key comes again and again, and is refused for all but the first body.
    if number % 4 != 0:
        case.headers.pop("Idempotency-Key", None)
    if number % MADE_UP == 0 and not learnt(case):
        return
    if case.path_parameters:
        there = known(operation)
        for name in case.path_parameters:
            case.path_parameters[name] = there[name]
    if operation == "followSession" and number % 3 != 0 and isinstance(case.query, dict):
        case.query["turnId"] = THERE["turn"]
    if isinstance(case.body, dict):
        agent = THERE["agent"] if SLOW.get(operation, 1) > 0 else "none"
        if "agent" in case.body:
            case.body["agent"] = agent
        if "agentName" in case.body:
            case.body["agentName"] = agent
        if "credentialId" in case.body:
            case.body["credentialId"] = THERE["credential"]
        if operation == "enqueue" and "sessionId" in case.body:
            case.body["sessionId"] = THERE["session"]
        if operation == "uploadAttachment" and number % 2 == 0:
            case.body.update({"mimeType": "text/plain", "content": "Z29uZQ=="})
        if operation == "uploadWorkspace" and number % 2 == 0:
            case.body["bundle"] = THERE["bundle"]
        if operation == "createWebhook" and number % 2 == 0:
            # There may be 50 of them: one that is made goes again.
            case.body["url"] = WEBHOOK_URL
        if operation == "forkSession" and number % 2 == 0:
            case.body.pop("at", None)
        if operation == "deployAgent" and isinstance(case.body.get("name"), str):
            case.body["name"] = f"fuzzed-{number % 5}"


@schemathesis.hook
def after_call(context, case, response):
    """Tells which statuses were met."""
    operation = case.operation.definition.raw["operationId"]
    if operation in SLOW and response.status_code < 300:
        SLOW[operation] -= 1
    if operation == "createWebhook" and response.status_code == 201:
        delete(f"/api/webhooks/{response.json()['webhook']['id']}")
    with open(os.environ["ASH_FUZZ_STATUSES"], "a") as statuses:
        statuses.write(f"{operation} {response.status_code}\n")
