"""
End a response that nobody receives any more, and give its thread back.

Nothing looks for http.disconnect once the view runs, so a stream goes on to its end, an endless
one for ever, in one of the few threads that all requests share. At its end the process waits for
these threads too. A view, or an iterator that is at work, cannot be interrupted.
https://github.com/django/channels/issues/1445
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1.4,<3.0",
    symptom="clients that leave endless streams hang the whole site, and it cannot be stopped",
)


@patch.when_imported("channels.http")
def repair(http):
    from ._threaded import wrap_threaded

    handler = http.AsgiHandler
    stock = vars(handler).get("__call__")
    code = getattr(stock, "__code__", None)
    arguments = code.co_varnames[: code.co_argcount] if code else ()
    patch.expect(arguments == ("self", "receive", "send"), "AsgiHandler is called differently")
    patch.expect("encode_response" in vars(handler), "AsgiHandler sends differently")

    async def __call__(self, receive, send):
        client = self._response_client = Client(receive, send)
        try:
            await stock(self, client.receive, client.deliver)
        finally:
            await client.end()

    patch.replace(handler, "__call__", __call__)
    wrap_threaded(patch, handler, "handle", watching)


def watching(handle):
    """handle(), which sends to the client of its response."""

    def handle_for_client(self, body):
        client = vars(self).get("_response_client")
        if client:
            self.send = functools.partial(client.send, self.send)
            self.encode_response = functools.partial(client.messages, self.encode_response)
        return handle(self, body)

    return handle_for_client


class Client(object):
    """Who waits for one response: watched on the event loop, asked by the view's thread."""

    def __init__(self, receive, send):
        self._receive, self._send = receive, send
        self.watch = None  # the task that waits for the disconnect
        self.gone = False
        self._delivery = None  # the task that sends a part of the body now
        self._thread_waits = False

    # On the event loop --------------------------------------------------------------------

    async def receive(self):
        """The next message; with the last one of the request's body the watch begins."""
        message = await self._receive()
        body = message["type"] == "http.request"
        if body and not message.get("more_body", False) and self.watch is None:
            from asyncio import ensure_future

            self.watch = ensure_future(self._wait_for_disconnect())
        return message

    async def _wait_for_disconnect(self):
        # Nothing else may follow the body; whoever sends it is not asked again.
        if (await self._receive())["type"] == "http.disconnect":
            self.leave()

    def leave(self):
        """No more of the body is sent from now on."""
        self.gone = True
        if self._delivery:
            self._delivery.cancel()

    async def deliver(self, message):
        """Send a message for the thread, or drop it if the client is gone."""
        from asyncio import CancelledError

        from ..._asyncio import current_task

        if message["type"] == "http.response.start":
            return await self._send(message)  # in any case: it makes middleware save the session
        if self.gone:
            return
        self._delivery = current_task()
        try:
            await self._send(message)
        except CancelledError:
            if not self.gone:
                raise
        finally:
            self._delivery = None

    async def end(self):
        """The response is complete, or cancelled: the thread would go on by itself."""
        from ..._asyncio import end_task

        self.leave()
        try:
            await self.settle()
        finally:  # daphne cancels again every second
            if self.watch:
                await end_task(self.watch)

    async def settle(self):
        """Give a thread that waits for the event loop a second: the loop may be about to stop,
        and the thread would wait for ever."""
        from asyncio import sleep

        for _ in range(100):
            if not self._thread_waits:
                return
            await sleep(0.01)

    # In the thread ------------------------------------------------------------------------

    def send(self, send, message):
        """Have a message delivered."""
        self._thread_waits = True
        try:
            if not self.gone or message["type"] == "http.response.start":
                send(message)
        finally:
            self._thread_waits = False

    def messages(self, encode, response):
        """The messages of a response for as long as somebody wants them; at least the first."""
        for message in encode(response):
            yield message
            if self.gone or (getattr(response, "streaming", False) and exiting()):
                return


def exiting():
    """Whether the interpreter is about to end and waits for its executors' threads."""
    from concurrent.futures import thread

    return getattr(thread, "_shutdown", False)
