"""What a service's stream carries: the one place that writes and reads its entries.

    {"k": "out", "d": deployment, "s": text, "t": milliseconds}      what a command wrote
    {"k": "state", "d": deployment, "state": …, "code": …, "by": …, "at": …, "reason": …}

static/deploy/entries.js reads them in the browser. Fields are only ever added, and readers skip
what they do not know: old and new processes, and pages, meet during a reload.
"""

import time

OUT = "out"
STATE = "state"


def output(deployment, text):
    """Return the entry of a piece of output, written now."""
    return {"k": OUT, "d": deployment.pk, "s": text, "t": int(time.time() * 1000)}


def state(deployment, by=None):
    """Return the entry of the state that a deployment has now; by: who caused it."""
    at = deployment.finished_at or deployment.started_at or deployment.queued_at
    body = {
        "k": STATE,
        "d": deployment.pk,
        "state": deployment.state,
        "code": deployment.exit_code,
        "by": deployment.requested_by_name if by is None else by,
        "at": at.isoformat(),
    }
    if deployment.reason:
        body["reason"] = deployment.reason
    return body


def text_of(body, pk):
    """Return the text when an entry is output of the deployment with that key, else None."""
    return body["s"] if _is(body, OUT) and body.get("d") == pk else None


def state_of(body, pk):
    """Return the state when an entry tells one of the deployment with that key, else None."""
    return body["state"] if _is(body, STATE) and body.get("d") == pk else None


def as_message(body):
    """Return any entry as text for a page that only knows messages; None: nothing to show."""
    if _is(body, OUT):
        return body["s"]
    if _is(body, STATE):
        code = "" if body.get("code") is None else f", exit code {body['code']}"
        return f"#{body['d']} {body['state']}{code} ({body['by']})\n"
    return None


def _is(body, kind):
    # Anybody with the name of the stream may publish to it.
    return isinstance(body, dict) and body.get("k") == kind
