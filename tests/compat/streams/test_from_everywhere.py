"""A push from wherever a site has code, seen by a reader at once: docs/guide/streams.md."""

import json
import os
import subprocess
import sys
import urllib.request

import pytest
import websocket

from tests.support import CHECKOUT, commands
from tests.support.redis import Redis
from tests.support.servers import HOST, Server, free_port, stop
from tests.support.sites.streams import Site
from tests.support.wait import wait_for_line

# A reader that misses the announcement would not find the entry within the test's time.
POLL = 600
HEAD = """
import compat
compat.install()
import django
django.setup()
from compat.streams import publish
"""
CODE = {
    "thread": """
import threading
one = threading.Thread(target=publish, args=("thread", "pushed"))
one.start()
one.join()
""",
    "command": """
from django.core.management import BaseCommand, call_command

class Command(BaseCommand):
    def handle(self, *args, **options):
        publish("command", "pushed")

call_command(Command())
""",
    # What is rolled back was never said.
    "post_save": """
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

@receiver(post_save, sender=ContentType)
def saved(sender, instance, **_):
    publish("post_save", instance.model)

try:
    with transaction.atomic():
        ContentType.objects.create(app_label="shop", model="lost")
        raise KeyError
except KeyError:
    with transaction.atomic():
        ContentType.objects.create(app_label="shop", model="pushed")
""",
    "gevent": """
import gevent
gevent.joinall([gevent.spawn(publish, "gevent", "pushed")], raise_error=True)
""",
}
PATCHED = "from gevent import monkey\nmonkey.patch_all()\n"
TASKS = (
    HEAD
    + """
import os
from celery import Celery

app = Celery("pushes", broker="filesystem://")
folder = os.environ["BROKER"]
app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder}
app.conf.worker_enable_remote_control = False  # which files cannot carry
app.conf.task_ignore_result = True

@app.task
def report(stream):
    publish(stream, "pushed")
"""
)
APPLICATION = (
    HEAD
    + """
def application(environ, start_response):
    publish("uwsgi", "pushed")
    start_response("200 OK", [])
    return [b"published"]
"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory, sqlite_settings):
    """The site, with one daphne that readers have."""
    redis = Redis(tmp_path_factory.mktemp("redis"))
    layer = json.dumps([[HOST, redis.port]])
    site = Site(sqlite_settings, tmp_path_factory.mktemp("site"), layer, poll=POLL)
    site.daphne()
    yield site
    site.close()
    redis.stop()


@pytest.fixture
def follow(site):
    """follow(stream): a reader that is up to date; bodies(reader): what comes next."""
    readers = []

    def follow(stream):
        url = "ws://%s:%d/ws/%s/?since=0" % (site.servers[0].address + (stream,))
        readers.append(websocket.create_connection(url, timeout=60))
        while json.loads(readers[-1].recv())["type"] != "live":
            pass
        return readers[-1]

    yield follow
    for reader in readers:
        reader.close()


def bodies(reader):
    while True:
        frame = json.loads(reader.recv())
        if frame.get("bodies"):
            return frame["bodies"]


@pytest.mark.parametrize("where", sorted(CODE))
def test_a_push_from_code(site, follow, where):
    head = HEAD
    if where == "gevent":
        pytest.importorskip("gevent", reason="gevent has no wheel for this Python")
        head = PATCHED + HEAD
    reader = follow(where)
    done = commands.run("-c", head + CODE[where], env=site.env, cold=where == "gevent")
    assert done.returncode == 0, done.stderr
    assert bodies(reader) == ["pushed"]


def test_a_push_from_an_async_consumer(follow):
    reader = follow("consumer")
    reader.send("publish")
    assert bodies(reader) == ["pushed"]


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_push_from_a_task_of_celery(site, follow, tmp_path, pool):
    pytest.importorskip("celery", reason="celery 4.4 is for Python before 3.12")
    if pool == "gevent":
        pytest.importorskip("gevent", reason="gevent has no wheel for this Python")
    (tmp_path / "pushes.py").write_text(TASKS)
    (tmp_path / "broker").mkdir()
    path = os.pathsep.join([str(tmp_path), CHECKOUT])
    environ = dict(site.env, BROKER=str(tmp_path / "broker"), PYTHONPATH=path, C_FORCE_ROOT="1")
    words = [sys.executable, "-m", "celery", "-A", "pushes", "worker", "-P", pool, "-c", "2"]
    words += ["-l", "info", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    log = str(tmp_path / "worker.log")
    with open(log, "w") as file:
        worker = subprocess.Popen(
            words, cwd=str(tmp_path), env=environ, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        wait_for_line(worker, log, " ready.")
        # Several, so that each process of a pool has some: a fork has what its parent had.
        reader = follow("celery-" + pool)
        code = "import pushes\nfor _ in '1234': pushes.report.delay('celery-%s')" % pool
        done = commands.run("-c", code, env=environ, cwd=str(tmp_path), cold=True)
        assert done.returncode == 0, done.stderr
        found = []
        while len(found) < 4:
            found += bodies(reader)
        assert found == ["pushed"] * 4
        with open(log) as file:
            assert "Traceback" not in file.read()
    finally:
        stop(worker)


@pytest.mark.parametrize("mode", ["processes", "gevent"])
def test_a_push_from_a_view_in_uwsgi(site, follow, tmp_path, mode):
    uwsgi = os.path.join(os.path.dirname(sys.executable), "uwsgi")
    if not os.path.exists(uwsgi):
        pytest.skip("there is no uWSGI of this environment's Python")
    application = APPLICATION
    if mode == "gevent":
        pytest.importorskip("gevent", reason="gevent has no wheel for this Python")
        application = PATCHED + APPLICATION
    (tmp_path / "app.py").write_text(application)
    port = free_port()
    words = [uwsgi, "--http-socket", "%s:%d" % (HOST, port), "--module", "app", "--lazy-apps"]
    words += ["--master", "--need-app", "--die-on-term", "--disable-logging"]
    words += ["--gevent", "10"] if mode == "gevent" else ["--processes", "2", "--enable-threads"]
    environ = dict(site.env, PYTHONPATH=os.pathsep.join([str(tmp_path), CHECKOUT]))
    reader = follow("uwsgi")
    server = Server(words, port, str(tmp_path / "uwsgi.log"), env=environ)
    try:
        url = "http://%s:%d/" % (HOST, port)
        assert urllib.request.urlopen(url, timeout=60).read() == b"published", server.output()
        assert bodies(reader)[-1] == "pushed"
    finally:
        server.stop()
