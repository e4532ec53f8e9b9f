"""One hostile input."""

from ..wire import frame


class Case(object):
    """got: a status or what tests call it; by: nginx, daphne, Django or the site's consumer."""

    def __init__(self, name, data, got, by):
        self.name, self.data, self.got, self.by = name, data, got, by

    def __repr__(self):  # pytest's name for it
        return self.name.replace(" ", "-")


def many(count, size):
    return [b"X-%d: " % number + b"a" * size for number in range(count)]


def message(text):
    return frame(b'{"message": "' + text + b'"}')
