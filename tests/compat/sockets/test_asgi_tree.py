"""Which consumers an application has, and what stands around each."""

import functools

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf.urls import url

from compat.sockets.asgi_tree import paths, wrapped


class Consumer:
    """A class is a consumer: what it keeps is not looked at."""

    inner = staticmethod(print)


class Middleware:
    def __init__(self, inner):
        self.inner = inner
        self.settings = {"nothing": "to call"}

    def __call__(self, scope):
        return self.inner(scope)


def around(inner):
    name = "what a closure has besides"

    def middleware(scope):
        return name and inner(scope)

    return middleware


def test_consumers_are_found_behind_whatever_stands_around_them():
    routes = URLRouter([url("^a$", Consumer), url("^b$", around(Consumer))])
    outer = Middleware(routes)
    found = list(paths(outer))
    assert [path[:2] for path in found] == [(outer, routes)] * 2
    assert [path[-1] for path in found] == [Consumer, Consumer]
    assert [len(path) for path in found] == [3, 4]


def test_each_name_that_middleware_uses():
    for name in ("inner", "application", "app", "default_app"):
        middleware = type("Other", (), {})()
        setattr(middleware, name, Consumer)
        middleware.other = print
        assert wrapped(middleware) == [Consumer]
        setattr(middleware, name, "not callable")
        assert wrapped(middleware) == []


def test_partials_functions_and_empty_cells():
    assert wrapped(functools.partial(Consumer, 1)) == [Consumer]
    assert wrapped(Consumer) == [] and wrapped(len) == []
    assert wrapped(around(Consumer)) == [Consumer]

    def unfinished():
        def middleware(scope):
            return later(scope)

        found = wrapped(middleware)
        later = Consumer
        return found, wrapped(middleware), later

    assert unfinished()[:2] == ([], [Consumer])


def test_routes_that_call_nothing_are_left_out():
    class Router:
        routes = (url("^a$", Consumer), object())

    assert wrapped(Router()) == [Consumer]
    Router.routes = "text"  # of something that is no router
    assert wrapped(Router()) == []


def test_a_loop_ends():
    first = Middleware(None)
    first.inner = Middleware(first)
    assert list(paths(first)) == []


def test_fifty_in_one_another_are_looked_through():
    application = Consumer
    for _ in range(50):
        application = Middleware(application)
    assert [path[-1] for path in paths(application)] == [Consumer]
    assert list(paths(Middleware(application))) == []


def test_protocols_are_not_routes():
    router = ProtocolTypeRouter({"websocket": Consumer})
    assert wrapped(router) == []  # guard() stands inside of it
