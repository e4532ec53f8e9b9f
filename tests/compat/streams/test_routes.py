"""StreamRoute: which names fit, who is asked, and what is no route."""

import functools

import pytest
from django.db import DatabaseError, DataError

from compat.streams.consumer import StreamConsumer
from compat.streams.many import StreamsConsumer
from compat.streams.routes import StreamRoute, answers, anybody, find, signed_in


@pytest.mark.parametrize(
    "pattern, name, fields",
    [
        ("news", "news", {}),
        ("news", "news2", None),
        ("news", "News", None),
        ("news", "news\n", None),
        ("a.c", "abc", None),
        ("deploy:{uid}", "deploy:web", {"uid": "web"}),
        ("deploy:{uid}", "deploy:a/b c", {"uid": "a/b c"}),
        ("deploy:{uid}", "deploy:a:b", None),
        ("deploy:{uid}", "deploy:", None),
        ("deploy:{uid}", "x deploy:web", None),
        ("{a}:{b}", "x:y", {"a": "x", "b": "y"}),
        ("{a}:{b}", "x:y:z", None),
        ("{a}:{rest*}", "x:y:z", {"a": "x", "rest": "y:z"}),
        ("房间:{名}", "房间:一", {"名": "一"}),
    ],
)
def test_which_names_fit(pattern, name, fields):
    assert StreamRoute(pattern, anybody).fields(name) == fields


def test_the_first_that_fits_is_asked():
    routes = [StreamRoute("a:{b}", anybody), StreamRoute("a:{c*}", anybody)]
    assert find(routes, "a:1") == (routes[0], {"b": "1"})
    assert find(routes, "a:1:2") == (routes[1], {"c": "1:2"})
    assert find(routes, "b") is None


async def asynchronous(user, uid=""):
    return True


class Asynchronous:
    async def __call__(self, user, uid):
        return True


@pytest.mark.parametrize(
    "pattern, may_follow, error",
    [
        ("", anybody, "must be a text"),
        (None, anybody, "must be a text"),
        (b"news", anybody, "must be a text"),
        ("a:{", anybody, "without its other half"),
        ("a:}b", anybody, "without its other half"),
        ("{a}{b}", anybody, "nothing between"),
        ("{}", anybody, "no name"),
        ("{a b}", anybody, "no name"),
        ("{user}", anybody, "no name"),
        ("{a}:{a}", anybody, "twice"),
        ("news", None, "needs a function"),
        ("news", True, "needs a function"),
        ("news", asynchronous, "cannot be async"),
        ("deploy:{uid}", Asynchronous(), "cannot be async"),
        ("deploy:{uid}", lambda user: True, "must take user, uid"),
        ("news", lambda user, uid: True, "must take user "),
        ("news", lambda: True, "must take user "),
    ],
)
def test_what_is_none_is_said_at_the_start(pattern, may_follow, error):
    with pytest.raises((TypeError, ValueError), match=error):
        StreamRoute(pattern, may_follow)


def test_routes_and_hooks_that_are_none_are_said_at_the_start():
    for routes in ("news", None, ["news"], [StreamRoute]):
        with pytest.raises(TypeError, match="list of StreamRoute"):
            type("Wrong", (StreamsConsumer,), {"routes": routes})
    with pytest.raises(TypeError, match="cannot be async"):
        type("Wrong", (StreamConsumer,), {"may_follow": asynchronous})
    assert type("Right", (StreamsConsumer,), {"routes": [StreamRoute("a", anybody)]}).routes


class User:
    def __init__(self, pk):
        self.pk, self.is_authenticated = pk, pk is not None


ANN, BOB, NOBODY = User(1), User(2), User(None)


def ask(route, *asked):
    return answers([(route, user, name, route.fields(name)) for user, name in asked])


def test_nobody_is_asked_twice():
    calls = []

    def may_follow(user, uid):
        calls.append((user, uid))
        return uid == "web"

    route = StreamRoute("deploy:{uid}", may_follow)
    asked = [(ANN, "deploy:web"), (User(1), "deploy:web"), (BOB, "deploy:web"), (ANN, "deploy:b")]
    assert ask(route, *asked) == [True, True, True, False]
    assert [(user.pk, uid) for user, uid in calls] == [(1, "web"), (2, "web"), (1, "b")]


def test_a_route_for_many_is_asked_once():
    calls = []

    def may_follow(asked):
        calls.append(asked)
        return (user.pk == 1 for user, fields in asked)

    route = StreamRoute("a:{b}", may_follow, many=True)
    assert ask(route, (ANN, "a:1"), (BOB, "a:1"), (ANN, "a:1")) == [True, False, True]
    assert calls == [[(ANN, {"b": "1"}), (BOB, {"b": "1"})]]


def raising(error, *_, **__):
    raise error


@pytest.mark.parametrize("many", [False, True])
def test_a_function_that_fails_says_no_and_the_database_is_not_taken_for_it(many):
    for error in (ValueError("x"), DataError("of an argument")):
        assert ask(StreamRoute("a", functools.partial(raising, error), many), (ANN, "a")) == [False]
    with pytest.raises(DatabaseError):
        ask(StreamRoute("a", functools.partial(raising, DatabaseError("away")), many), (ANN, "a"))


@pytest.mark.parametrize("said", [[], [True], [True] * 3, None, 7])
def test_as_many_answers_as_questions_or_none_counts(said):
    route = StreamRoute("a:{b}", lambda asked: said, many=True)
    assert ask(route, (ANN, "a:1"), (ANN, "a:2")) == [False, False]


def test_what_is_to_be_awaited_is_no_yes(recwarn):
    route = StreamRoute("a", lambda user: asynchronous(user))
    assert ask(route, (ANN, "a")) == [False]
    assert not [one for one in recwarn if "never awaited" in str(one.message)]


def test_who_is_signed_in():
    assert ask(StreamRoute("a:{b}", signed_in), (ANN, "a:1"), (NOBODY, "a:1")) == [True, False]
    assert ask(StreamRoute("a:{b}", signed_in), (None, "a:1")) == [False]  # no users on that site
    assert ask(StreamRoute("a:{b}", anybody), (None, "a:1")) == [True]


async def asynchronous_shown(user):
    return {}


@pytest.mark.parametrize(
    "presence, problem",
    [
        ("yes", "needs True, False or a function as its presence"),
        (None, "needs True, False or a function as its presence"),
        (asynchronous_shown, "presence is called in a thread and cannot be async"),
        (lambda: {}, "presence must take user, uid"),
    ],
)
def test_a_presence_that_is_none_is_refused_at_once(presence, problem):
    with pytest.raises(TypeError, match=problem):
        StreamRoute("deploy:{uid}", anybody, presence=presence)
    for fine in (True, False, lambda user, uid: None):
        assert StreamRoute("deploy:{uid}", anybody, presence=fine).presence is fine
