"""Lists of streams on one socket, over real daphnes: what comes up, once and in order."""

import contextlib
import json
import time
import urllib.parse
import urllib.request
import uuid

import pytest

from tests.support.servers import HOST
from tests.support.sites.streams import ManyStreams, Steps

# How entries travel, with which database, and how often the log is looked at.
WAYS = {
    "redis": ("sqlite", True, {"poll": 3600}),
    "postgresql": ("postgresql", False, {"poll": 3600, "notifications": "postgresql"}),
    "nothing, on PostgreSQL": ("postgresql", False, {"poll": 0.2, "notifications": "none"}),
    "nothing, on MySQL": ("mysql", False, {"poll": 0.2, "notifications": "none"}),
    "nothing, on SQLite": ("sqlite", False, {"poll": 0.2, "notifications": "none"}),
}


class Reader(ManyStreams):
    """A client that follows one list, and checks that each of its streams comes in order."""

    def __init__(self, server, pattern, since="*", cursors=None):
        super().__init__(server)
        self.cursors, self.bodies, self.refused = dict(cursors or {}), {}, []
        self.subscribe(dict({pattern: since}, **self.cursors))
        self.listed = False

    def read(self):
        """The type of the next frame."""
        frame = self.frame()
        kind, name = frame["type"], frame.get("stream")
        if kind == "listed":
            self.listed = True
            for name, cursor in frame["streams"].items():
                self.cursors.setdefault(name, cursor)
        elif kind == "error":
            self.refused.append((name, frame["code"]))
        elif kind == "reset":
            self.cursors[name] = 0
        elif kind == "gap":
            self.cursors[name] = frame["oldest"] - 1
        elif kind == "live":
            assert number(self.cursors[name]) == frame["seq"]
            self.cursors[name] = "%s:%d" % (frame["epoch"], frame["seq"])
        elif kind == "entries":
            assert number(self.cursors[name]) == frame["first"] - 1
            last = frame["first"] + len(frame["bodies"]) - 1
            self.cursors[name] = "%s:%d" % (frame["epoch"], last)
            self.bodies.setdefault(name, []).extend(frame["bodies"])
        return kind

    def until(self, what):
        while not what():
            self.read()

    def gets(self, name, *bodies):
        self.until(lambda: len(self.bodies.get(name, ())) >= len(bodies))
        assert self.bodies[name] == list(bodies)


def number(cursor):
    return int(str(cursor).rpartition(":")[2])


@contextlib.contextmanager
def servers_of(site, count):
    servers = [site.daphne() for _ in range(count)]
    with contextlib.closing(Steps(site)) as steps:
        yield servers, steps
    for server in servers:
        server.stop()
        for noise in ("Traceback", "ERROR", "was destroyed", "never retrieved", "never awaited"):
            assert noise not in server.output(), server.output()[-3000:]


@pytest.fixture
def room():
    """The beginning of names that no other test uses, as room(more)."""
    mark = uuid.uuid4().hex
    return lambda more="": "room:%s %s" % (mark, more)


@pytest.fixture(params=WAYS)
def site(request, make_site):
    database, has_layer, settings = WAYS[request.param]
    layer = [request.getfixturevalue("layer")] if has_layer else []
    return make_site(request.getfixturevalue(database + "_settings"), *layer, **settings)


@pytest.fixture
def plain_site(make_site, sqlite_settings):
    return make_site(
        sqlite_settings, poll=0.2, notifications="none", socket=4, long_poll=55, beat=0
    )


def test_what_comes_up_is_followed_at_every_server(site, room):
    # What stands for other characters elsewhere is as it is written, and so is case.
    like = room("_%*é\u804a[")
    unlike = [room("a%*é\u804a[1"), room("_x*é\u804a[1"), room("_%yé\u804a[1")]
    unlike += [room("_%*É\u804a[1"), room("_%*é\u804a"), room("_%*é\u804a]"), like.upper() + "1"]
    with servers_of(site, 2) as (servers, steps):
        steps.publish(like + "1", "a1")
        for name in unlike:
            steps.publish(name, "not of the list")
        steps.publish("closed:" + like[5:] + "secret", "shut")
        steps.publish(like + "secret", "for nobody")
        readers = [Reader(server, like + "*") for server in servers]
        for reader in readers:
            reader.gets(like + "1", "a1")
        steps("publish_in_one", like + "2", ["b1", "b2"])
        steps("publish_in_vain", like + "3", "never there")
        for name in unlike:
            steps.publish(name + "+", "neither")
        for reader in readers:
            reader.gets(like + "2", "b1", "b2")
        steps.publish(like + "1", "a2")
        steps.publish(like, "of the name itself")
        steps("publish_many", like + "many", list(range(700)))
        for reader in readers:
            reader.gets(like + "1", "a1", "a2")
            reader.gets(like, "of the name itself")
            reader.gets(like + "many", *range(700))
            assert len(reader.cursors) == len(reader.bodies) == 4 and not reader.refused


