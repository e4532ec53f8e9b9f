"""`manage.py runworker` on a real Redis: messages that fail, and a stop in the middle."""

import os
import signal
import sys

import pytest

from tests.support import CHECKOUT, commands, warm
from tests.support.wait import wait_until

NAME = "channels.lost_worker_messages"
SITE = """
import os, sys
import compat
compat.install()
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["channels"],
    ASGI_APPLICATION="work_site.application",
    CHANNEL_LAYERS={"default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": os.environ["PREFIX"]},
    }},
)
import django
django.setup()
import asyncio, time
from channels.consumer import AsyncConsumer, SyncConsumer
from channels.routing import ChannelNameRouter, ProtocolTypeRouter

def note(text):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(text + "\\n")

class Slow(AsyncConsumer):
    async def handle(self, message):
        if message["n"] in (0, "bad"):
            raise LookupError("on purpose")
        note("begun %s" % message["n"])
        await asyncio.sleep(message.get("seconds", 0))
        note("done %s" % message["n"])

class Threaded(SyncConsumer):
    def handle(self, message):
        if message["n"] == 0:
            raise LookupError("on purpose")
        time.sleep(message.get("seconds", 0))
        note("done %s" % message["n"])

class Broken(AsyncConsumer):
    made = 0
    def __init__(self, scope):
        Broken.made += 1
        if Broken.made == 1:
            raise LookupError("not made")
        super().__init__(scope)

    async def handle(self, message):
        note("done %s" % message["n"])

application = ProtocolTypeRouter({"channel": ChannelNameRouter(
    {"slow": Slow, "threaded": Threaded, "broken": Broken}
)})
"""
MANAGE = "import sys, work_site\nfrom django.core.management import execute_from_command_line\n"
SEND = """
import json, sys, work_site
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
async def send():
    layer = get_channel_layer()
    for channel, message in json.loads(sys.argv[1]):
        await layer.send(channel, message)
    await layer.close_pools()
async_to_sync(send)()
"""


class Site(object):
    """A site's folder, its worker, and what its consumers have noted."""

    def __init__(self, folder, redis, prefix):
        self.folder, self.redis, self.prefix = folder, redis, prefix
        (folder / "work_site.py").write_text(SITE)
        (folder / "manage.py").write_text(MANAGE + "execute_from_command_line(sys.argv)\n")
        (folder / "send.py").write_text(SEND)
        self.notes, self.log = folder / "notes", folder / "log"
        self.notes.write_text("")
        path = os.pathsep.join([str(folder), CHECKOUT])
        self.environ = dict(
            os.environ, PYTHONPATH=path, REDIS_URL=redis.url, PREFIX=prefix, NOTES=str(self.notes)
        )
        self.worker = None

    def work(self, *channels, **environ):
        command = [sys.executable, "manage.py", "runworker", *channels]
        with open(str(self.log), "ab") as log:
            environ = dict(self.environ, **environ)
            self.worker = warm.popen(command, warm.STACK, environ, str(self.folder), log)

    def send(self, *messages):
        import json

        words = "send.py", json.dumps(messages)
        done = commands.run(*words, cwd=str(self.folder), env=self.environ)
        assert done.returncode == 0, done.stderr

    def wait_until_read(self, channel):
        """Until nothing is left in Redis: the worker has it all, and is busy with the first."""

        def read():
            left = self.redis.say("LLEN", self.prefix + channel)
            return not left and "begun" in self.notes.read_text()

        wait_until(read, what="all has been read")

    def done(self):
        return [line[5:] for line in self.notes.read_text().splitlines() if line[:4] == "done"]

    def stop(self, signum=signal.SIGTERM):
        self.worker.send_signal(signum)
        return self.worker.wait(30)


@pytest.fixture
def site(tmp_path, redis):
    site = Site(tmp_path, redis, tmp_path.name)
    yield site
    if site.worker is not None and site.worker.poll() is None:
        site.worker.kill()
        site.worker.wait()


def numbered(channel, count, **more):
    return [(channel, dict({"type": "handle", "n": n}, **more)) for n in range(count)]


def expected(count):
    return sorted(map(str, range(1, count)))


