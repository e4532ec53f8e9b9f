"""
Give a client up to 10 seconds to take what was sent before its WebSocket's close code.

autobahn resets a connection whose client has not answered the closing handshake within a second.
Whoever was still reading then, over a slow line or on a busy machine, lost the rest, and with it
the code: a page that should stay away, or start over, came back as after a lost connection. Once
all is delivered, the connection ends as it does now, but without a reset.
https://github.com/crossbario/autobahn-python/blob/v24.4.2/autobahn/websocket/protocol.py#L841
"""

import functools
import time

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a client on a slow line does not hear with which code its WebSocket was closed",
)

PATIENCE = 10  # seconds, of which the first is autobahn's


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    from ..._transport import undelivered

    protocol = ws_protocol.WebSocketProtocol
    timeout = getattr(protocol, "onCloseHandshakeTimeout", None)
    close = getattr(protocol, "_closeConnection", None)
    patch.expect(timeout and close, "autobahn closes differently")

    @functools.wraps(timeout)
    def onCloseHandshakeTimeout(self):
        if self.state != self.STATE_CLOSED:
            now = time.monotonic()
            self.compat_closing = self.compat_closing or now
            if undelivered(self):
                if now - self.compat_closing < PATIENCE - 1:
                    self.closeHandshakeTimeoutCall = self.factory._batched_timer.call_later(
                        self.closeHandshakeTimeout, self.onCloseHandshakeTimeout
                    )
                    return
            else:
                self.compat_delivered = True
        timeout(self)

    @functools.wraps(close)
    def _closeConnection(self, abort=False):
        # A reset makes some systems forget what has come and was not read yet.
        close(self, abort and not self.compat_delivered)

    patch.add(protocol, "compat_closing", None)
    patch.add(protocol, "compat_delivered", False)
    patch.add(protocol, "onCloseHandshakeTimeout", onCloseHandshakeTimeout)
    patch.add(protocol, "_closeConnection", _closeConnection)