def test_who_comes_back_gets_each_entry_once(site, room):
    with servers_of(site, 2) as (servers, steps):
        steps.publish(room("1"), "old")
        reader = Reader(servers[0], room("*"), "*latest")
        reader.until(lambda: reader.listed)
        assert number(reader.cursors[room("1")]) == 1
        steps.publish(room("1"), "new")
        steps.publish(room("2"), "from its beginning")
        reader.gets(room("1"), "new")
        reader.gets(room("2"), "from its beginning")
        reader.connection.shutdown()
        steps.publish(room("2"), "missed")
        steps.publish(room("3"), "came up meanwhile")
        again = Reader(servers[1], room("*"), "*", reader.cursors)
        again.gets(room("2"), "missed")
        again.gets(room("3"), "came up meanwhile")
        assert set(again.bodies) == {room("2"), room("3")}


def test_it_is_trimmed_deleted_and_made_anew(plain_site, room):
    with servers_of(plain_site, 1) as (servers, steps):
        for body in "abc":
            steps.publish(room("1"), body)
        steps("trim", room("1"), 1)
        reader = Reader(servers[0], room("*"))
        reader.gets(room("1"), "c")
        steps("forget", room("1"))
        reader.until(lambda: reader.cursors[room("1")] == 0)
        steps.publish(room("1"), "of another history")
        reader.gets(room("1"), "c", "of another history")


def test_how_many_a_list_may_bring(plain_site, room):
    other = room("other ")
    with servers_of(plain_site, 1) as (servers, steps):
        for place in range(5):
            steps.publish(other + str(place), "x")
        socket = ManyStreams(servers[0])
        assert socket.hello["streams"] == 4
        socket.subscribe({room("1"): 0})
        assert socket.frame()["type"] == "live"
        socket.subscribe({other + "*": "*"})
        said = socket.frame()
        assert (said["type"], said["code"], said["stream"]) == ("error", "too-many", other + "*")
        assert "5" not in said["detail"] and other + "0" not in json.dumps(said)
        socket.subscribe({other + "0*": "*", other + "1*": "*", room("two *"): "*"})
        seen = [socket.frame()["type"] for _ in range(7)]
        assert set(seen) == {"listed", "entries", "live"}
        steps.publish(room("two 1"), "fits")
        assert [socket.frame()["type"] for _ in range(3)] == ["listed", "entries", "live"]
        steps.publish(room("two 2"), "fits no more")
        said = socket.frame()
        assert (said["code"], said["stream"]) == ("too-many", room("two *"))
        steps.publish(room("two 1"), "goes on")
        assert socket.frame()["bodies"] == ["goes on"]
        # Of names that nobody may follow there are a few more allowed.
        for place in range(21):
            steps.publish("closed:" + room("shut %d" % place)[5:], "x")
            steps.publish(room("shut %d" % place), "x")
        crowd = ManyStreams(servers[0])
        crowd.subscribe({room("shut 1*"): "*"})
        assert crowd.frame() == {"type": "listed", "stream": room("shut 1*"), "streams": {}}
        crowd.subscribe({room("shut *"): "*"})
        assert crowd.frame()["code"] == "too-many"


