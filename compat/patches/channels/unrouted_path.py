"""
Answer 404 to a path that no route of a URLRouter's has, with one line in the log.

It was a ValueError: 500, and a traceback of 27 lines for each try.
https://github.com/django/channels/issues/1289
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<4.0",
    requires={"daphne": ">=2.0,<3.0"},
    symptom="a WebSocket to a path that is not routed is a 500 with 27 lines of traceback",
)

BEGINS = "No route found for path"


@patch.when_imported("channels.routing")
def repair(routing):
    router = routing.URLRouter
    stock = router.__call__
    patch.expect(
        any(str(constant).startswith(BEGINS) for constant in stock.__code__.co_consts),
        "URLRouter says it in another way",
    )

    @functools.wraps(stock)
    def __call__(self, scope):
        try:
            return stock(self, scope)
        except ValueError as error:
            # Still a ValueError, for the middleware that has an answer of its own.
            if str(error).startswith(BEGINS):
                error.compat_unrouted = True
            raise

    patch.replace(router, "__call__", __call__)


@patch.when_imported("daphne.server")
def repair_server(server):
    import asyncio

    create, check = server.Server.create_application, server.Server.application_checker

    @functools.wraps(create)
    def create_application(self, protocol, scope):
        try:
            return create(self, protocol, scope)
        except ValueError as error:
            if not is_unrouted(error):
                raise
            server.reactor.callLater(0, refuse, self, protocol, server.logger)
            return asyncio.Queue()

    @functools.wraps(check)
    def application_checker(self):
        for protocol, details in list(self.connections.items()):
            application = details.get("application_instance")
            if application is None or not application.done() or application.cancelled():
                continue
            if is_unrouted(application.exception()):
                del details["application_instance"]
                refuse(self, protocol, server.logger)
        return check(self)

    patch.replace(server.Server, "create_application", create_application)
    patch.replace(server.Server, "application_checker", application_checker)


def is_unrouted(error):
    return getattr(error, "compat_unrouted", False)


def refuse(server, protocol, logger):
    """Answer 404, unless the client has gone."""
    from ..daphne._drain import named
    from ..daphne._unanswered import deny, is_open

    logger.warning("Not Found: %s, which no route has", named(protocol))
    if hasattr(protocol, "sendCloseFrame"):
        deny(protocol, 404, "Not Found")
    elif is_open(protocol):
        protocol.basic_error(404, b"Not Found", "No route has this path.")
