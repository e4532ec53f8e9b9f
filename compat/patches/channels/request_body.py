"""
Hand the body of a request to Django as a stream: a large one from a file, none in full unasked.

channels keeps every body in memory and gives it to Django as already read, which turns off
DATA_UPLOAD_MAX_MEMORY_SIZE; 2.1.7 checks it itself, and refuses every file above it. Now Django's
own rules hold, as under WSGI: a file upload has no limit, other data has; a body that was read as
a stream cannot be had as `request.body`. A body sent in chunks has its length in CONTENT_LENGTH.
Above FILE_UPLOAD_MAX_MEMORY_SIZE it goes to a file in FILE_UPLOAD_TEMP_DIR, gone with the request.
https://github.com/django/channels/issues/1169
"""

import io
import threading

from ...patching.patch import Patch, code_of

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1.4,<2.3",
    requires={"django": ">=1.11,<2.0"},
    symptom="uploads fill the memory despite DATA_UPLOAD_MAX_MEMORY_SIZE; 2.1.7 refuses files",
)


@patch.when_imported("channels.http")
def repair(http):
    from ._threaded import wrap_threaded

    handler, request = http.AsgiHandler, http.AsgiRequest
    init, call = vars(request).get("__init__"), vars(handler).get("__call__")
    names = code_of(init) and code_of(init).co_names or ()
    patch.expect({"_body", "_stream"} <= set(names), "AsgiRequest takes its body differently")
    code = code_of(call)
    arguments = code.co_varnames[: code.co_argcount] if code else ()
    patch.expect(arguments == ("self", "receive", "send"), "AsgiHandler is called differently")

    def __init__(self, scope, body):
        is_file = hasattr(body, "read")
        init(self, scope, b"" if is_file else body)
        del self._body
        self._stream = body if is_file else io.BytesIO(body)
        add_length(self)

    async def __call__(self, receive, send):
        owner = next(cls for cls in type(self).__mro__ if "handle" in vars(cls))
        if owner is not handler:
            return await call(self, receive, send)  # a subclass's own is given the bytes
        await with_body(self, call, receive, send, http.settings)

    patch.replace(request, "__init__", __init__)
    # channels' own read from the beginning again, which a stream cannot.
    patch.replace(request, "POST", property(get_post, vars(request)["POST"].fset))
    patch.replace(request, "FILES", property(get_files, vars(request)["FILES"].fset))
    if "DATA_UPLOAD_MAX_MEMORY_SIZE" in names:
        patch.replace(http, "settings", Unlimited(http.settings))
    patch.replace(handler, "__call__", __call__)
    wrap_threaded(patch, handler, "handle", with_stream)


# The request -------------------------------------------------------------------------------


def add_length(request):
    """Give a request whose body came in chunks a length: Django goes by that."""
    if not request.META.get("CONTENT_LENGTH"):
        size = request._stream.seek(0, io.SEEK_END)
        request._stream.seek(0)
        if size:
            request.META["CONTENT_LENGTH"] = str(size)
            request._content_length = size


def get_post(self):
    if not hasattr(self, "_post"):
        self._load_post_and_files()
    return self._post


def get_files(self):
    if not hasattr(self, "_files"):
        self._load_post_and_files()
    return self._files


# The handler -------------------------------------------------------------------------------


async def with_body(handler, call, receive, send, settings):
    """Receive the body, and have the handler called with what is left to receive."""
    body = Body(settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.FILE_UPLOAD_TEMP_DIR)
    try:
        if await body.read(receive):
            handler._received_body = body
            await call(handler, body.replay(receive), send)
    finally:
        body.drop()


def with_stream(handle):
    """handle(), called with the body that has been received."""

    def handle_stream(self, body):
        received = vars(self).pop("_received_body", None)
        if received is None:
            return handle(self, body)
        if received.take():
            try:
                return handle(self, received.content)
            finally:
                received.close()

    return handle_stream


class Unlimited(object):
    """Django's settings without the limit that Django itself applies, to what it is meant for."""

    DATA_UPLOAD_MAX_MEMORY_SIZE = None

    def __init__(self, settings):
        self._settings = settings

    def __getattr__(self, name):
        return getattr(self._settings, name)


class Body(object):
    """
    A request's body: received on the event loop, read by the view's thread, then gone.

    memory: how many bytes may stay in memory; folder: where a larger body goes, None for the
    system's own.
    """

    def __init__(self, memory, folder):
        self.memory, self.folder = memory, folder
        self.size = 0
        self._parts = []
        self._file = None
        self._taken = self._dropped = False
        self._lock = threading.Lock()

    async def read(self, receive):
        """Receive all of it; False if the client left before."""
        from asyncio import sleep

        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            # Short writes, as the server's own; a thread might be long in coming.
            self._write(message.get("body") or b"")
            if not message.get("more_body", False):
                return True
            await sleep(0)  # others may run, even when all of it is there already

    def _write(self, data):
        self.size += len(data)
        if self._file is None and self.size > self.memory:
            from tempfile import TemporaryFile

            self._file = TemporaryFile(dir=self.folder)
            self._file.writelines(self._parts)
            self._parts = []
        if self._file is None:
            self._parts.append(data)
        else:
            self._file.write(data)

    def replay(self, receive):
        """A `receive` for who expects to be the first to call it; the body itself is not in it."""
        messages = [{"type": "http.request"}]

        async def replayed():
            return messages.pop() if messages else await receive()

        return replayed

    @property
    def content(self):
        """bytes, or a file at its beginning for a body that is too large for memory."""
        if self._file is None:
            return b"".join(self._parts)
        self._file.seek(0)
        return self._file

    def take(self):
        """By the thread that will close it; False if it has been dropped."""
        with self._lock:
            self._taken = not self._dropped
            return self._taken

    def drop(self):
        """Close it unless a thread has taken it: one may be reading still after a cancellation."""
        with self._lock:
            self._dropped = True
            if self._taken:
                return
        self.close()

    def close(self):
        self._parts = []
        if self._file is not None:
            self._file.close()
