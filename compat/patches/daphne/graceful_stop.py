"""
Finish what is in flight on SIGTERM or SIGINT, and then end, within COMPAT_DRAIN_SECONDS.

daphne dropped every connection at once, and then waited for blocked threads for ever.
WebSockets are closed with code 1012 (service restart), upon which clients come back. A second
signal ends the process at once.
https://github.com/django/daphne/issues/38
"""

import functools

from ..._kinds import Number
from ..._settings import Variable
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.2.5,<3.0",
    symptom="a restart cuts off responses, and hangs as long as a view does",
)

drain_seconds = Variable(
    "COMPAT_DRAIN_SECONDS",
    Number("seconds", least=0.05, most=3600, whole=False),
    5.0,
    "How long daphne, or runworker, may take to stop: what is in flight is finished first. Keep "
    "supervisor's stopwaitsecs longer.",
    "Environment of daphne",
)


@patch.when_imported("daphne.server")
def repair(server):
    from ._drain import Drain

    stock_run, stock_listen = server.Server.run, server.Server.listen_success
    reactor = server.reactor
    patch.expect(
        all(hasattr(reactor, name) for name in ("sigInt", "sigTerm", "callWhenRunning")),
        "the reactor has other handlers of signals",
    )

    @functools.wraps(stock_run)
    def run(self):
        if self.signal_handlers:
            self.compat_drain = Drain(self, reactor, drain_seconds(), server.logger)
            reactor.callWhenRunning(self.compat_drain.install)
        return stock_run(self)

    @functools.wraps(stock_listen)
    def listen_success(self, port):
        if hasattr(self, "compat_drain"):
            self.compat_drain.ports.append(port)
        return stock_listen(self, port)

    patch.replace(server.Server, "run", run)
    patch.replace(server.Server, "listen_success", listen_success)


@patch.when_imported("daphne.ws_protocol")
def repair_websocket(ws_protocol):
    from ...close_codes import RESTART

    protocol = ws_protocol.WebSocketProtocol
    stock = protocol.onClose
    patch.expect(hasattr(protocol, "sendCloseFrame"), "autobahn closes differently")

    @functools.wraps(stock)
    def onClose(self, wasClean, code, reason):
        # Not what the client has replied, if anything: the application should know why.
        if getattr(self, "compat_restart", False):
            code = RESTART
        return stock(self, wasClean, code, reason)

    patch.replace(protocol, "onClose", onClose)
