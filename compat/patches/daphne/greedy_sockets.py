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


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    from ._frames import SLICE, backlog_of, is_open
    from ._turns import STEP, Turns

    protocol = ws_protocol.WebSocketProtocol
    receive = getattr(protocol, "dataReceived", None)
    consume = getattr(protocol, "consumeData", None)
    patch.expect(
        receive and consume and hasattr(protocol, "processData"), "autobahn reads in another way"
    )
    turns = Turns(ws_protocol.logger)

    @functools.wraps(receive)
    def dataReceived(self, data):
        backlog = self.compat_backlog
        if not is_open(self) or (backlog is None and len(data) <= SLICE):
            return receive(self, data)
        backlog = backlog_of(self)
        backlog.put(data)
        return turns.add(backlog)

    @functools.wraps(consume)
    def consumeData(self):
        if not is_open(self):
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
