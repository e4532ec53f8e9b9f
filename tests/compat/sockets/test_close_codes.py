"""Every code of close_codes.py is sent by a real daphne, and read by a real client."""

import contextlib
import json
import os
import socket

import pytest
from django.contrib.auth.models import Permission

from compat import close_codes
from compat.streams import publish_many
from compat.streams.models import Stream
from tests.support.records import make_service
from tests.support.wait import wait_until
from tests.support.websockets import close_code

PROVOKE = {}


def provokes(code):
    """The generator begins with settings for a daphne; then it gets that, and returns a socket."""

    def decorate(function):
        PROVOKE[code] = function
        return function

    return decorate


class Case:
    """What the functions below work with; serve() starts a daphne."""

    def __init__(self, serve, ann, tmp_path):
        self.serve, self.ann = serve, ann
        self.log = os.path.join(str(tmp_path), "daphne.log")
        self.stack = contextlib.ExitStack()

    def start(self, **options):
        self.server = self.stack.enter_context(self.serve(**options))

    def open(self, path="/echo/", **options):
        return self.server.open(path, self.ann.cookie, **options)

    def follow(self, path):
        """A socket that has the beginning of its stream."""
        connection = self.open(path)
        while json.loads(connection.recv())["type"] != "live":
            pass
        return connection

    def said(self, text):
        with open(self.log) as log:
            return text in log.read()


@provokes(close_codes.NORMAL)
def lasts_too_long(case):
    case.start(options=["--websocket_timeout", "1"])
    return case.open()


@provokes(close_codes.TOO_BIG)
def sends_too_much(case):
    case.start(environ={"COMPAT_WEBSOCKET_MAX_BYTES": "1000"})
    connection = case.open()
    connection.send("x" * 1001)
    return connection


@provokes(close_codes.FAILED)
def consumer_fails(case):
    case.start(failing=True)
    connection = case.open("/failing/")
    connection.send("now")
    return connection


@provokes(close_codes.RESTART)
def daphne_is_stopped(case):
    case.start()
    connection = case.open()
    case.server.process.process.terminate()
    return connection


@provokes(close_codes.BEHIND)
def reads_nothing(case):
    publish_many("news", ["x" * 1000] * 20000)
    case.start(STREAMS_SLOW_SECONDS=1, STREAMS_SLOW_BYTES=100000)
    connection = case.open("/news/", sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)])
    wait_until(lambda: case.said("that is stuck at"), what="the closing")
    return connection


@provokes(close_codes.TOO_MANY)
def opens_two(case):
    case.start(SOCKETS_PER_USER=1)
    case.open()
    return case.open()


@provokes(close_codes.START_OVER)
def log_goes_back(case):
    publish_many("news", range(10))
    case.start(STREAMS_POLL_SECONDS=0.1)
    connection = case.follow("/news/")
    Stream.objects.update(last_seq=3)
    return connection


@provokes(close_codes.BAD_SINCE)
def has_seen_nonsense(case):
    case.start()
    return case.open("/news/?since=nonsense")


@provokes(close_codes.SIGNED_OUT)
def logs_out(case):
    case.start(SOCKETS_RECHECK_SECONDS=0.2)
    connection = case.open()
    case.ann.client.logout()
    return connection


@provokes(close_codes.FORBIDDEN)
def may_not_stay(case):
    case.start(SOCKETS_RECHECK_SECONDS=0.2)
    connection = case.follow("/news/")
    case.ann.user.user_permissions.clear()
    return connection


def follow_a_service(case):
    service = make_service()
    permission = Permission.objects.get(codename="follow_service")
    case.ann.user.user_permissions.add(permission)
    case.start(SOCKETS_RECHECK_SECONDS=0.2)
    return service, case.follow("/ws/deploy/web/?since=0")


@provokes(close_codes.NOT_FOUND)
def service_is_removed(case):
    service, connection = follow_a_service(case)
    service.delete()
    return connection


@provokes(close_codes.TOO_LARGE)
def sends_a_book(case):
    _, connection = follow_a_service(case)
    connection.send("x" * 100000)
    return connection


@pytest.mark.parametrize("record", close_codes.every(), ids=lambda record: record.name)
def test_a_client_reads_every_code(serve, ann, tmp_path, record):
    assert record.number in PROVOKE, "tell how to provoke %d" % record.number
    ann.allow()
    case = Case(serve, ann, tmp_path)
    with case.stack:
        assert close_code(PROVOKE[record.number](case)) == record.number
