"""
Write a WebSocket's message into its socket at once, framed once for all that get the same.

autobahn makes the arguments of log lines for each message that nobody logs; Twisted asks the
kernel to be told when it may write, waits a turn of the event loop for the answer, and then asks
to be told no more. Where a client has taken all that was sent before, none of that is needed.
What does not fit, or comes after it, waits as before, under the same limits, and in order.
https://github.com/crossbario/autobahn-python/blob/v24.4.2/autobahn/websocket/protocol.py#L1339
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a message to a WebSocket costs a third of a broadcast's CPU, and a turn of the loop",
)


DEBUG = 10  # logging's


@patch.when_imported("daphne.ws_protocol")
def repair(ws_protocol):
    from twisted.internet import abstract, tcp, unix

    from ._writing import turn

    protocol = ws_protocol.WebSocketProtocol
    stock, send = protocol.serverSend, getattr(protocol, "sendData", None)
    patch.expect(send and hasattr(protocol, "sendMessage"), "autobahn writes differently")
    names = stock.__code__.co_varnames[: stock.__code__.co_argcount]
    patch.expect(names == ("self", "content", "binary"), "serverSend() takes %r" % (names,))
    names = set(abstract.FileDescriptor.doWrite.__code__.co_names)
    patch.expect(
        {"_tempDataBuffer", "_tempDataLen", "dataBuffer"} <= names, "Twisted writes differently"
    )
    plain = tcp.Server, unix.Server
    debug, is_on = ws_protocol.logger.debug, ws_protocol.logger.isEnabledFor

    @functools.wraps(stock)
    def serverSend(self, content, binary=False):
        if type(content) is not (bytes if binary else str) or not is_free(self, plain):
            return stock(self, content, binary)
        now = turn()
        frame, size = (now.blobs if binary else now.texts).get(content) or now.frame(content)
        if 0 < least_of(self) <= size:
            return stock(self, content, binary)  # it is compressed
        stats = self.trafficStats
        stats.outgoingWebSocketMessages += 1
        stats.outgoingOctetsAppLevel += size
        stats.outgoingOctetsWebSocketLevel += size
        stats.outgoingWebSocketFrames += 1
        if now.write(self.transport, frame):
            stats.outgoingOctetsWireLevel += len(frame)
        else:
            self.sendData(frame)
        if is_on(DEBUG):
            debug("Sent WebSocket packet to client for %s", self.client_addr)

    @functools.wraps(send)
    def sendData(self, data, sync=False, chopsize=None):
        if sync or chopsize or not is_free(self, plain) or not turn().write(self.transport, data):
            return send(self, data, sync, chopsize)
        self.trafficStats.outgoingOctetsWireLevel += len(data)

    patch.add(protocol, "compat_plain", None)
    # The same as daphne's, and no calls: its server looks each message's protocol up, twice.
    is_itself = {"__hash__": {"hash", "id"}, "__eq__": {"id"}}
    if all(set(vars(protocol)[name].__code__.co_names) == is_itself[name] for name in is_itself):
        for name in is_itself:
            patch.replace(protocol, name, getattr(object, name))
    patch.replace(protocol, "serverSend", serverSend)
    # autobahn's own is inherited, unless another repair has put one here.
    change = patch.replace if "sendData" in vars(protocol) else patch.add
    change(protocol, "sendData", sendData)


@patch.when_imported("daphne.http_protocol")
def repair_http(http_protocol):
    from twisted.internet import tcp, unix

    from ._writing import turn

    plain = tcp.Server, unix.Server

    def compat_write(self, data):
        """A part of a response as it goes over the wire, as event streams of ours have it."""
        transport = self.transport
        if (
            type(transport) not in plain
            or getattr(transport, "TLS", False)
            or not turn().write(transport, data)
        ):
            self.channel.write(data)

    patch.add(http_protocol.WebRequest, "compat_write", compat_write)


def least_of(protocol):
    """Bytes of the smallest message that is compressed, 0 for none, None if autobahn decides."""
    compress = protocol._perMessageCompress
    return 0 if compress is None else getattr(compress, "least", None)


def is_free(protocol, plain):
    """Whether a frame may be written as it is, and nothing of autobahn's waits before it."""
    # Not `protocol.send_queue`: most have none until it is asked for.
    if protocol.state != protocol.STATE_OPEN or vars(protocol).get("send_queue"):
        return False
    if protocol.compat_plain is None:
        transport = protocol.transport
        protocol.compat_plain = (
            type(transport) in plain
            and not getattr(transport, "TLS", False)
            and least_of(protocol) is not None
            and not protocol.autoFragmentSize
            and not protocol.maskServerFrames
            and not protocol.trackedTimings
            and not protocol.logOctets
            and not protocol.logFrames
        )
    return protocol.compat_plain
