"""
Who may open a WebSocket, how many, and for how long.

One line around a site's routes, under "websocket" of its ProtocolTypeRouter::

    from compat.sockets import guard

    application = ProtocolTypeRouter({"websocket": guard(URLRouter([url(r"^ws/news/$", News)]))})

It is, from the outside: the Origin must be one of ours, else 403; not too many sockets from one
address; session and user, as by channels' AuthMiddlewareStack; not too many sockets of one user,
nor messages a second; and whoever has been signed out since is disconnected.

Settings (0: no limit): SOCKETS_ORIGINS (None: as ALLOWED_HOSTS says), SOCKETS_PER_ADDRESS (500),
SOCKETS_PER_USER (100), SOCKETS_UNCOUNTED_ADDRESSES (loopback), SOCKETS_MESSAGES_PER_SECOND (50),
SOCKETS_MESSAGES_AT_ONCE (500), SOCKETS_RECHECK_SECONDS (30). Counts are those of one process.

Close codes (see close_codes.py): TOO_MANY, come back later; SIGNED_OUT and FORBIDDEN, both final.
"""

# Here while the package is imported: later the module of that name would take the function's place.
from .codes import CLOSE_FORBIDDEN, CLOSE_SIGNED_OUT, CLOSE_TOO_MANY
from .guard import guard

__all__ = ["CLOSE_FORBIDDEN", "CLOSE_SIGNED_OUT", "CLOSE_TOO_MANY", "guard"]
