"""The one line around a site's routes; what it is made of is imported when it is called."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


def guard(
    application: "Callable[..., Any]", auth: "Optional[Callable[..., Any]]" = None
) -> "Callable[..., Any]":
    """
    An ASGI application that lets WebSockets through to `application` as far as the site allows.

    `auth` puts "session" and "user" into the scope; channels' AuthMiddlewareStack when None.
    """
    from . import plain_request
    from .limits import AddressLimit, SocketLimit
    from .origin import OriginRequired

    if auth is None:
        from channels.auth import AuthMiddlewareStack

        auth = AuthMiddlewareStack
    plain_request.watch(application)
    return OriginRequired(AddressLimit(auth(SocketLimit(application))))
