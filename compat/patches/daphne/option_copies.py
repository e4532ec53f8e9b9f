"""
Keep autobahn's options once for all WebSockets, where they are the same.

Each connection copied all 40 of its factory's into itself: a dictionary of twice the size, and
as many assignments. An option of a factory that is not that of the first one is copied still.
https://github.com/crossbario/autobahn-python/blob/v24.4.2/autobahn/websocket/protocol.py#L1003
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="each open WebSocket keeps 2.5 KiB of options that are the same for all",
)
MISSING = object()


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    protocol = ws_protocol.WebSocketProtocol
    stock = getattr(protocol, "_connectionMade", None)
    names = tuple(getattr(protocol, "CONFIG_ATTRS", ()))
    patch.expect(stock and names, "autobahn's protocols have other options")
    patch.expect(
        not any(hasattr(protocol, name) for name in names), "autobahn's protocols have defaults"
    )

    @functools.wraps(stock)
    def _connectionMade(self):
        share(self, protocol, names)
        return stock(self)

    patch.add(protocol, "_connectionMade", _connectionMade)


def share(connection, protocol, names):
    """Give a connection its factory's options: by its class, where they are the same."""
    own, shared, factory = vars(connection), vars(protocol), vars(connection.factory)
    for name in names:
        value = factory.get(name, MISSING)
        if value is MISSING or hasattr(value, "__get__"):
            continue  # set elsewhere, or a function, which would be a method of the class
        known = shared.get(name, MISSING)
        if known is MISSING:
            setattr(protocol, name, value)
        elif known is not value and name not in own:
            setattr(connection, name, value)
