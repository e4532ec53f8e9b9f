"""
Close a WebSocket with 4029 (too many) when it sends control frames or tiny fragments without end.

A ping, a pong and a fragment of nothing cost as much to parse as a message, and the application
hears of none of them, so that no limit of a site's holds them up. Clients send one in some
seconds; here they may send 1,000 at once, and 100 in each second after that.
https://www.rfc-editor.org/rfc/rfc6455#section-5.5
"""

import functools
import time

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a client that sends pings for hours takes a processor for hours, and nobody is told",
)

REASON = b"too many frames"
BURST, RATE = 1000, 100.0  # frames, and frames a second
TINY = 64  # bytes; browsers cut messages into pieces of more than 100 KB
CLOSE = 8  # the opcode


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    from ...close_codes import TOO_MANY

    protocol = ws_protocol.WebSocketProtocol
    begin = getattr(protocol, "onFrameBegin", None)
    stock = getattr(protocol, "_dataReceived", None)
    close = protocol.onClose
    patch.expect(
        begin and stock and hasattr(protocol, "sendCloseFrame"), "autobahn reads in another way"
    )

    @functools.wraps(begin)
    def onFrameBegin(self):
        begin(self)
        frame = self.current_frame
        if is_overhead(frame) and self.state == self.STATE_OPEN and not may_send(self):
            ws_protocol.logger.info("Closing a WebSocket that sends too many frames: %r", self)
            self.compat_flooded = True
            self.data = b""
            self.sendCloseFrame(code=TOO_MANY, reasonUtf8=REASON)

    @functools.wraps(stock)
    def _dataReceived(self, data):
        # Nothing that it sends is of interest any more; it is dropped if it does not go.
        return None if self.compat_flooded else stock(self, data)

    @functools.wraps(close)
    def onClose(self, wasClean, code, reason):
        return close(self, wasClean, TOO_MANY if self.compat_flooded else code, reason)

    patch.add(protocol, "compat_flooded", False)
    patch.add(protocol, "compat_allowance", None)
    patch.add(protocol, "onFrameBegin", onFrameBegin)
    patch.replace(protocol, "onClose", onClose)
    (patch.replace if "_dataReceived" in vars(protocol) else patch.add)(
        protocol, "_dataReceived", _dataReceived
    )


def is_overhead(frame):
    """Whether a frame brings nothing, or next to nothing, for the application."""
    return frame.opcode > CLOSE or (not frame.fin and frame.length < TINY)


def may_send(protocol):
    """Whether the client may send one more of those by now."""
    now = time.monotonic()
    left, since = protocol.compat_allowance or (BURST, now)
    left = min(BURST, left + (now - since) * RATE) - 1
    protocol.compat_allowance = left, now
    return left >= 0
