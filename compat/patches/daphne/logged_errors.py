"""
Log an application's exception as one, with the consumer's name, instead of as text.

Without `exc_info` a log handler such as Sentry's has no exception: it reports each message as
something new, without a stack, and nobody knows which consumer it was. That a WebSocket was closed
meanwhile, by its client or by a limit, is one line and no error.
https://github.com/django/daphne/issues/256
"""

import functools
import sys

from ...patching.patch import Patch
from .._exceptions import consumer, log, text, whole

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<3.0",
    symptom="exceptions of consumers reach Sentry as text, without a stack and a consumer's name",
)


@patch.when_imported("daphne.server")
def repair(server):
    create, stock = server.Server.create_application, server.Server.application_checker

    @functools.wraps(create)
    def create_application(self, protocol, scope):
        try:
            return create(self, protocol, scope)
        except Exception as error:
            # An older Twisted takes it away, and has only an imitation left.
            vars(error)["compat_trace"] = error.__traceback__
            raise

    @functools.wraps(stock)
    def application_checker(self):
        for protocol, details in list(self.connections.items()):
            application = details.get("application_instance")
            if application is None or not application.done() or application.cancelled():
                continue
            error = application.exception()
            if error is None or isinstance(error, KeyboardInterrupt) or is_told(error):
                continue
            # As the stock one does, which finds nothing left to do.
            if is_closed(error):
                server.logger.info("Closed while %s was sending", consumer(error))
            else:
                log(server.logger, error)
            del details["application_instance"]
            if "disconnected" not in details:
                protocol.handle_exception(error)
        return stock(self)

    patch.replace(server.Server, "create_application", create_application)
    patch.replace(server.Server, "application_checker", application_checker)


@patch.when_imported("daphne.http_protocol")
def repair_requests(http_protocol):
    patch.replace(http_protocol, "logger", with_exceptions(http_protocol.logger))


@patch.when_imported("daphne.ws_protocol")
def repair_sockets(ws_protocol):
    patch.replace(ws_protocol, "logger", with_exceptions(ws_protocol.logger))


def is_told(error):
    """Whether another repair has a line of its own for it."""
    return getattr(error, "compat_unrouted", False)


def is_closed(error):
    """Whether it only says that the WebSocket takes no more, which is no error."""
    kind = type(error)
    return kind.__name__ == "Disconnected" and kind.__module__.startswith("autobahn.")


def with_exceptions(logger):
    """The logger, but what it says of an exception that is being handled has that with it."""
    stock = logger.error

    @functools.wraps(stock)
    def error(msg, *args, **kwargs):
        found = getattr(msg, "value", None) or sys.exc_info()[1]  # a Failure of Twisted's
        if args or "exc_info" in kwargs or not isinstance(found, BaseException):
            return stock(msg, *args, **kwargs)
        trace = vars(found).pop("compat_trace", None)
        if trace is not None:
            found.__traceback__ = trace
        return stock("%s (%s)", text(found), consumer(found), exc_info=whole(found), **kwargs)

    ours = Logger(logger)
    ours.error = error
    return ours


class Logger(object):
    """A logger, to be changed in one place only."""

    def __init__(self, logger):
        self._logger = logger

    def __getattr__(self, name):
        return getattr(self._logger, name)
