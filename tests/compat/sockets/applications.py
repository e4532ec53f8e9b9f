"""ASGI applications of sites, careful and careless ones."""

import functools

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.http import AsgiHandler
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator, OriginValidator
from django.conf.urls import url

from compat.sockets import guard


class News(AsyncWebsocketConsumer):
    pass


class Chat(AsyncWebsocketConsumer):
    pass


def site(application):
    return ProtocolTypeRouter({"http": AsgiHandler, "websocket": application})


routes = URLRouter([url("^news/$", News), url("^chat/$", Chat)])
guarded = site(guard(routes))
bare = site(routes)
without_origin = site(AuthMiddlewareStack(routes))
stock = site(AllowedHostsOriginValidator(AuthMiddlewareStack(routes)))
named = site(OriginValidator(AuthMiddlewareStack(routes), ["https://www.example.com"]))
star = site(OriginValidator(routes, ["*"]))
one_of_two = site(
    URLRouter([url("^news/$", guard(News)), url("^", URLRouter([url("^chat/$", Chat)]))])
)
in_function = site(guard(lambda scope, inner=News: inner(scope)))


def hidden(inner):
    def middleware(scope):
        return inner(scope)

    return middleware


in_closure = site(guard(hidden(functools.partial(News))))
closure_around = site(hidden(guard(News)))
no_websocket = ProtocolTypeRouter({"http": AsgiHandler})
