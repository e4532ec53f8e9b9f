"""The site of test_thread_pool.py: views, and a consumer, that wait for each other's threads."""

import compat

compat.install()
import asyncio
import os
import threading

from django.conf import settings

settings.configure(
    SECRET_KEY="probe",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="site_of_pool",
    MIDDLEWARE=[],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [("localhost", int(os.environ["REDIS"]))]},
        }
    },
)
import django

django.setup()
from asgiref.sync import async_to_sync, sync_to_async
from channels.auth import AuthMiddlewareStack, get_user
from channels.generic.websocket import WebsocketConsumer
from channels.http import AsgiHandler
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter
from django.conf.urls import url
from django.http import HttpResponse

with open("pid", "w") as file:
    file.write(str(os.getpid()))
everybody = threading.Barrier(int(os.environ["ASGI_THREADS"]))


def together(function):
    def view(*args, **kwargs):
        everybody.wait(20)  # every thread is in this view now
        return function(*args, **kwargs)

    return view


@together
def push(request):
    async_to_sync(get_channel_layer().group_send)("everybody", {"type": "news"})
    return HttpResponse("pushed")


@together
def nested(request):
    return HttpResponse(async_to_sync(sync_to_async(lambda: "nested"))())


@together
def children(request):
    async def child(depth):
        def deeper():
            return async_to_sync(parent)(depth - 1) if depth else "child"

        return await sync_to_async(deeper)()

    async def parent(depth):
        task = asyncio.ensure_future(child(depth))
        return await asyncio.wait_for((await asyncio.gather(task, child(0)) and task), 30)

    return HttpResponse(async_to_sync(parent)(3))


class Visitor(WebsocketConsumer):
    @together
    def receive(self, text_data=None, bytes_data=None):
        user = async_to_sync(get_user)(self.scope)
        self.send("anonymous" if user.is_anonymous else "known")


urlpatterns = [
    url("^push/", push),
    url("^nested/", nested),
    url("^children/", children),
    url("^quick/", lambda request: HttpResponse("quick")),
]
application = ProtocolTypeRouter({"http": AsgiHandler, "websocket": AuthMiddlewareStack(Visitor)})
