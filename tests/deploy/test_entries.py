"""Entries as Python writes them, read by Python and by the browser's script alike."""

import datetime
import json
import os
import time

import pytest

import deploy
from deploy import entries
from deploy.models import Deployment, Service
from tests.support import javascript
from tests.support.fixtures import or_skip

AT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def deployment(pk=7, **fields):
    service = Service(uid="web", name="Web")
    return Deployment(pk=pk, service=service, requested_by_name="ann", queued_at=AT, **fields)


BEFORE = time.time() * 1000
OURS = entries.output(deployment(), "a line\n")
FAILED = entries.state(deployment(state="failed", exit_code=3, reason="exit code 3"))
CANCELLED = entries.state(deployment(state="cancelled"), by="bob")
# (entry, text for deployment 7, state of deployment 7, message for a page that knows no more)
EXAMPLES = [
    (OURS, "a line\n", None, "a line\n"),
    (entries.output(deployment(), ""), "", None, ""),
    (entries.output(deployment(8), "another's"), None, None, "another's"),
    (FAILED, None, "failed", "#7 failed, exit code 3 (ann)\n"),
    (CANCELLED, None, "cancelled", "#7 cancelled (bob)\n"),
    (entries.state(deployment(8, state="queued")), None, None, "#8 queued (ann)\n"),
    (dict(OURS, more="to come"), "a line\n", None, "a line\n"),
    ({"k": "new kind", "d": 7, "s": "x", "state": "y"}, None, None, None),
] + [(strange, None, None, None) for strange in (None, 1, "out", [], ["out"], {}, {"d": 7})]


def test_what_is_written():
    assert (OURS["k"], OURS["d"], OURS["s"]) == ("out", 7, "a line\n")
    # It was written when this module was imported, however long ago that is.
    assert isinstance(OURS["t"], int) and -1 < OURS["t"] - BEFORE < 60 * 1000
    assert FAILED == {
        "k": "state",
        "d": 7,
        "state": "failed",
        "code": 3,
        "by": "ann",
        "at": AT.isoformat(),
        "reason": "exit code 3",
    }
    assert "reason" not in CANCELLED and CANCELLED["by"] == "bob"


@pytest.mark.parametrize("field", ["started_at", "finished_at"])
def test_a_state_has_the_time_of_the_latest_step(field):
    later = AT + datetime.timedelta(seconds=9)
    body = entries.state(deployment(**{"started_at": AT, field: later}))
    assert body["at"] == later.isoformat()


@pytest.mark.parametrize("body, text, state, message", EXAMPLES)
def test_python_reads_them(body, text, state, message):
    assert entries.text_of(body, 7) == text
    assert entries.state_of(body, 7) == state
    assert entries.as_message(body) == message


def test_the_browser_reads_them_alike():
    bodies = [body for body, _, _, _ in EXAMPLES]
    read = "body => [Entries.output(body, 7), Entries.state(body, 7), Entries.isState(body)]"
    script = os.path.join(os.path.dirname(deploy.__file__), "static", "deploy", "entries.js")
    code = "%s.map(%s)" % (json.dumps(bodies), read)
    said = or_skip(lambda: javascript.evaluate([script], code))
    expected = [
        [
            None if text is None else {"text": text, "stamp": body["t"]},
            None if state is None else body,
            isinstance(body, dict) and body.get("k") == "state",
        ]
        for body, text, state, _ in EXAMPLES
    ]
    assert said == expected
