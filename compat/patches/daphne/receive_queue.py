"""
Stop reading from a WebSocket while its application has COMPAT_WEBSOCKET_QUEUE messages to take.

daphne put all that a client sent into a queue without an end, however slow the application was.
The default is 100 messages, and 1 MiB of them; 0 means no limit. A client that sends more has to
wait, as TCP makes it, and nothing is lost. Pongs wait, too: where an application is stuck for
longer than --ping-timeout, the client is disconnected.
https://github.com/django/daphne/blob/2.2.5/daphne/server.py
"""

import functools

from ...patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<4.3",
    symptom="a client that sends faster than the application takes fills all memory",
)

VARIABLE = "COMPAT_WEBSOCKET_QUEUE"
DEFAULT = 100
MOST_BYTES = 1024 * 1024  # that are held before the last message


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    protocol = ws_protocol.WebSocketProtocol
    stock_created, stock_process = protocol.applicationCreateWorked, protocol.processData
    patch.expect(
        all(callable(getattr(protocol, name, None)) for name in ("consumeData", "onMessage")),
        "autobahn's protocol is another",
    )

    @functools.wraps(stock_created)
    def applicationCreateWorked(self, application_queue):
        limit = max_messages()
        if limit and application_queue is not None:
            self.compat_inbox = Inbox(self, application_queue, limit)
        return stock_created(self, application_queue)

    @functools.wraps(stock_process)
    def processData(self):
        # False: nothing more can be done with what has arrived so far.
        inbox = getattr(self, "compat_inbox", None)
        if inbox is not None and inbox.is_full():
            return False
        return stock_process(self)

    patch.replace(protocol, "applicationCreateWorked", applicationCreateWorked)
    (patch.replace if "processData" in vars(protocol) else patch.add)(
        protocol, "processData", processData
    )


class Inbox(object):
    """Between a connection and the queue of its application, which must be an asyncio.Queue."""

    def __init__(self, protocol, queue, limit):
        self.protocol = protocol
        self.queue = queue
        self.limit = limit
        self.bytes = 0  # characters, of text
        self.paused = False
        # Two of the three methods that asyncio.Queue documents as there to be overridden.
        self.stock_put, queue._put = queue._put, self.put
        self.stock_get, queue._get = queue._get, self.get

    def is_full(self):
        """Whether nothing more should be taken now; then reading stops."""
        protocol = self.protocol
        if self.queue.qsize() < self.limit and self.bytes < MOST_BYTES:
            return False
        if protocol.state != protocol.STATE_OPEN:
            return False
        self.paused = True
        # Each time: Twisted starts to read again when what we sent has been taken.
        protocol.transport.pauseProducing()
        return True

    def put(self, message):
        """Append a message, for the queue."""
        self.bytes += size(message)
        self.stock_put(message)

    def get(self):
        """The next message, for the queue."""
        message = self.stock_get()
        self.bytes -= size(message)
        if self.paused and self.queue.qsize() <= self.limit // 2 and self.bytes <= MOST_BYTES // 2:
            from asyncio import get_event_loop

            self.paused = False
            get_event_loop().call_soon(self.resume)
        return message

    def resume(self):
        """Go on with what has arrived, and then with what has not."""
        protocol = self.protocol
        if protocol.state != protocol.STATE_CLOSED:
            protocol.consumeData()
        if not self.paused:
            protocol.transport.resumeProducing()


def size(message):
    return len(message.get("text") or message.get("bytes") or ())


def max_messages():
    """COMPAT_WEBSOCKET_QUEUE as an int; a bad value is logged, and the default used."""
    import os

    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return DEFAULT
    try:
        limit = int(text)
    except ValueError:
        limit = -1
    if limit >= 0:
        return limit
    from ...patch import warn

    message = "%s=%r is no number of messages, nor 0 for no limit; using %d"
    warn(message, VARIABLE, text, DEFAULT)
    return DEFAULT
