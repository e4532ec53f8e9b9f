"""What autobahn does to a client's bytes one by one, done to all that have come at once."""


class Masker(object):
    """Masks and unmasks, as the classes of autobahn.websocket.xormasker."""

    __slots__ = ("_mask", "_at")

    def __init__(self, mask):
        self._mask = bytes(mask)
        assert len(self._mask) == 4
        self._at = 0

    def pointer(self):
        return self._at

    def reset(self):
        self._at = 0

    def process(self, data):
        size, at = len(data), self._at & 3
        mask = self._mask[at:] + self._mask[:at]
        self._at += size
        mask = (mask * (size // 4 + 1))[:size]
        masked = int.from_bytes(data, "little") ^ int.from_bytes(mask, "little")
        return masked.to_bytes(size, "little")


def masker(mask, length=None):
    """As create_xor_masker()."""
    return Masker(mask)


def validate(stock, self, ba):
    """
    As Utf8Validator.validate(), `stock`, which is left the edges: the rest of a character whose
    beginning came before, the beginning of one whose rest will come, and whatever is not UTF-8.
    """
    size, start = len(ba), 0
    while self._state and start < size:
        if not stock(self, ba[start : start + 1])[0]:
            return False, False, start, self._index
        start += 1
    middle = bytes(ba[start:])
    try:
        middle.decode("utf-8")
    except UnicodeDecodeError as error:
        self._index += error.start
        valid, whole, index, total = stock(self, middle[error.start :])
        return valid, whole, start + error.start + index, total
    self._index += len(middle)
    return True, not self._state, size, self._index
