"""
Close a WebSocket with any code that a server may send; with 1011 and a log line for all others.

autobahn lets applications send what a page's close() may: 1000, and 3000 to 4999. For 1012 (service
restart) and its like daphne raised in the application, and the socket stayed open, with nobody
behind it.
https://github.com/django/daphne/issues/374
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a WebSocket that is closed with 1012, or another code for servers, stays open",
)


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    protocol, logger = ws_protocol.WebSocketProtocol, ws_protocol.logger
    stock = protocol.serverClose
    patch.expect(hasattr(protocol, "sendCloseFrame"), "autobahn closes differently")
    patch.expect(stock.__code__.co_varnames[:2] == ("self", "code"), "serverClose() is different")

    @functools.wraps(stock)
    def serverClose(self, code=None):
        if code is None:
            return stock(self)
        self.sendCloseFrame(code=sendable(code, logger))

    patch.replace(protocol, "serverClose", serverClose)


def sendable(code, logger):
    """The code as an int if a server may send it, else 1011."""
    from ...close_codes import FAILED, may_be_sent

    if may_be_sent(code):
        return int(code)
    logger.error("No WebSocket can be closed with %.80r; this one is, with %d", code, FAILED)
    return FAILED
