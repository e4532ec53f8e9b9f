"""
Where WebSockets are blocked: the same consumers, over plain HTTP.

One line beside a site's WebSockets, in the ProtocolTypeRouter::

    from compat.streams.over_http import over_http

    websockets = guard(URLRouter([url(r"^ws/news/$", News)]))
    application = ProtocolTypeRouter({"websocket": websockets, "http": over_http(websockets)})

Each socket can then be followed at its own address, by Server-Sent Events
(`curl -N -H "Accept: text/event-stream" https://www.example.com/ws/news/?since=0`) and by long
polling (`/ws/news/?since=0&transport=poll`). It is the socket's own application that answers: the
same guard, permissions, limits and rechecks. What a client would send into the socket, it cannot.

Through uWSGI, where no daphne is reached: LongPollView of view.py.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

__all__ = ["over_http"]


def over_http(
    sockets: "Callable[..., Any]", pages: "Optional[Callable[..., Any]]" = None
) -> "Callable[..., Any]":
    """
    An ASGI application for "http" that lets the consumers of `sockets`, what stands under
    "websocket", be followed by Server-Sent Events and long polling.

    All other requests go to `pages`; Django's views when None.
    """
    # Here: a process that only polls has no need of channels.
    from .application import OverHttp

    return OverHttp(sockets, pages)
