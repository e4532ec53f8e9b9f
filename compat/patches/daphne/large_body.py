"""
Hand a large request body to the application piece by piece, from the file it was received into.

daphne puts it whole into one message. Before that, Twisted reads forms whole and parses them on
the event loop, into arguments that daphne never uses, and refuses those it does not understand.
https://github.com/django/daphne/issues/483
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.2.5,<3.0",
    symptom="an upload of 60 MB takes 60 to 180 MB of memory, and nobody is served meanwhile",
)
PIECE = 1024 * 1024  # bytes


@patch.when_imported("daphne.server")
def repair(server):
    from inspect import unwrap
    from io import BytesIO

    from daphne import http_protocol

    from ..._inboxes import NOTHING, QueueInbox
    from ...patching.stand_in import StandIn

    request = http_protocol.WebRequest
    names = set(unwrap(request.process).__code__.co_names)
    patch.expect({"content", "read", "put_nowait"} <= names, "daphne reads bodies differently")
    names = unwrap(server.Server.create_application).__code__.co_names
    patch.expect({"asyncio", "Queue"} <= set(names), "daphne hands bodies on differently")
    stock = request.requestReceived

    class Inbox(server.asyncio.Queue):
        """The messages for an application; a file in them becomes a message for each piece."""

        unread = None

        async def get(self):
            while True:
                if self.unread is None:
                    message = await super(Inbox, self).get()
                    if not self.begins(message):
                        return message
                message = self.piece()
                if message is not None:
                    return message

        get.inbox = lambda self: Pieces(self)

        def begins(self, message):
            """Whether this message is a file, of which the pieces follow."""
            if not isinstance(message.get("body"), Unread):
                return False
            self.unread = message["body"]
            return True

        def piece(self):
            """The next message of a file; None if the request has ended, as the next one tells."""
            piece = self.unread.read()
            if not self.unread.left:
                self.unread = None
                if piece is None:
                    return None
            more = self.unread is not None
            return {"type": "http.request", "body": piece, "more_body": more}

    class Pieces(QueueInbox):
        """An Inbox, known to compat._inboxes."""

        __slots__ = ()

        def take(self):
            queue = self.queue
            while True:
                if queue.unread is None:
                    if not queue._queue and not getattr(queue, "_is_shutdown", False):
                        return NOTHING
                    message = super(Pieces, self).take()
                    if message is NOTHING or not queue.begins(message):
                        return message
                message = queue.piece()
                if message is not None:
                    return message

    @functools.wraps(stock)
    def requestReceived(self, command, path, version):
        if not self.requestHeaders.hasHeader(b"Upgrade"):
            in_memory = isinstance(self.content, BytesIO)
            self.content = Content(self.content, self.content.tell(), in_memory)
        return stock(self, command, path, version)

    # Twisted's own is inherited, unless another repair has put one here.
    change = patch.replace if "requestReceived" in vars(request) else patch.add
    change(request, "requestReceived", requestReceived)
    patch.replace(server, "asyncio", StandIn(server.asyncio, Queue=Inbox))


class Content(object):
    """The file that Twisted has received a body into, with nothing in it to parse for Twisted."""

    def __init__(self, file, size, in_memory):
        self._file, self._size, self._in_memory = file, size, in_memory

    def __getattr__(self, name):
        return getattr(self._file, name)

    def tell(self):
        return 0  # what Twisted takes for the length of the form

    def read(self, *size):
        """bytes; all that is left of a file on disk is not read yet."""
        return self._file.read(*size) if size or self._in_memory else Unread(self)


class Unread(object):
    """What is to be read from a Content; left: bytes."""

    def __init__(self, content):
        self._file, self.left = content._file, content._size

    def read(self):
        """The next piece; None once the file is closed, with the request."""
        piece = None if self._file.closed else self._file.read(PIECE)
        self.left = max(self.left - len(piece), 0) if piece else 0
        return piece
