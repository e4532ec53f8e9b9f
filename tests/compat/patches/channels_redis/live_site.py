"""A site behind a real daphne, and messages to it from other processes."""

import json
import signal

import websocket

from tests.support.daphne import daphne
from tests.support.probe import probe, source


@source
def site():
    global application
    import json
    import os

    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="probe",
        ALLOWED_HOSTS=["*"],
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": "channels_redis.core.RedisChannelLayer",
                "CONFIG": json.loads(os.environ["LAYER"]),
            }
        },
    )
    django.setup()
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.routing import ProtocolTypeRouter

    class Consumer(AsyncWebsocketConsumer):
        groups = ["everybody"]

        async def connect(self):
            await self.accept()
            await self.send(self.channel_name)

        async def news(self, event):
            await self.send(event["text"])

    application = ProtocolTypeRouter({"websocket": Consumer})


# One message from a process of its own; TO is a channel's name or a group's.
@source
def send():
    import asyncio
    import json
    import os

    from channels_redis.core import RedisChannelLayer

    async def main():
        layer = RedisChannelLayer(**json.loads(os.environ["LAYER"]))
        act = layer.send if "!" in os.environ["TO"] else layer.group_send
        await act(os.environ["TO"], {"type": "news", "text": os.environ["TEXT"]})
        await layer.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


class LiveSite(object):
    """Daphne on a fresh site in `folder`; `config` is the channel layer's CONFIG."""

    def __init__(self, folder, redis, **config):
        self.folder, self.redis = folder, redis
        hosts = [["127.0.0.1", redis.port]]
        self.layer = json.dumps(dict(config, hosts=hosts))
        (folder / "site_of_probe.py").write_text(site)

    def daphne(self, disable=""):
        """Context of a running daphne; yields its address."""
        environ = {"LAYER": self.layer, "COMPAT_DISABLE": disable}
        return daphne(self.folder, "site_of_probe:application", **environ)

    @staticmethod
    def connect(address):
        """A WebSocket that is in the group "everybody", and the name of its channel."""
        socket = websocket.create_connection("ws://%s:%d/" % tuple(address), timeout=20)
        return socket, socket.recv()

    def restart_redis(self):
        """Kill it; it starts without data."""
        self.redis.stop(signal.SIGKILL)
        self.redis.start()

    def arrives(self, socket, to, tries):
        """Send to a channel or group until the WebSocket gets it; False when it does not."""
        for number in range(tries):
            sent = probe(send, env={"LAYER": self.layer, "TO": to, "TEXT": "news %d" % number})
            assert sent.returncode == 0, sent.error
            socket.settimeout(2)
            try:
                return socket.recv().startswith("news")
            except websocket.WebSocketTimeoutException:
                continue
        return False
