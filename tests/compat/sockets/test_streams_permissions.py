"""Who may follow which stream: asked at subscriptions and by rounds."""

import contextlib
import http.client
import json

import pytest
import websocket
from django.contrib.sessions.models import Session
from django.db import connection

from compat.streams import publish
from tests.compat.sockets.visitors import Visitor
from tests.support.wait import wait_until
from tests.support.websockets import close_code


class Streams:
    """A client of many streams on one socket."""

    def __init__(self, server, cookie):
        self.socket = server.open("/streams/", cookie)
        assert self.frame()["type"] == "hello"

    def subscribe(self, *names):
        frame = {"type": "subscribe", "streams": dict.fromkeys(names, 0)}
        self.socket.send(json.dumps(frame))
        return {name: self.answer() for name in names}

    def frame(self):
        frame = {"type": "beat"}
        while frame == {"type": "beat"}:
            frame = json.loads(self.socket.recv())
        return frame

    def answer(self):
        """(stream, what is said of it first), without what is in it."""
        frame = self.frame()
        while frame["type"] == "entries":
            frame = self.frame()
        return frame["stream"], frame.get("code", frame["type"])

    def answers(self, *names):
        return dict(self.subscribe(*names).values())


def test_a_permission_that_is_taken_away_ends_its_streams_and_no_other(serve, ann):
    ann.allow()
    otto = Visitor("otto")
    with serve(SOCKETS_RECHECK_SECONDS=0.3, failing=True) as server:
        mine, others = Streams(server, ann.cookie), Streams(server, otto.cookie)
        names = ["news", "room:vera:1", "room:vera:b:c", "room:otto:1"]
        names += ["open:a", "members:a", "failing"]
        assert mine.answers(*names) == {
            "news": "live", "room:vera:1": "live", "room:vera:b:c": "live", "room:otto:1": "denied",
            "open:a": "live", "members:a": "live", "failing": "denied",
        }  # fmt: skip
        assert others.answers("news", "room:otto:1") == {"news": "denied", "room:otto:1": "live"}
        ann.user.user_permissions.clear()
        assert mine.answer() == ("news", "denied")
        publish("news", "not for her")
        publish("open:a", "for all")
        assert mine.frame()["bodies"] == ["for all"]
        assert mine.answers("news") == {"news": "denied"}
        ann.allow()
        assert mine.answers("news") == {"news": "live"}
        # Nobody has to go because the database does not answer, and who comes then waits.
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE django_session RENAME TO away")
        mine.socket.send(json.dumps({"type": "subscribe", "streams": {"open:b": 0}}))
        unknown = "who may follow is not known"
        wait_until(lambda: unknown in server.process.output(), what="a complaint")
        publish("open:a", "still here")
        assert mine.frame()["bodies"] == ["still here"]
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO django_session")
        assert mine.answer() == ("open:b", "live")
    assert "ZeroDivisionError" in server.process.output()


def test_who_is_signed_out_or_may_not_is_told_so(serve, ann):
    ann.allow()
    otto = Visitor("otto")
    with serve(SOCKETS_RECHECK_SECONDS=3600) as server:
        for path, cookie in [("daily", otto.cookie), ("daily", None), ("secret", ann.cookie)]:
            with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
                server.open(f"/papers/{path}/?since=0", cookie)
        publish("papers:daily", "first")
        paper = server.open("/papers/daily/?since=0", ann.cookie)
        assert json.loads(paper.recv())["bodies"] == ["first"]
        nobody, mine = Streams(server, None), Streams(server, ann.cookie)
        assert nobody.answers("open:a", "members:a") == {"open:a": "live", "members:a": "denied"}
        assert mine.answers("members:a") == {"members:a": "live"}
        # Long before the next round.
        Session.objects.all().delete()
        mine.socket.send(json.dumps({"type": "subscribe", "streams": {"open:b": 0}}))
        assert close_code(mine.socket) == 4501
        assert nobody.answers("open:b") == {"open:b": "live"}


