"""
Let go of the HTTP request of a WebSocket when it has become one.

Its connection went on holding Twisted's HTTP channel as the one to pause when a client does not
read, though that does nothing while its request is handled, which for a WebSocket is for ever.
https://github.com/django/daphne/blob/2.2.5/daphne/http_protocol.py#L124
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="each open WebSocket keeps 3 KiB of the HTTP request that it has been",
)


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    from twisted.internet.abstract import FileDescriptor
    from twisted.web.http import HTTPChannel

    request = http_protocol.WebRequest
    stock = request.process
    patch.expect(
        "_handlingRequest" in HTTPChannel.pauseProducing.__code__.co_names
        and hasattr(FileDescriptor, "unregisterProducer"),
        "Twisted's channel is another kind of producer",
    )

    @functools.wraps(stock)
    def process(self):
        result = stock(self)
        if self.transport is None:  # handed over
            let_go(self.channel, FileDescriptor)
        return result

    patch.replace(request, "process", process)


def let_go(channel, kind):
    """Of connections of that kind; others may mind to be told again, by autobahn."""
    transport = getattr(channel, "transport", None)
    if not isinstance(transport, kind):
        return
    producer = getattr(transport, "producer", None)
    if producer is not None and producer is channel and channel._handlingRequest:
        if channel._requestProducer is None:
            transport.unregisterProducer()
