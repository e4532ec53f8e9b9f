"""
Give AsyncHttpConsumer its channel layer, channel name and channel messages.

Nothing is received for a consumer that never asks for its `channel_name`: a plain HTTP endpoint
neither costs the layer anything nor fails with it.
https://github.com/django/channels/issues/1172
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1,<2.1.6",
    symptom="AsyncHttpConsumer has no attribute channel_layer; group messages never arrive",
)


@patch.when_imported("channels.generic.http")
def repair(http):
    consumer = http.AsyncHttpConsumer
    stock = vars(consumer).get("__call__")
    names = stock.__code__.co_names if stock else ()
    patch.expect("handle" in names and "disconnect" in names, "AsyncHttpConsumer looks different")
    patch.replace(consumer, "__call__", run)
    patch.add(consumer, "http_request", http_request)
    patch.add(consumer, "http_disconnect", http_disconnect)
    patch.add(consumer, "channel_name", property(channel_name))


async def run(self, receive, send):
    """AsyncHttpConsumer.__call__(), with messages of the channel layer beside the client's."""
    from channels.exceptions import StopConsumer
    from channels.layers import get_channel_layer
    from channels.utils import await_many_dispatch

    self.base_send = send
    self._body = []
    self._channel = None
    self.channel_layer = get_channel_layer(getattr(self, "channel_layer_alias", "default"))
    sources = [receive]
    if self.channel_layer is not None:
        self._channel = Channel(await self.channel_layer.new_channel())
        sources.append(functools.partial(self._channel.receive, self.channel_layer))
    try:
        await await_many_dispatch(sources, self.dispatch)
    except StopConsumer:
        pass
    finally:
        await self.disconnect()


async def http_request(self, message):
    """Collect the body, and hand it to `handle` when it is complete."""
    self._body.append(message.get("body", b""))
    if not message.get("more_body"):
        await self.handle(b"".join(self._body))


async def http_disconnect(self, message):
    """The response is complete or the client has left."""
    from channels.exceptions import StopConsumer

    raise StopConsumer()


def channel_name(self):
    """Where this consumer receives, from now on, messages for its handlers."""
    if self._channel is None:
        raise AttributeError("no channel layer is configured")
    return self._channel.open()


class Channel(object):
    """A name on the channel layer, received from once it is known to anybody."""

    def __init__(self, name):
        import asyncio

        self.name = name
        self.loop = asyncio.get_event_loop()
        self.opened = asyncio.Event()

    def open(self):
        """The name; in any thread."""
        self.loop.call_soon_threadsafe(self.opened.set)
        return self.name

    async def receive(self, layer):
        await self.opened.wait()
        return await layer.receive(self.name)
