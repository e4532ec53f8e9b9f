"""A logging filter that escapes what could forge lines, or command a terminal."""


class Escape(object):
    """
    For the strings, and the exceptions' texts, that are filled into a message.

    requests: only of records that have a request with them; others may be of several lines.
    """

    def __init__(self, requests=False):
        self.requests = requests

    def filter(self, record):
        if isinstance(record.args, tuple) and (not self.requests or hasattr(record, "request")):
            record.args = tuple(escaped(one) for one in record.args)
        return True


# One of each: a logger takes the same filter only once.
escape = Escape()
escape_requests = Escape(requests=True)


def escaped(value):
    """Backslashes are doubled; letters of all languages stay as they are."""
    text = str(value) if isinstance(value, Exception) else value
    if not isinstance(text, str) or (text.isprintable() and "\\" not in text):
        return value
    return "".join(
        one if one.isprintable() and one != "\\" else one.encode("unicode_escape").decode("ascii")
        for one in text
    )
