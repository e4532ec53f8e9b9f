"""Announcements from many greenlets of one thread, with the real gevent, Redis and uWSGI."""

import collections
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import CHECKOUT
from tests.support.probe import probe, source
from tests.support.servers import HOST, Server, free_port

pytest.importorskip("gevent", reason="gevent has no wheel for this Python")
NAME = "asgiref.greenlets"
AT_ONCE = 50
LISTS = "channels_redis.core.RedisChannelLayer"
PUBSUB = "compat.channel_layer.pubsub.RedisPubSubChannelLayer"
REFUSED = "You cannot use AsyncToSync in the same thread as an async event loop"
SITE = """
from gevent import monkey
monkey.patch_all()
import logging, os
import gevent
logging.basicConfig(format="LOG %(message)s")
import compat
compat.install()
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "channels"],
    CHANNEL_LAYERS={"default": {
        "BACKEND": os.environ["BACKEND"],
        "CONFIG": {"hosts": [("127.0.0.1", int(os.environ["PORT"]))], "capacity": 1000},
    }},
)
import django
django.setup()
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from compat.channel_layer import layers
from compat.sockets import logout
from compat.streams import notification

CHANNEL = "specific.reader!1"
"""


@source(SITE)
def code():
    def raw(number):
        async_to_sync(get_channel_layer().group_send)("raw", {"type": "raw", "n": number})  # noqa: F821

    def stream(number):
        notification.announce("news", number + 1, ["{}"], "epoch")  # noqa: F821

    def session(number):
        logout.announce(str(number))  # noqa: F821

    def deploy(number):
        layer = layers.network_layer()  # noqa: F821
        layers.group_send(layer, "deploy", {"type": "deploy.run", "text": "…"}, 5)  # noqa: F821

    groups = ["raw", "deploy", notification.group_name("news"), logout.GROUP]  # noqa: F821
    for group in groups:
        async_to_sync(get_channel_layer().group_add)(group, CHANNEL)  # noqa: F821
    for function in (raw, stream, session, deploy):
        jobs = [gevent.spawn(function, number) for number in range(50)]  # noqa: F821
        gevent.joinall(jobs, timeout=60)  # noqa: F821
        failed = {str(job.exception) for job in jobs if not job.successful()}
        print(function.__name__, sum(job.successful() for job in jobs), sorted(failed))

    async def fails():
        raise KeyError("its own")

    try:
        async_to_sync(fails)()  # noqa: F821
    except KeyError as error:
        print(error)


@pytest.mark.parametrize("backend", [LISTS, PUBSUB], ids=["lists", "pubsub"])
def test_each_of_50_greenlets_is_heard(redis, backend):
    said = probe(code, env={"PORT": str(redis.port), "BACKEND": backend}, patch=NAME)
    good = (
        "".join("%s 50 []\n" % name for name in ("raw", "stream", "session", "deploy"))
        + "'its own'"
    )
    assert (said.said, said.states[NAME]) == (good, "applied"), said.error
    assert "LOG" not in said.error and "Traceback" not in said.error
    assert redis.say("LLEN", "asgi:specific.reader!") == 4 * AT_ONCE
    received = redis.say("INFO", "stats").decode()
    (connections,) = [line for line in received.splitlines() if "connections_received" in line]
    # With lists each raw call has a loop and so a connection of its own; others are kept.
    assert int(connections.partition(":")[2]) < AT_ONCE + 20


def test_without_the_repair_all_but_one_are_refused(redis):
    env = {"PORT": str(redis.port), "BACKEND": LISTS}
    said = probe(code, env=env, patch=NAME, disable=NAME)
    first = said.said.splitlines()[0]
    assert first.startswith("raw 1 [") and REFUSED in first, said.error


APPLICATION = (
    SITE
    + """
def application(environ, start_response):
    async_to_sync(get_channel_layer().group_send)("raw", {"type": "raw"})
    notification.announce("news", 1, ["{}"], "epoch")
    logout.announce("1")
    start_response("200 OK", [])
    return [b"sent"]
"""
)


@pytest.mark.parametrize(
    "backend, disable", [(LISTS, ""), (PUBSUB, ""), (LISTS, NAME)], ids=["lists", "pubsub", "stock"]
)
def test_uwsgi_with_a_gevent_loop(redis, tmp_path, backend, disable):
    uwsgi = os.path.join(os.path.dirname(sys.executable), "uwsgi")
    if not os.path.exists(uwsgi):
        pytest.skip("only the wheel's uWSGI has gevent built in")
    (tmp_path / "app.py").write_text(APPLICATION)
    port = free_port()
    command = [uwsgi, "--gevent", "50", "--http-socket", "%s:%d" % (HOST, port), "--module", "app"]
    command += ["--master", "--need-app", "--die-on-term", "--disable-logging"]
    path = os.pathsep.join([str(tmp_path), CHECKOUT])
    env = dict(os.environ, PORT=str(redis.port), PYTHONPATH=path, BACKEND=backend)
    env["COMPAT_DISABLE"] = disable
    log = tmp_path / "uwsgi.log"
    server = Server(command, port, str(log), env=env)

    def visit(_):
        try:
            return urllib.request.urlopen("http://%s:%d/" % (HOST, port), timeout=60).read()
        except OSError as error:
            return str(error)

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = collections.Counter(pool.map(visit, range(AT_ONCE)))
    finally:
        server.stop()
    if disable:
        assert answers[b"sent"] < AT_ONCE and REFUSED in log.read_text()
    else:
        assert answers == {b"sent": AT_ONCE}, log.read_text()
        assert "LOG" not in log.read_text()
