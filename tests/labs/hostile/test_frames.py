"""Each frame and message gets what docs/reference/hostile-input.md says, and harms nobody else."""

import json
import struct

import pytest

from .cases import FRAMES, MESSAGES, SINCES, SUBSCRIPTIONS
from .cases.handshakes import to
from .wire import frame

ALIVE = '{"message": "alive"}'
LEFT = '{"type": "unsubscribe", "streams": ["alive"]}'


def told(peer, lives):
    """What comes before the end or, with `lives`, before the answer to an ordinary message."""
    if lives:
        peer.send(frame(ALIVE.encode()))
    found = []
    while True:
        try:
            opcode, payload = peer.frame()
        except (EOFError, ConnectionResetError):
            return ", ".join(found + ["dropped"])
        if opcode == 8:
            return ", ".join(found + ["close %d" % struct.unpack("!H", payload[:2])])
        if opcode == 1 and payload.decode() == ALIVE:
            return ", ".join(found + ["lives"])
        found.append(kind(opcode, payload))


def kind(opcode, payload):
    if opcode != 1:
        return {9: "ping", 10: "pong"}[opcode]
    said = json.loads(payload.decode())
    kind = said.get("type", "message")
    return "error " + said["code"] if kind == "error" else kind


@pytest.mark.parametrize("case", FRAMES + MESSAGES, ids=repr)
def test_frame(site, case):
    with site.open() as neighbour, site.open() as peer:
        got = case.got if isinstance(case.got, tuple) else (case.got,)
        peer.send(site.bytes(case.data))
        assert told(peer, "lives" in got[0]) in got
        neighbour.send(frame(b'{"message": "unharmed"}'))
        while neighbour.text() != '{"message": "unharmed"}':
            pass  # what the other one said, if it could be passed on


@pytest.mark.parametrize("case", SUBSCRIPTIONS, ids=repr)
def test_subscription(site, case):
    with site.open(path=b"/ws/streams/") as neighbour, site.open(path=b"/ws/streams/") as peer:
        assert json.loads(peer.text())["type"] == "hello"
        peer.send(site.bytes(case.data))
        peer.send(frame(LEFT.encode()))
        found = []
        while not found or not found[-1].startswith(("lives", "close")):
            opcode, payload = peer.frame()
            if opcode == 8:
                found.append("close %d" % struct.unpack("!H", payload[:2]))
            elif json.loads(payload.decode()).get("stream") == "alive":
                found.append("lives")
            elif kind(opcode, payload) not in ("beat", "entries"):
                found.append(kind(opcode, payload))
        # A storm is complained of until it ends.
        got = case.got if isinstance(case.got, tuple) else (case.got,)
        found = found[-1:] if "close" in got[0] else found
        assert ", ".join(found) in got
        neighbour.send(frame(LEFT.encode()))
        while json.loads(neighbour.text()).get("stream") != "alive":
            pass


@pytest.mark.parametrize("case", SINCES, ids=repr)
def test_since(site, case):
    with site.peer() as peer:
        peer.send(site.bytes(to(b"/ws/deploy/release/?" + case.data)))
        assert peer.status() == 101
        got = told(peer, "lives" in case.got)
    # Entries and the news that there are no more may come before the answer.
    kept = [word for word in got.split(", ") if word not in ("entries", "live")]
    assert ", ".join(kept) == case.got
