"""The one line around a site's routes; what it is made of is imported when it is called."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


def guard(
    application: "Callable[..., Any]", auth: "Optional[Callable[..., Any]]" = None
) -> "Callable[..., Any]":
    """
    An ASGI application that lets WebSockets through to `application` as far as the site allows.

    `auth` puts "session" and "user" into the scope. When it is None, that is done as channels'
    AuthMiddlewareStack does it, for all handshakes at once that arrive together.
    """
    from . import plain_request
    from .limits import AddressLimit, SocketLimit
    from .origin import OriginRequired

    if auth is None:
        from . import interface

        if interface.SINGLE:  # channels 3 and later
            from channels.auth import AuthMiddlewareStack as SignIn
        else:
            from .sign_in import SignIn

        auth = SignIn
    plain_request.watch(application)
    return OriginRequired(AddressLimit(auth(SocketLimit(application))))
