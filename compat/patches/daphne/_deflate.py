"""
permessage-deflate (RFC 7692) that keeps nothing of a message when it has ended.

Neither side refers to earlier messages (no context takeover): an open socket has no window of its
own, and a message that goes to many clients is compressed once.
"""

import zlib

EXTENSION = "permessage-deflate"
LEVEL = 1  # of zlib's nine: half the time of the sixth, for a fifth more bytes
BITS = 12  # 4 KiB are looked back at: for JSON as good as 32, and hardly a client wants less
CLIENTS = 15  # what clients may have looked back at
TAIL = b"\x00\x00\xff\xff"  # what each message ends with, and is not sent


class Accepted(object):
    """The answer to one of autobahn's offers, as far as autobahn asks."""

    EXTENSION_NAME = EXTENSION
    no_context_takeover = request_no_context_takeover = True
    request_max_window_bits = 0
    window_bits = mem_level = max_message_size = None

    def __init__(self, offer):
        self.offer = offer

    def get_extension_string(self):
        words = [EXTENSION, "server_no_context_takeover", "client_no_context_takeover"]
        if self.offer.request_max_window_bits:
            words.append("server_max_window_bits=%d" % BITS)
        return "; ".join(words)


def accept(offers):
    """The first offer that takes what all others get, or None."""
    for offer in offers:
        if getattr(offer, "EXTENSION_NAME", "") == EXTENSION:
            if offer.request_max_window_bits == 0 or offer.request_max_window_bits >= BITS:
                return Accepted(offer)
    return None


class Last(object):
    """The last message that was compressed: the same one often goes to many clients."""

    payload = compressed = None

    def of(self, payload):
        if payload != self.payload:
            deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, -BITS)
            found = deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH)
            self.payload, self.compressed = payload, found[: -len(TAIL)]
        return self.compressed


last = Last()


class TooLarge(Exception):
    """What a client has compressed becomes more than it may send."""


class Deflate(object):
    """
    In the place of autobahn's PerMessageDeflate, for one WebSocket.

    least: bytes, from which on a message is compressed; limit: of what a client's may become, 0
    for none. Never is more than that inflated.
    """

    EXTENSION_NAME = EXTENSION
    __slots__ = ("least", "_limit", "_inflater", "_left", "_payload")

    def __init__(self, least, limit):
        self.least, self._limit = least, limit
        self._inflater = self._payload = None
        self._left = 0

    def start_compress_message(self):
        self._payload = []

    def compress_message_data(self, data):
        self._payload.append(bytes(data))
        return b""

    def end_compress_message(self):
        payload, self._payload = self._payload, None
        return last.of(b"".join(payload))

    def start_decompress_message(self):
        self._inflater = zlib.decompressobj(-CLIENTS)
        self._left = self._limit

    def decompress_message_data(self, data):
        """What becomes of it; once TooLarge, then nothing; zlib.error if it is not compressed."""
        if not self._limit:
            return self._inflater.decompress(data)
        if self._left < 0:
            return b""  # the client goes on sending what has been refused
        found = self._inflater.decompress(data, self._left + 1)
        self._left -= len(found)
        if self._left < 0:
            self._inflater = None
            raise TooLarge
        return found

    def end_decompress_message(self):
        self._inflater = None
