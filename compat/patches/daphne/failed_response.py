"""
Abort a response whose application failed halfway, and never stop reaping applications.

An error page cannot follow what has been sent. daphne tried, which ended the loop that
answers and forgets failed applications, for all connections and for good.
https://github.com/django/daphne/blob/4.2.2/daphne/server.py#L279
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.2,<=4.2.2",
    symptom="after one failed stream no error gets a response any more: clients hang",
)


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    from ._unanswered import abort, is_open, withdraw

    request = http_protocol.WebRequest
    stock = request.handle_exception

    @functools.wraps(stock)
    def handle_exception(self, exception):
        if not is_open(self):
            return
        if withdraw(self):
            stock(self, exception)
        else:
            abort(self)

    patch.replace(request, "handle_exception", handle_exception)


@patch.when_imported("daphne.server")
def repair_loop(server):
    from inspect import unwrap

    stock = server.Server.application_checker
    names = set(unwrap(stock).__code__.co_names)
    patch.expect({"connections", "callLater"} <= names, "application_checker() looks different")

    @functools.wraps(stock)
    def application_checker(self):
        while True:
            try:
                return stock(self)
            except Exception:
                server.logger.exception("An application's end could not be handled")
                if not drop_first(self, server.logger):
                    break
        again = self.application_checker
        if not any(call.func == again for call in server.reactor.getDelayedCalls()):
            server.reactor.callLater(1, again)

    patch.replace(server.Server, "application_checker", application_checker)


def drop_first(server, logger):
    """Give up the connection at which the loop stopped: the first that still has an ended
    application, for the loop forgets each one it has handled. False when there is none."""
    from ._unanswered import abort

    for protocol, details in server.connections.items():
        application = details.get("application_instance")
        if application is not None and application.done():
            del details["application_instance"]
            failure = None if application.cancelled() else application.exception()
            logger.error("Exception inside application", exc_info=failure)
            if "disconnected" not in details:
                abort(protocol)
            return True
    return False
