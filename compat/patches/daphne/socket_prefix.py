"""
Tell WebSockets of the prefix that the site is mounted below, as pages are told: `root_path`.

From `daphne --root-path`, or from the header of a proxy that is trusted (see root_path).
https://asgi.readthedocs.io/en/latest/specs/www.html#websocket-connection-scope
"""

import functools

from ...patching.patch import Patch
from .root_path import HEADER

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<3.0",
    symptom="a WebSocket's scope has no root_path, so that a site below a prefix has no sockets",
)


def with_prefix(scope, prefix):
    """The scope of a WebSocket with its root_path, and without the header."""
    headers = scope["headers"]
    told = [value for name, value in headers if name.lower() == HEADER]
    if told:
        prefix = unquoted(told[-1])
        headers = [one for one in headers if one[0].lower() != HEADER]
    return dict(scope, root_path=prefix, headers=headers)


def unquoted(value):
    from urllib.parse import unquote

    return unquote(value.decode("latin-1"))


@patch.when_imported("daphne.server")
def repair(server):
    stock = server.Server.create_application

    @functools.wraps(stock)
    def create_application(self, protocol, scope):
        if scope["type"] == "websocket" and "root_path" not in scope:
            scope = with_prefix(scope, getattr(self, "root_path", ""))
        return stock(self, protocol, scope)

    patch.replace(server.Server, "create_application", create_application)
