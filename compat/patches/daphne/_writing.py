"""Frames on their way to a client: at once where nothing waits, else with what waits."""

import asyncio
import struct

PIECE = 64 * 1024  # bytes, from which on Twisted is left to write in its own way
TEXT, BINARY = 0x81, 0x82  # first bytes of whole messages


def framed(opening, payload):
    """A whole message, unmasked, as servers send it: RFC 6455, 5.2."""
    size = len(payload)
    if size < 126:
        return bytes((opening, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", opening, 126, size) + payload
    return struct.pack("!BBQ", opening, 127, size) + payload


class Last(object):
    """The frame of the last message: the same one often goes to many clients, one after another."""

    def __init__(self):
        self.forget()

    def forget(self):
        self.content = self.framed = None

    def of(self, content):
        """(frame, bytes of its content) for a str or bytes."""
        last = self.content
        if content is last or (type(content) is type(last) and content == last):
            return self.framed
        text = type(content) is str
        payload = content.encode("utf8") if text else content
        self.content = content
        self.framed = framed(TEXT if text else BINARY, payload), len(payload)
        return self.framed


class Turn(object):
    """
    One turn of the event loop: what is first written to a connection goes into its socket at once,
    the rest together at the end.
    """

    def __init__(self, loop):
        self.loop = loop
        self.last = Last()
        self.written, self.waiting = set(), []
        self.called = False

    def write(self, transport, data):
        """Write to a connection of Twisted's; whether it was done."""
        if transport.disconnecting or not transport.connected or len(data) > PIECE:
            return False
        if not self.called:
            self.called = True
            self.loop.call_soon(self.end)
        if transport._tempDataBuffer or transport.dataBuffer:
            if transport not in self.written or transport._tempDataLen > PIECE:
                return False
        elif transport not in self.written:
            self.written.add(transport)
            try:
                sent = transport.socket.send(data)
            except OSError:
                # Full; or else the reactor will meet it as well, and knows what to do.
                return False
            if sent < len(data):
                transport.write(data[sent:])
            return True
        else:
            self.waiting.append(transport)
        transport._tempDataBuffer.append(data)
        transport._tempDataLen += len(data)
        return True

    def end(self):
        """Write what has come together."""
        waiting, self.waiting = self.waiting, []
        self.called = False
        self.written.clear()
        self.last.forget()
        for transport in waiting:
            if transport.connected and not transport._aborting and transport._tempDataBuffer:
                if transport.disconnecting or transport.doWrite() is not None:
                    transport.startWriting()  # and the reactor sees to what has happened
                elif transport._tempDataBuffer or transport.dataBuffer:
                    transport.startWriting()


_turns = {}  # the one event loop → its Turn


def turn():
    """The running event loop's."""
    loop = asyncio.get_event_loop()
    if loop not in _turns:
        _turns.clear()
        _turns[loop] = Turn(loop)
    return _turns[loop]
