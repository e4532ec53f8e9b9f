"""Frames on their way to a client: at once where nothing waits, else with what waits."""

import asyncio
import struct

PIECE = 64 * 1024  # bytes, from which on Twisted is left to write in its own way
MOST = 32  # messages whose frames are kept for a turn
TEXT, BINARY = 0x81, 0x82  # first bytes of whole messages


def framed(opening, payload):
    """A whole message, unmasked, as servers send it: RFC 6455, 5.2."""
    size = len(payload)
    if size < 126:
        return bytes((opening, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", opening, 126, size) + payload
    return struct.pack("!BBQ", opening, 127, size) + payload


class Turn(object):
    """
    One turn of the event loop: what is first written to a connection goes into its socket at once,
    the rest together at the end.
    """

    def __init__(self, loop):
        self.loop = loop
        # Content → its frame and its bytes: the same often goes to many clients, and several
        # messages to each of them in turn.
        self.texts, self.blobs = {}, {}
        self.written, self.waiting = set(), []
        self.called = False

    def frame(self, content):
        """(frame, bytes of its content) for a str or bytes, noted until the end of the turn."""
        text = type(content) is str
        payload = content.encode("utf8") if text else content
        made = framed(TEXT if text else BINARY, payload), len(payload)
        if len(payload) <= PIECE:
            kept = self.texts if text else self.blobs
            if len(kept) >= MOST:
                kept.clear()
            kept[content] = made
            if not self.called:
                self.wake()
        return made

    def wake(self):
        """Have the turn end."""
        self.called = True
        self.loop.call_soon(self.end)

    def write(self, transport, data):
        """Write to a connection of Twisted's; whether it was done."""
        if transport.disconnecting or not transport.connected or len(data) > PIECE:
            return False
        if not self.called:
            self.wake()
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
        self.texts.clear()
        self.blobs.clear()
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
    found = _turns.get(loop)
    if found is None:
        _turns.clear()
        found = _turns[loop] = Turn(loop)
    return found