def test_a_round_closes_the_socket_of_one_stream(serve, ann):
    ann.allow()
    with serve(SOCKETS_RECHECK_SECONDS=0.3) as server:
        paper = server.open("/papers/daily/?since=0", ann.cookie)
        assert json.loads(paper.recv())["type"] == "live"
        ann.user.user_permissions.clear()
        assert close_code(paper) == 4503


def test_a_database_that_does_not_answer_forbids_nothing(serve, ann):
    """Programs stay away after 403, and come back after 503."""
    ann.user.is_superuser = True
    ann.user.save()
    with serve(SOCKETS_RECHECK_SECONDS=3600) as server:

        def ask(path):
            client = http.client.HTTPConnection(*server.address, timeout=20)
            with contextlib.closing(client):
                headers = {"Cookie": ann.cookie, "Origin": "http://" + server.host}
                client.request("GET", path + "?since=0&wait=0&transport=poll", headers=headers)
                answer = client.getresponse()
                return answer.status, answer.headers["Retry-After"], json.loads(answer.read())

        paths = ["/papers/daily/", "/ws/deploy/tasks/"]
        for path in paths:
            assert ask(path)[:2] == (200, None)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE django_session RENAME TO away")
        for path in paths:
            status, seconds, said = ask(path)
            assert (status, said["frames"]) == (503, [{"type": "close", "code": 1012}])
            assert 2 <= int(seconds) <= 6
        assert "a reader is told to come back, the database does not answer" in (
            server.process.output()
        )
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO django_session")
            # Who it is can be told, and nothing more.
            cursor.execute("ALTER TABLE auth_user_groups RENAME TO away")
        ann.user.is_superuser = False
        ann.user.save()
        for path in paths:
            assert ask(path)[0] == 503
            with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
                server.open(path, ann.cookie)
        ann.user.is_superuser = True
        ann.user.save()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO auth_user_groups")
        for path in paths:
            assert ask(path)[:2] == (200, None)


def test_a_list_has_what_the_user_may_follow_at_each_moment(serve, ann):
    """Nothing is said of the others; what is allowed again goes on where it was."""
    otto = Visitor("otto")
    for name in ("room:vera:1", "room:otto:1", "paper:a"):
        publish(name, "old")
    with serve(SOCKETS_RECHECK_SECONDS=0.3) as server:
        mine, others, nobody = (Streams(server, one) for one in (ann.cookie, otto.cookie, None))

        def ask(socket, **lists):
            socket.socket.send(json.dumps({"type": "subscribe", "streams": lists}))

        def follow(socket, *told):
            for what in told:
                frame = socket.frame()
                assert frame.get("streams", frame.get("bodies", frame["type"])) == what

        for socket in (mine, others, nobody):
            ask(socket, **{"room:*": "*"})
        follow(mine, {"room:vera:1": 0}, ["old"], "live")
        follow(others, {"room:otto:1": 0}, ["old"], "live")
        follow(nobody, {})
        publish("room:otto:2", "his")
        follow(others, {"room:otto:2": 0}, ["his"])
        others.answer()
        publish("room:vera:2", "hers")
        follow(mine, {"room:vera:2": 0}, ["hers"], "live")
        # A permission that comes, and goes, and comes again.
        ask(mine, **{"paper:*": "*"})
        follow(mine, {})
        ann.allow()
        follow(mine, {"paper:a": 0}, ["old"], "live")
        ann.user.user_permissions.clear()
        assert mine.answer() == ("paper:a", "denied")
        publish("paper:a", "missed")
        publish("room:vera:1", "still here")
        follow(mine, ["still here"])
        ann.allow()
        frame = mine.frame()
        assert frame["type"] == "listed" and frame["streams"]["paper:a"].endswith(":1")
        follow(mine, ["missed"], "live")
        publish("room:vera:3", "the last")
        follow(mine, {"room:vera:3": 0}, ["the last"], "live")
        Session.objects.filter(session_key=ann.client.cookies["sessionid"].value).delete()
        assert close_code(mine.socket) == 4501
        publish("room:otto:1", "at the end")
        follow(others, ["at the end"])
        nobody.socket.send("?")
        assert nobody.frame()["code"] == "bad-json"  # and nothing was said before
