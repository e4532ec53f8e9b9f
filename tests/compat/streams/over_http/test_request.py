"""What an address and headers say, without a server."""

import json

import pytest

from compat.streams.consumer import since_from
from compat.streams.over_http import request
from compat.streams.over_http.answers import page
from compat.streams.over_http.events import event
from compat.streams.over_http.session import Session


def scope(query=b"", method="GET", **headers):
    named = [
        (name.replace("_", "-").encode(), text.encode("latin-1")) for name, text in headers.items()
    ]
    return {
        "type": "http", "method": method, "path": "/ws/", "query_string": query, "headers": named,
    }  # fmt: skip


@pytest.mark.parametrize(
    "query, accept, transport",
    [
        (b"", "text/event-stream", "events"),
        (b"", "text/html, Text/Event-Stream;q=0.5", "events"),
        (b"", "*/*", None),
        (b"", "text/event-stream-of-mine", None),
        (b"transport=poll", "*/*", "poll"),
        (b"transport=poll", "text/event-stream", "poll"),
        (b"transport=poll&transport=events", "", "events"),
        (b"transport=", "text/event-stream", None),
        (b"transport=x", "text/event-stream", None),
    ],
)
def test_which_transport_is_wanted(query, accept, transport):
    assert request.wanted(scope(query, accept=accept)) == transport


@pytest.mark.parametrize(
    "query, last, since, epoch",
    [
        (b"since=3", None, "3", ""),
        (b"since=3&epoch=e", None, "3", "e"),
        (b"since=3&epoch=e", "f:7", "7", "f"),
        (b"since=3&epoch=e", "7", "7", ""),
        (b"since=3&epoch=e", "", "3", "e"),
        # However they are written: what the header says comes last.
        (b"%73ince=3&a=b&epoch=e&sinc%65=4", "f:7", "7", "f"),
        (b"a=1;since=3", "f:7", "7", "f"),
        (b"", "x&since=9", "x&since=9", ""),
        (b"", "e\r\n:1", "1", "e\r\n"),
    ],
)
def test_which_cursor_counts(query, last, since, epoch):
    given = scope(query) if last is None else scope(query, last_event_id=last)
    found = since_from(request.socket_scope(given, "events"))
    assert (found, found.epoch) == (since, epoch)


def test_other_fields_of_the_address_stay():
    given = scope(b"since=3&room=%C3%A4&x", last_event_id="e:1")
    assert request.with_cursor(given) == b"room=%C3%A4&x&since=1&epoch=e"


def test_an_address_can_only_subscribe():
    """It may be another site's page that had it opened: a consumer must not take it for more."""
    said = {"type": "evil", "message": "evil", '"},"message":"evil"': 0}
    query = b"subscribe=" + request.quote(json.dumps(said)).encode()
    session = Session(scope(query), lambda inner: None)
    session.connected = True
    coroutine = session.receive()
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    message = stopped.value.value
    assert message["type"] == "websocket.receive"
    assert json.loads(message["text"]) == {"type": "subscribe", "streams": said}


def test_text_of_a_consumers_own_cannot_become_another_event():
    assert event("a\r\nid: 7\n\ndata: b\rc") == (
        b"data: a\ndata: id: 7\ndata: \ndata: data: b\ndata: c\n\n"
    )
    assert page(["{", '{"a": 1}', "[" * 99999]) == (
        b'{"cursor":null,"frames":["{",{"a": 1},"' + b"[" * 99999 + b'"]}'
    )
