"""
Stop reading from a WebSocket while its application has messages to read, and go on after that.

Whatever a client sent was put into the application's queue, which has no end: a client that sends
faster than the application reads fills the memory, by several hundred bytes for each frame of
seven. Now at most MESSAGES, or MAX_BYTES and one message, wait; the rest stays with the client.
Its pongs stay there too, so meanwhile it is not asked for them, unless it does not read either.
https://github.com/django/daphne/blob/2.2.5/daphne/ws_protocol.py#L143
"""

import functools
import time

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a WebSocket client that sends faster than the application reads fills the memory",
)

MESSAGES = 64
MAX_BYTES = 1024 * 1024


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    from ..._transport import unsent

    protocol = ws_protocol.WebSocketProtocol
    worked, check = protocol.applicationCreateWorked, protocol.check_timeouts
    process = getattr(protocol, "processData", None)
    patch.expect(
        process is not None and hasattr(protocol, "consumeData"), "autobahn reads differently"
    )
    protocol_inbox = "compat_inbox"

    @functools.wraps(worked)
    def applicationCreateWorked(self, application_queue):
        if application_queue is not None:
            self.compat_inbox = Inbox(self, application_queue)
        return worked(self, application_queue)

    @functools.wraps(process)
    def processData(self):
        inbox = vars(self).get(protocol_inbox)
        return False if inbox is not None and inbox.full else process(self)

    @functools.wraps(check)
    def check_timeouts(self):
        inbox = vars(self).get(protocol_inbox)
        if inbox is not None and inbox.full and not unsent(self):
            self.last_ping = time.time()
        return check(self)

    patch.replace(protocol, "applicationCreateWorked", applicationCreateWorked)
    patch.replace(protocol, "check_timeouts", check_timeouts)
    patch.add(protocol, "processData", processData)


class Inbox(object):
    """Counts what is in an application's queue, and pauses its connection while it is full."""

    def __init__(self, protocol, queue):
        self.protocol = protocol
        self.full = False
        self.messages = self.bytes = 0
        self._put, self._get = queue.put_nowait, queue.get_nowait
        # asyncio's get() ends with a get_nowait() of the queue's.
        queue.put_nowait, queue.get_nowait = self.put, self.get

    def put(self, message):
        self._put(message)
        self.messages += 1
        self.bytes += size(message)
        if not self.full and (self.messages >= MESSAGES or self.bytes > MAX_BYTES):
            self._pause()

    def get(self):
        message = self._get()
        self.messages -= 1
        self.bytes -= size(message)
        if self.full and self.messages <= MESSAGES // 2 and self.bytes <= MAX_BYTES // 2:
            self._resume()
        return message

    def _pause(self):
        from ._reading import hold

        self.full = True
        hold(self.protocol, "application")
        # The answer to a ping will not be read before the rest.
        timeout = getattr(self.protocol, "autoPingTimeoutCall", None)
        if timeout is not None:
            timeout.cancel()
            self.protocol.autoPingTimeoutCall = None

    def _resume(self):
        self.full = False
        from twisted.internet import reactor

        reactor.callLater(0, self._continue)  # the application is in the middle of its own work

    def _continue(self):
        from ._reading import release

        protocol = self.protocol
        if self.full or protocol.state == protocol.STATE_CLOSED:
            return
        # First what has been read already: it may be enough to fill the queue again.
        protocol.consumeData()
        if not self.full:
            release(protocol, "application")


def size(message):
    return len(message.get("bytes") or message.get("text") or "")
