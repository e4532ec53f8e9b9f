"""Consumers of several kinds behind guard()."""

from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf.urls import url

from compat.sockets import guard
from compat.streams.consumer import StreamConsumer, StreamConsumerMixin, since_from
from compat.streams.many import StreamRoute, StreamsConsumer, anybody, signed_in
from compat.streams.over_http import over_http
from deploy.routing import websocket_urlpatterns


class Echo(AsyncWebsocketConsumer):
    """Knows nothing of compat."""

    channel_layer_alias = None

    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=text_data)


class Talker(AsyncWebsocketConsumer):
    """Tells the members what it is told."""

    async def receive(self, text_data=None, bytes_data=None):
        message = {"type": "member.message", "text": text_data}
        await self.channel_layer.group_send("members", message)


class Failing(AsyncWebsocketConsumer):
    channel_layer_alias = None

    async def receive(self, text_data=None, bytes_data=None):
        raise LookupError("as it was asked to")


class Who(AsyncWebsocketConsumer):
    """Tells who has come, and whether there is a session."""

    channel_layer_alias = None

    async def connect(self):
        await self.accept()
        session, user = self.scope["session"], self.scope["user"]
        await self.send("%s %s" % (user.get_username() or "nobody", session.session_key))


class Sync(WebsocketConsumer):
    channel_layer_alias = None

    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data=text_data)


class News(StreamConsumerMixin, AsyncWebsocketConsumer):
    channel_layer_alias = None

    def may_stay(self, user):
        return user.has_perm("auth.change_user")

    async def connect(self):
        await self.accept()
        await self.follow("news", since_from(self.scope) or 0)


class Papers(StreamConsumer):
    stream = "papers:{title}"

    def may_follow(self, user, title):
        return user.has_perm("auth.change_user") and title != "secret"


def shown(user, room):
    """Nothing of who is called eve."""
    return {"name": user.username} if user.is_authenticated and user.username != "eve" else None


class Lobby(StreamConsumer):
    stream = "lobby:{room}"
    presence = True

    def may_follow(self, user, room):
        return True

    def shown(self, user, room):
        return shown(user, room)


def may_change_users(user):
    return user.has_perm("auth.change_user")


def own_rooms(asked):
    """Asked of many at once: whoever it is has a room of that name."""
    return [fields["owner"] == user.get_username() for user, fields in asked]


class Streams(StreamsConsumer):
    routes = [
        StreamRoute("news", may_change_users),
        StreamRoute("room:{owner}:{more*}", own_rooms, many=True, lists=True),
        StreamRoute("paper:{name}", lambda user, name: may_change_users(user), lists=True),
        StreamRoute("open:{name}", anybody),
        StreamRoute("members:{name}", signed_in),
        StreamRoute("lobby:{room}", anybody, presence=shown),
        StreamRoute("failing", lambda user: 1 / 0),
    ]


class Member(AsyncWebsocketConsumer):
    """Passes on what is sent to a group."""

    async def connect(self):
        await self.channel_layer.group_add("members", self.channel_name)
        await self.accept()

    async def member_message(self, event):
        await self.send(text_data=event["text"])


routes = [
    url("^echo/$", Echo),
    url("^sync/$", Sync),
    url("^who/$", Who),
    url("^news/$", News),
    url("^papers/(?P<title>[^/]+)/$", Papers),
    url("^lobby/(?P<room>[^/]+)/$", Lobby),
    url("^streams/$", Streams),
    url("^member/$", Member),
    url("^failing/$", Failing),
    url("^talker/$", Talker),
] + websocket_urlpatterns
sockets = guard(URLRouter(routes))
application = ProtocolTypeRouter({"websocket": sockets, "http": over_http(sockets)})
