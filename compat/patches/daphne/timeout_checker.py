"""
Check the timeouts of the connections that are left, whatever one of them does.

A request that had timed out or lost its client was finished again, which ended the loop
behind all HTTP timeouts and WebSocket pings. A timeout in the middle of a response now
aborts it: finished like a whole one, it looked complete to its client.
https://github.com/django/daphne/issues/223
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.2,<=4.2.2",
    symptom="with --http-timeout, a client that leaves a stream stops all timeouts and pings",
)


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    from ._unanswered import abort, is_open, withdraw

    request = http_protocol.WebRequest
    stock = request.check_timeouts

    @functools.wraps(stock)
    def check_timeouts(self):
        if not is_open(self):
            return
        limit = self.server.http_timeout
        if limit and self.duration() > limit and not withdraw(self):
            http_protocol.logger.warning("Application timed out while sending response")
            abort(self)
        else:
            stock(self)

    patch.replace(request, "check_timeouts", guarded(check_timeouts, http_protocol.logger))


@patch.when_imported("daphne.ws_protocol")
def repair_websocket(ws_protocol):
    protocol = ws_protocol.WebSocketProtocol
    guard = guarded(protocol.check_timeouts, ws_protocol.logger)
    patch.replace(protocol, "check_timeouts", guard)


def guarded(check_timeouts, logger):
    """The method, but a connection that fails in it is aborted; the others go on."""
    from ._unanswered import abort

    @functools.wraps(check_timeouts)
    def check(self):
        try:
            check_timeouts(self)
        except Exception:
            logger.exception("The timeouts of a connection could not be checked")
            abort(self)

    return check
