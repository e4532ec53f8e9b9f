"""The site that is soaked: a page, an endless stream, uploads, a group of sockets, and /inside/."""

import gc
import json
import os
import time

import compat

compat.install()

from django.conf import settings  # noqa: E402

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="only for the soak",
    ROOT_URLCONF="site_of_soak",
    INSTALLED_APPS=["channels"],
    ASGI_APPLICATION="site_of_soak.application",
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [os.environ["SOAK_REDIS"]], "capacity": 10000},
        }
    },
)

import django  # noqa: E402

django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from daphne.server import reactor  # noqa: E402
from django.conf.urls import url  # noqa: E402
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from compat._asyncio import all_tasks  # noqa: E402


def page(request):
    return HttpResponse(b"page")


def stream(request):
    """Ends only when its reader does, or after a minute."""

    def chunks():
        for _ in range(6000):
            yield b"x" * 1000
            time.sleep(0.01)

    return StreamingHttpResponse(chunks())


@csrf_exempt
def upload(request):
    return HttpResponse(b"%d" % len(request.body))


def inside(request):
    """What the process holds; the request that asks is not counted."""
    gc.collect()
    [port] = [found for found in reactor.getReaders() if hasattr(found, "factory")]
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return JsonResponse(
        {
            "RSS (MB)": round(int(lines["VmRSS"].split()[0]) / 1024, 1),
            "threads": int(lines["Threads"]),
            "file descriptors": len(os.listdir("/proc/self/fd")),
            "connections": len(port.factory.server.connections) - 1,
            "tasks": tasks(),
        }
    )


def tasks():
    """Tasks of the loop that daphne's reactor runs."""
    return len(all_tasks(reactor._asyncioEventloop))


class Member(AsyncWebsocketConsumer):
    """Says to all of its group what one of them says."""

    async def connect(self):
        self.group = self.scope["url_route"]["kwargs"]["group"]
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data=None, bytes_data=None):
        await self.channel_layer.group_send(self.group, {"type": "said", "text": text_data})

    async def said(self, event):
        await self.send(text_data=json.dumps(event["text"]))


urlpatterns = [
    url(r"^$", page),
    url(r"^stream/$", stream),
    url(r"^upload/$", upload),
    url(r"^inside/$", inside),
]
application = ProtocolTypeRouter({"websocket": URLRouter([url(r"^ws/(?P<group>\w+)/$", Member)])})