def test_what_is_wrong_with_a_list_is_said_of_it(plain_site, room):
    with servers_of(plain_site, 1) as (servers, steps):
        socket = ManyStreams(servers[0])
        steps.publish(room("1"), "x")
        for name, since, code in [
            ("test:*", "*", "unknown"), ("roo*", "*", "unknown"), ("*", "*", "unknown"),
            (room("1"), "*", "bad-name"), ("", "*", "bad-name"), ("x" * 190 + "*", "*", "bad-name"),
            ("room:\n*", "*", "bad-name"), (room("*"), "*7", "bad-since"),
            (room("*"), "*latest ", "bad-since"), (room("*"), "**", "bad-since"),
        ]:  # fmt: skip
            socket.subscribe({name: since})
            said = socket.frame()
            assert (said["code"], said["stream"]) == (code, name[:190]), (name, since)
        socket.subscribe({room("*"): "*latest"})
        assert socket.frame()["type"] == "listed" and socket.frame()["type"] == "live"
        for again in ({room("*"): "*"}, {room("*"): 0}, {room("1"): 0}):
            socket.subscribe(again)
            assert socket.frame()["code"] == "duplicate"
        # A stream that is called as a list could not be told from it.
        steps.publish(room("*"), "left out")
        steps.publish(room("1"), "y")
        assert socket.frame()["bodies"] == ["y"]
        socket.send({"type": "unsubscribe", "streams": [room("*"), room("1")]})
        for name in (room("*"), room("1")):
            assert socket.frame() == {"type": "unsubscribed", "stream": name}
        steps.publish(room("2"), "nobody's")
        socket.subscribe({room("%d*" % place): "*" for place in range(10, 21)})
        kinds = [socket.frame() for _ in range(11)]
        assert sorted(one.get("code", "") for one in kinds) == [""] * 10 + ["too-many"]
        assert socket.is_well()


def test_a_stream_that_is_left_stays_left_and_one_that_is_named_is_the_clients(plain_site, room):
    with servers_of(plain_site, 1) as (servers, steps):
        steps.publish(room("1"), "a")
        steps.publish(room("2"), "b")
        socket = ManyStreams(servers[0])
        socket.subscribe({room("*"): "*", room("1"): 1})
        seen = [socket.frame() for _ in range(4)]
        assert [one.get("stream", one["type"]) for one in seen].count(room("1")) == 1
        listed = next(one for one in seen if one["type"] == "listed")
        assert set(listed["streams"]) == {room("1"), room("2")}
        socket.send({"type": "unsubscribe", "streams": [room("2")]})
        assert socket.frame() == {"type": "unsubscribed", "stream": room("2")}
        steps.publish(room("2"), "not to be seen")
        steps.publish(room("3"), "c")
        assert socket.frame() == {"type": "listed", "stream": room("*"), "streams": {room("3"): 0}}
        assert socket.frame()["bodies"] == ["c"]


def over_http(server, transport, streams):
    query = {"subscribe": json.dumps(streams), "transport": transport, "epoch": ""}
    url = "http://%s:%d/ws/streams/?%s" % (HOST, server.port, urllib.parse.urlencode(query))
    return urllib.request.urlopen(url, timeout=90)  # noqa: S310


def test_over_http(plain_site, room):
    with servers_of(plain_site, 1) as (servers, steps):
        steps.publish(room("1"), "a")
        with over_http(servers[0], "events", {room("*"): "*"}) as events:

            def event():
                while True:
                    line = events.readline().decode()
                    if line.startswith("data: ") and '"beat"}' not in line:
                        return json.loads(line[6:])

            assert [event()["type"] for _ in range(4)] == ["hello", "listed", "entries", "live"]
            steps.publish(room("2"), "b")
            assert event()["streams"] == {room("2"): 0}
            assert event()["bodies"] == ["b"]

        def poll(since="*", **cursors):
            streams = dict(cursors, **{room("*"): since})
            with over_http(servers[0], "poll", streams) as answer:
                return json.loads(answer.read().decode())["frames"]

        # Where they are is worth an answer, though nothing of them is told.
        begun = time.monotonic()
        where = poll(since="*latest")
        assert [one["type"] for one in where] == ["hello", "listed", "live", "live"]
        assert set(where[1]["streams"].values()) == {one["epoch"] + ":1" for one in where[2:]}
        assert time.monotonic() - begun < 50
        first = poll()
        assert sorted(one["bodies"] for one in first if one["type"] == "entries") == [["a"], ["b"]]
        at = {one["stream"]: "%s:1" % one["epoch"] for one in first if "epoch" in one}
        assert set(at) == {room("1"), room("2")}
        steps.publish(room("2"), "c")
        news = poll(**at)
        assert [one["bodies"] for one in news if one["type"] == "entries"] == [["c"]]
        at[room("2")] = at[room("2")][:-1] + "2"
        steps.publish(room("3"), "d")
        news = poll(**at)
        assert [one["bodies"] for one in news if one["type"] == "entries"] == [["d"]]
