"""
Parse a little of what a WebSocket sends, then let others have their turn.

autobahn parses all that has come at once, up to 64 KiB: 11,000 empty frames, or a piece of a
message that is unmasked byte by byte in Python. Nobody else is served meanwhile, and eight such
clients do it one after the other. Now one takes a millisecond, and all that have more to do
five in each turn of the event loop; nothing is read from them before what has come is done.
https://github.com/crossbario/autobahn-python/blob/v24.4.2/autobahn/websocket/protocol.py#L1245
"""

import functools
import time

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a client that sends pings, pongs or fragments as fast as it can holds up all others",
)

SLICE = 8192  # bytes that are parsed at once


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    from ._reading import hold, is_held, release
    from ._turns import STEP, Backlog, Turns

    protocol = ws_protocol.WebSocketProtocol
    receive = getattr(protocol, "dataReceived", None)
    consume = getattr(protocol, "consumeData", None)
    patch.expect(
        receive and consume and hasattr(protocol, "processData"), "autobahn reads in another way"
    )
    turns = Turns(ws_protocol.logger)
    is_open = (protocol.STATE_OPEN, protocol.STATE_CLOSING)

    class Frames(Backlog):
        """What a WebSocket has sent; the frames in `protocol.data` come before it."""

        def __init__(self, protocol):
            super(Frames, self).__init__()
            self.protocol = protocol
            self.unfinished = False  # there are whole frames in protocol.data

        def step(self):
            """Parse a slice; whether the next may follow."""
            protocol = self.protocol
            if protocol.compat_backlog is not self:
                return False
            if protocol.state not in is_open:
                self.clear()
            elif is_held(protocol, "application"):
                return False  # consumeData() is called when it has read
            elif self.unfinished:
                consumeData(protocol)
            elif self:
                protocol._dataReceived(self.take(SLICE))  # the outer one only logs
            if self.unfinished or self:
                return True
            protocol.compat_backlog = None
            release(protocol, "turn")
            return False

        def fail(self):
            self.protocol.compat_backlog = None
            self.protocol.dropConnection(abort=True)

    def backlog_of(protocol):
        if protocol.compat_backlog is None:
            protocol.compat_backlog = Frames(protocol)
            hold(protocol, "turn")
        return protocol.compat_backlog

    @functools.wraps(receive)
    def dataReceived(self, data):
        backlog = self.compat_backlog
        if self.state not in is_open or (backlog is None and len(data) <= SLICE):
            return receive(self, data)
        backlog = backlog_of(self)
        backlog.put(data)
        return turns.add(backlog)

    @functools.wraps(consume)
    def consumeData(self):
        if self.state not in is_open:
            return consume(self)
        process, closed = self.processData, self.STATE_CLOSED
        if len(self.data) > 2 * SLICE:  # what came before the socket was accepted
            backlog_of(self).push(self.data[SLICE:])
            self.data = self.data[:SLICE]
        backlog = self.compat_backlog
        if backlog is not None:
            backlog.unfinished = False
        until = time.monotonic() + STEP
        while process() and self.state != closed:
            if time.monotonic() > until:
                backlog = backlog_of(self)
                backlog.unfinished = True
                break
        return None if backlog is None else turns.add(backlog)

    patch.add(protocol, "compat_backlog", None)
    patch.add(protocol, "dataReceived", dataReceived)
    patch.add(protocol, "consumeData", consumeData)
