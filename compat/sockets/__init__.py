"""
Who may open a WebSocket, how many, and for how long.

One line around a site's routes, under "websocket" of its ProtocolTypeRouter::

    from compat.sockets import guard

    application = ProtocolTypeRouter({"websocket": guard(URLRouter([url(r"^ws/news/$", News)]))})

It is, from the outside: the Origin must be one of ours, else 403; not too many sockets from one
address; channels' AuthMiddlewareStack; not too many sockets of one user, nor messages a second;
and whoever has been signed out since is disconnected.

Settings (0: no limit): SOCKETS_ORIGINS (None: as ALLOWED_HOSTS says), SOCKETS_PER_ADDRESS (500),
SOCKETS_PER_USER (100), SOCKETS_UNCOUNTED_ADDRESSES (loopback), SOCKETS_MESSAGES_PER_SECOND (50),
SOCKETS_MESSAGES_AT_ONCE (500), SOCKETS_RECHECK_SECONDS (30). Counts are those of one process.

Close codes: 4029 too many sockets or messages, come back later; 4501 signed out and 4503 not
allowed any more, both final.
"""

from .codes import CLOSE_FORBIDDEN, CLOSE_SIGNED_OUT, CLOSE_TOO_MANY

__all__ = ["CLOSE_FORBIDDEN", "CLOSE_SIGNED_OUT", "CLOSE_TOO_MANY", "guard"]


def guard(application, auth=None):
    """
    An ASGI application that lets WebSockets through to `application` as far as the site allows.

    `auth` puts "session" and "user" into the scope; channels' AuthMiddlewareStack when None.
    Raises ImproperlyConfigured for a setting that is not what it should be.
    """
    from .limits import AddressLimit, SocketLimit
    from .origin import OriginRequired

    if auth is None:
        from channels.auth import AuthMiddlewareStack as auth
    return OriginRequired(AddressLimit(auth(SocketLimit(application))))
