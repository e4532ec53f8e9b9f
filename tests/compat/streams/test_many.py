"""Many streams on one socket: bounds, hostile frames, and permissions; over a real daphne."""

import json

import pytest

from tests.support.sites.streams import ManyStreams as Socket
from tests.support.sites.streams import Site, Steps
from tests.support.wait import wait_until


@pytest.fixture(scope="module")
def site(sqlite_settings, tmp_path_factory):
    """A site without a layer, for all of this module."""
    site = Site(sqlite_settings, tmp_path_factory.mktemp("many"), poll=0.2, socket=8, slow=1)
    yield site
    site.close()


@pytest.fixture(scope="module")
def publish(site):
    """publish(stream, body), without a process for each."""
    steps = Steps(site)
    yield steps.publish
    steps.close()


@pytest.fixture(scope="module")
def server(site):
    server = site.daphne()
    yield server
    assert "Traceback" not in server.output()


@pytest.fixture
def open_socket(server):
    sockets = []

    def open_one():
        sockets.append(Socket(server))
        return sockets[-1]

    yield open_one
    for one in sockets:
        one.connection.shutdown()


@pytest.fixture
def socket(open_socket):
    return open_socket()


WRONG = [
    ("not JSON", "bad-json"),
    ("", "bad-json"),
    ("[" * 60000, "bad-json"),
    ("{", "bad-json"),
    ("null", "bad-frame"),
    ("7", "bad-frame"),
    ('["subscribe"]', "bad-frame"),
    ("{}", "bad-frame"),
    ('{"type": 7}', "bad-frame"),
    ('{"type": {"type": "subscribe"}}', "bad-frame"),
    ('{"type": "subscribe"}', "bad-frame"),
    ('{"type": "subscribe", "streams": {}}', "bad-frame"),
    ('{"type": "subscribe", "streams": ["news"]}', "bad-frame"),
    ('{"type": "subscribe", "streams": "news"}', "bad-frame"),
    ('{"type": "subscribe", "streams": null}', "bad-frame"),
    ('{"type": "unsubscribe", "streams": {"news": 0}}', "bad-frame"),
    ('{"type": "unsubscribe", "streams": [7]}', "bad-frame"),
    ('{"type": "unsubscribe", "streams": "news"}', "bad-frame"),
    (json.dumps({"type": "subscribe", "streams": {"news": "9" * 65536}}), "too-large"),
]


def test_frames_that_are_none_are_answered_and_close_nothing(socket, publish, stream):
    socket.subscribe({stream: 0})
    assert socket.frame()["type"] == "live"
    for frame, code in WRONG:
        assert socket.said(frame) == code, frame[:100]
    socket.connection.send_binary(b"\xff\x00")
    assert socket.frame()["code"] == "binary"
    # Of another type than ours, as of a later version or of a site's own.
    socket.send({"type": "hello", "streams": 7})
    assert socket.is_well()
    publish(stream, "still here")
    assert socket.frame()["bodies"] == ["still here"]


SINCES = [
    None,
    True,
    1.5,
    -2,
    "x",
    "",
    "0x1",
    [],
    {},
    "a:b",
    "ä:1",
    ":1",
    "a:",
    2**63,
    "e" * 17 + ":1",
]
NAMES = ["", " test:x", "test:x ", "test:\n", "test:\u2028", "test:\ud800", "\x00", "x" * 60000]


def test_what_is_wrong_with_one_stream_is_said_of_it_alone(socket, stream):
    for since in SINCES:
        socket.subscribe({stream: since})
        error = socket.frame()
        assert (error["code"], error["stream"]) == ("bad-since", stream), since
        assert "\n" not in error["detail"] and len(error["detail"]) < 200
    for name in NAMES:
        socket.subscribe({name: 0})
        error = socket.frame()
        assert (error["code"], error["stream"]) == ("bad-name", name[:190]), ascii(name)
        assert len(error["detail"]) <= 1000
    socket.subscribe({"of-nobody": 0, f"{stream}:secret": 0, stream: 0})
    found = [socket.frame() for _ in range(3)]
    assert [(one.get("code", one["type"]), one["stream"]) for one in found] == [
        ("unknown", "of-nobody"), ("denied", f"{stream}:secret"), ("live", stream),
    ]  # fmt: skip
    assert socket.said({"type": "subscribe", "streams": {stream: 0}}) == "duplicate"
    assert socket.is_well()


def test_a_cursor_in_the_future_or_of_another_epoch_starts_over(socket, publish, stream):
    for number in range(3):
        publish(stream, number)
    for since in (4, 2**63 - 1, "other:2", "other:0"):
        socket.subscribe({stream: since})
        expected = ([] if since == "other:0" else ["reset"]) + ["entries", "live"]
        assert [socket.frame()["type"] for _ in expected] == expected
        socket.send({"type": "unsubscribe", "streams": [stream]})
        assert socket.frame()["type"] == "unsubscribed"


def test_a_socket_follows_so_many_and_no_more(open_socket, stream):
    socket, other = open_socket(), open_socket()
    assert socket.hello == {"type": "hello", "streams": 8, "beat": 15}
    names = [f"{stream}.{number}" for number in range(10)]
    socket.subscribe(dict.fromkeys(names, 0))
    found = [socket.frame() for _ in range(10)]
    assert [one["stream"] for one in found if one.get("code") == "too-many"] == names[8:]
    assert {one["stream"] for one in found if one["type"] == "live"} == set(names[:8])
    # The place of one that is left is free.
    socket.send({"type": "unsubscribe", "streams": names[:1] + ["never followed"]})
    assert [socket.frame()["type"] for _ in range(2)] == ["unsubscribed"] * 2
    socket.subscribe({names[8]: 0, names[9]: 0})
    assert {socket.frame().get("code", "live") for _ in range(2)} == {"live", "too-many"}
    other.subscribe({names[9]: 0})
    assert other.frame()["type"] == "live"


@pytest.mark.parametrize("frame", ["subscribe", "subscribe many", "nonsense"])
def test_a_storm_of_frames_ends_its_own_connection(open_socket, publish, stream, frame):
    socket, other = open_socket(), open_socket()
    other.subscribe({stream: 0})
    assert other.frame()["type"] == "live"
    names = {f"{stream}.{number}": 0 for number in range(1 if frame == "subscribe" else 500)}
    text = json.dumps({"type": "subscribe", "streams": names}) if frame != "nonsense" else "{"
    try:
        # 500 at once and 50 a second are allowed, which 1,100 did not exceed on a starved machine.
        for _ in range(3 if frame == "subscribe many" else 3000):
            socket.send(text)
    except OSError:
        pass  # it is closed already
    answer = {}
    while not isinstance(answer, int):
        answer = socket.frame()
    assert answer == 4029
    publish(stream, "to the others")
    assert other.frame()["bodies"] == ["to the others"]


def test_a_client_that_does_not_read_is_closed_for_all_its_streams(
    open_socket, site, server, stream
):
    """What waits for it is bounded for the connection, and the others go on."""
    names = [f"{stream}.{number}" for number in range(3)]
    for name in names:
        site.run("publish_bulk", name, 5000, 1000)
    stuck, other = open_socket(), open_socket()
    stuck.subscribe(dict.fromkeys(names, 0))
    wait_until(lambda: f"reader of {stream}" in server.output(), what="the closing")
    other.subscribe({names[0]: "latest"})
    assert other.frame()["seq"] == 5000
    answer = {}
    while not isinstance(answer, int):
        answer = stuck.frame()
    assert answer == 4013
