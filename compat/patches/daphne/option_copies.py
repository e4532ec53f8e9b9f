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


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    from ._shared_state import options_of

    protocol = ws_protocol.WebSocketProtocol
    stock = getattr(protocol, "_connectionMade", None)
    names = tuple(getattr(protocol, "CONFIG_ATTRS", ()))
    patch.expect(stock and names, "autobahn's protocols have other options")
    patch.expect(
        not any(hasattr(protocol, name) for name in names), "autobahn's protocols have defaults"
    )
    options = options_of(protocol)

    @functools.wraps(stock)
    def _connectionMade(self):
        options.share(self)
        return stock(self)

    patch.add(protocol, "_connectionMade", _connectionMade)
