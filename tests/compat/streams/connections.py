"""Scenarios of the connections of readers; run as those of following.py are."""

import asyncio

from compat.streams import flow, hub, publish, publish_many
from compat.streams.entries import entries_frame
from compat.streams.follower import LATEST, StreamFollower

from .following import Collector, in_loop, in_thread, stop


def websocket():
    """The server's end of an open WebSocket, autobahn's own, on a transport that keeps all."""
    from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
    from twisted.test.proto_helpers import StringTransport

    factory = WebSocketServerFactory()
    factory.protocol = WebSocketServerProtocol
    factory.setProtocolOptions(openHandshakeTimeout=0)
    protocol, transport = factory.buildProtocol(None), StringTransport()
    transport.dataBuffer = b""
    protocol.makeConnection(transport)
    protocol.dataReceived(
        b"GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert protocol.state == protocol.STATE_OPEN
    transport.clear()
    return protocol


@in_loop
async def written_directly(stream):
    """A daphne connection gets the same bytes without a task; what it cannot take waits."""
    protocols, plain = [websocket(), websocket()], websocket()
    collectors = [Collector(stream, LATEST, backlog=flow.Wire(one)) for one in protocols]
    for collector in collectors:
        await collector.follower.start()
        await collector.until(lambda c: "live" in c.kinds())
    await in_thread(publish_many, stream, ["a", "b"])
    while not all(one.transport.value() for one in protocols):
        await asyncio.sleep(0.01)
    epoch = hub.Hub.current().topics[stream].epoch
    plain.sendMessage(entries_frame(stream, 1, ['"a"', '"b"'], epoch).encode(), False)
    same = [one.transport.value() == plain.transport.value() for one in protocols]
    # Full, and closing: both take the usual way, where limits are looked at.
    protocols[0].transport.dataBuffer = b"x" * 100000
    protocols[1].state = protocols[1].STATE_CLOSING
    await in_thread(publish, stream, "c")
    for collector in collectors:
        await collector.until(lambda c: c.entries == ["c"])
    same += [one.transport.value() == plain.transport.value() for one in protocols]
    await asyncio.sleep(0)
    tasks = [collector.follower.task for collector in collectors]
    await stop(*collectors)
    return same, tasks


@in_loop
async def coalesced(stream, count):
    """Notifications that come together make one frame for a reader that is up to date."""
    protocol = websocket()
    collector = Collector(stream, LATEST, backlog=flow.Wire(protocol))
    await collector.follower.start()
    await collector.until(lambda c: "live" in c.kinds())
    current = hub.Hub.current()
    for seq in range(1, count + 1):
        current.on_notification(
            {"type": "streams.bell", "stream": stream, "first": seq, "last": seq, "bodies": ["1"]}
        )
    while not protocol.transport.value():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    tail = current.topics[stream].tail
    kept = len(tail.bodies)
    current.topics[stream].rest()
    rested = len(tail.bodies)
    await stop(collector)
    return protocol.transport.value().count(b'"entries"'), kept, rested


@in_loop
async def beats(stream, count):
    """Readers who know of them get beats, also where frames cannot be written directly."""
    protocol = websocket()
    readers = [
        Collector(stream, 0, epoch=""),
        Collector(stream, 0, epoch="", backlog=flow.Wire(protocol)),
        Collector(stream, 0),
        Collector(stream, 0, str, epoch=""),
    ]
    for reader in readers:
        await reader.follower.start()
    await readers[0].until(lambda c: c.kinds().count("beat") == count)
    while protocol.transport.value().count(b'{"type":"beat"}') < count:
        await asyncio.sleep(0.01)
    (beat,) = [frame["beat"] for frame in readers[0].frames if frame["type"] == "live"]
    # One whose connection breaks at that moment is let go, and the others go on.
    readers[0].follower.send_text = lambda text: 1 / 0
    protocol.sendPreparedMessage = lambda message: 1 / 0
    await readers[0].until(lambda c: c.closed)
    await readers[1].until(lambda c: c.closed)
    # Many are spread over the interval.
    many = [Collector(stream, 0, epoch="") for _ in range(128)]
    for reader in many:
        await reader.follower.start()
    heartbeat = hub.Hub.current().heartbeat
    spread = sorted({len(turn) for turn in heartbeat.turns})
    await stop(*many)
    left = sum(map(len, heartbeat.turns))
    await stop(*readers)
    codes = [reader.closed for reader in readers]
    return beat, [r.kinds() for r in readers[2:]], codes, spread, left


@in_loop
async def stuck_reader(stream):
    """A reader whose connection takes nothing is closed; others are not held up."""
    await in_thread(publish_many, stream, range(2000))
    stuck = Collector(stream, 0, backlog=lambda: 2 * 1024 * 1024)
    fine = Collector(stream, 0, backlog=lambda: 0)
    await asyncio.gather(stuck.follower.start(), fine.follower.start())
    await fine.until(lambda c: len(c.entries) == 2000)
    await stuck.until(lambda c: c.closed)
    await stop(fine)
    return stuck.closed, len(stuck.entries), stuck.follower.topic is None


@in_loop
async def failing_reader(stream):
    """A socket that breaks while sending, and a renderer that raises, harm nobody else."""

    async def broken(text):
        raise RuntimeError("gone")

    def picky(body):
        return str(10 // body)

    codes = []

    async def close(code):
        codes.append(code)
        raise RuntimeError("gone, too")

    good = Collector(stream, 0)
    odd = Collector(stream, 0, picky)
    bad = StreamFollower(broken, stream, 0, close=close)
    for follower in (bad, good.follower, odd.follower):
        await follower.start()
    await in_thread(publish_many, stream, [5, 0, 2])
    await good.until(lambda c: c.entries == [5, 0, 2])
    await odd.until(lambda c: len(c.frames) == 2)
    await stop(good, odd)
    return bad.topic is None, codes, odd.frames