@pytest.mark.parametrize("channel", ["slow", "threaded"])
def test_the_others_are_handled_when_one_fails(site, channel):
    site.send(*numbered(channel, 10))
    site.work("slow", "threaded")
    wait_until(lambda: sorted(site.done()) == expected(10), what="1 to 9 are done")
    assert site.done() == expected(10)  # in their order
    log = site.log.read_text()
    assert "Exception in the consumer of channel %s, message 'handle'" % channel in log
    assert log.count("LookupError: on purpose") == 1 and "Traceback" in log
    assert site.stop() == 0


def last(site):
    """Whether the worker handles a message after those of before, which it has read ahead."""
    site.send(("slow", {"type": "handle", "n": "last"}))
    wait_until(lambda: "last" in site.done(), what="the worker still works")


def test_without_the_patch_they_are_lost(site):
    site.send(*numbered("slow", 10))
    site.work("slow", COMPAT_DISABLE=NAME)
    wait_until(lambda: "on purpose" in site.log.read_text(), what="the failure")
    last(site)
    assert len(site.done()) < 10


MESSAGES = {
    "no consumer": ("broken", {"type": "handle", "n": 1}, "LookupError: not made"),
    "no type": ("slow", {"n": 1}, "A message without a type on channel slow"),
    "unknown type": ("slow", {"type": "who.knows", "n": 1}, "No handler for message type"),
}


@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_a_channel_is_read_after_a_message_that_nobody_can_handle(site, kind):
    channel, message, said = MESSAGES[kind]
    site.work("slow", "broken")
    site.send((channel, message), (channel, {"type": "handle", "n": "next"}))
    wait_until(lambda: site.done() == ["next"], what="the next is handled")
    assert said in site.log.read_text()
    assert site.stop() == 0


@pytest.mark.parametrize("kind", ["no consumer", "no type"])
def test_without_the_patch_it_is_not(site, kind):
    channel, message, _ = MESSAGES[kind]
    site.work("slow", "broken", "threaded", COMPAT_DISABLE=NAME)
    site.send((channel, message), (channel, {"type": "handle", "n": "next"}))
    site.send(("threaded", {"type": "handle", "n": "other"}))
    wait_until(lambda: "other" in site.done(), what="the other channel is read")
    assert site.done() == ["other"]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_handles_what_has_been_read(site, signum):
    site.send(*numbered("slow", 10, seconds=0.3)[1:])
    site.work("slow")
    site.wait_until_read("slow")
    assert site.stop(signum) == 0
    assert site.done() == expected(10)


def test_what_cannot_be_handled_in_time_goes_back(site):
    site.send(*numbered("slow", 6, seconds=2)[1:])
    site.work("slow", COMPAT_DRAIN_SECONDS="1")
    site.wait_until_read("slow")
    assert site.stop() == 0
    cut_off = set(expected(6)) - set(site.done())
    site.work("slow")
    wait_until(lambda: len(site.done()) >= 4, what="the others are done")
    assert cut_off - set(site.done()) <= {"1"}  # it had begun
    assert "Cut off at stop: the consumer of channel slow" in site.log.read_text()


def test_without_the_patch_a_stop_loses_them(site):
    site.send(*numbered("slow", 10, seconds=0.3)[1:])
    site.work("slow", COMPAT_DISABLE=NAME)
    site.wait_until_read("slow")
    assert site.stop() == -signal.SIGTERM
    site.work("slow")
    last(site)
    assert len(site.done()) < 9


def test_a_second_signal_ends_it_at_once(site):
    site.send(*numbered("slow", 3, seconds=60)[1:])
    site.work("slow", COMPAT_DRAIN_SECONDS="100")
    site.wait_until_read("slow")
    site.worker.send_signal(signal.SIGTERM)
    site.worker.send_signal(signal.SIGTERM)

    def ended():
        if site.worker.poll() is None:
            site.worker.send_signal(signal.SIGTERM)
        return site.worker.poll() is not None

    wait_until(ended, what="it has ended")
    assert site.worker.returncode == -signal.SIGTERM


def test_a_layer_that_cannot_be_used_ends_the_process(site):
    site.work("slow", "not a channel's name")
    assert site.worker.wait(60) == 1
    assert "Traceback" in site.log.read_text()
