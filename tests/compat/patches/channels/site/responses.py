"""A site whose streaming responses tell what became of them."""

import os
import threading
import time

import compat

compat.install()

from django.conf import settings  # noqa: E402

DATABASE = os.path.abspath("responses.db")

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="only for tests",
    ROOT_URLCONF="responses",
    INSTALLED_APPS=["channels"],
    ASGI_APPLICATION="responses.application",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
)

import django  # noqa: E402

django.setup()

from channels.http import AsgiHandler  # noqa: E402
from django.conf.urls import url  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse  # noqa: E402

PADDING = b"." * 1000
told = []  # what happened, in order
noticed = threading.Event()  # a client's disconnect has reached the handler
together = threading.Barrier(3)  # streams that fail, in a thread each


def parts(many, wait=0.01):
    """A generator that tells how it ended, and whether in the thread it began in."""
    thread, sent, how = threading.get_ident(), 0, "closed"
    try:
        while sent < many:
            yield PADDING
            sent += 1
            time.sleep(wait)
        how = "ended"
    finally:
        told.append("%s after %d" % (how, min(sent, 999)))
        if threading.get_ident() != thread:
            told.append("elsewhere")


class Told(StreamingHttpResponse):
    def close(self):
        super(Told, self).close()
        told.append("response closed")


def endless(request):
    return Told(parts(float("inf")))


def hasty(request):
    return Told(parts(float("inf"), 0))


def late(request):
    """Answers when its client has left."""
    told.append("begun")
    noticed.wait(3)
    return Told(parts(3))


def large(request):
    return HttpResponse(b"x" * 3000000)


def query():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    together.wait(20)


def failing(request):
    def content():
        query()
        yield PADDING
        told.append("failed")
        raise ValueError("on purpose")

    return Told(content())


class Unsendable(Told):
    def __iter__(self):
        query()
        yield PADDING
        told.append("failed")
        yield "text"


def handles(request):
    """How often this process has the database open, once every stream has failed."""
    while told.count("failed") < together.parties:
        time.sleep(0.01)
    names = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return JsonResponse({"open": sum(os.path.realpath(name) == DATABASE for name in names)})


urlpatterns = [
    url(r"^endless/$", endless),
    url(r"^hasty/$", hasty),
    url(r"^late/$", late),
    url(r"^large/$", large),
    url(r"^failing/$", failing),
    url(r"^unsendable/$", lambda request: Unsendable()),
    url(r"^handles/$", handles),
    url(r"^told/$", lambda request: JsonResponse({"told": told})),
    url(r"^pid/$", lambda request: JsonResponse({"pid": os.getpid()})),
]


class application(AsgiHandler):
    """In a middleware's place: tells of late responses, and notices who waits for them."""

    async def __call__(self, receive, send):
        if self.scope["path"] != "/late/":
            return await super(application, self).__call__(receive, send)

        async def receive_and_notice():
            message = await receive()
            if message["type"] == "http.disconnect":
                noticed.set()
            return message

        async def send_and_tell(message):
            told.append(message["type"])
            await send(message)

        await super(application, self).__call__(receive_and_notice, send_and_tell)
