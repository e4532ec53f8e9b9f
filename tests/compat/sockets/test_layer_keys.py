"""Keys of the channel layer: the file, and a rotation while everything runs."""

import contextlib
import json
import os
import stat
import subprocess
import sys

import pytest

from compat import layer_keys
from compat.layer_keys import BadKeys
from tests.support import CHECKOUT

MODULE = [sys.executable, "-m", "compat.layer_keys"]


def step(path, name):
    """The command as typed; returns (exit code, what it said)."""
    done = subprocess.run(
        MODULE + [str(path), name],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        timeout=60,
    )
    return done.returncode, done.stdout


def test_a_file_is_made_once_and_private(tmp_path):
    path = str(tmp_path / "new" / "keys")
    (key,) = layer_keys.read(path)
    assert len(key) >= 40 and layer_keys.read(path) == [key]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(os.path.dirname(path)) == ["keys"]


def test_processes_that_race_for_the_file_agree(tmp_path):
    code = "from compat import layer_keys; print(layer_keys.read(%r))" % str(tmp_path / "keys")
    racers = [
        subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, stdout=subprocess.PIPE)
        for _ in range(6)
    ]
    assert len({racer.communicate(timeout=60)[0] for racer in racers}) == 1


def test_the_steps(tmp_path):
    path = str(tmp_path / "keys")
    (old,) = layer_keys.read(path)
    assert step(path, "use") == (1, "%s has only one key: add another first\n" % path)
    assert step(path, "add")[0] == 0
    kept, new = layer_keys.read(path)
    assert kept == old != new
    code, said = step(path, "use")
    assert code == 0 and "2 keys" in said and "Restart" in said and new not in said
    assert layer_keys.read(path) == [new, old]
    assert step(path, "drop")[0] == 0
    assert layer_keys.read(path) == [new]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(str(tmp_path)) == ["keys"]


@pytest.mark.parametrize("mode", [0o640, 0o440, 0o600])
def test_who_may_read_the_file_is_kept(tmp_path, mode):
    path = str(tmp_path / "keys")
    layer_keys.read(path)
    if os.geteuid() == 0:
        os.chown(path, 0, 33)
    os.chmod(path, mode)
    kept = os.stat(path)
    for name in layer_keys.STEPS:
        layer_keys.change(path, name)
        now = os.stat(path)
        assert stat.S_IMODE(now.st_mode) == mode, name
        assert (now.st_uid, now.st_gid) == (kept.st_uid, kept.st_gid)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "short\n", "x" * 40 + "\nshort\n"])
def test_a_file_without_usable_keys(tmp_path, text):
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(BadKeys, match="keys holds no key|keys: a key must have 32 characters"):
        layer_keys.read(str(path))
    code, said = step(path, "add")
    assert code == 1 and "Traceback" not in said
    assert path.read_text() == text


def test_keys_from_the_environment(tmp_path):
    code = "from django.conf import settings; print(settings.CHANNEL_LAYERS['default']['CONFIG'])"

    def said(keys):
        environment = dict(os.environ, DEVOPS_VAR=str(tmp_path), LAYER_KEYS=keys)
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=CHECKOUT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            timeout=60,
        )
        return done.stdout

    first, second = "a" * 32, "b" * 32
    assert str([first, second]) in said("%s, %s" % (first, second))
    assert "LAYER_KEYS: expected keys of 32 characters" in said(first + ",short")
    assert not os.path.exists(str(tmp_path / "layer_keys"))


def test_a_path_that_is_no_file(tmp_path):
    with pytest.raises(BadKeys, match="cannot be read"):
        layer_keys.read(str(tmp_path))
    (tmp_path / "file").write_text("")
    code, said = step(tmp_path / "file" / "keys", "add")
    assert code == 1 and "Traceback" not in said


@contextlib.contextmanager
def sender(site, redis):
    """A process with the keys of now; call what is yielded with a text to send."""
    environment = dict(os.environ, DEVOPS_VAR=site.var, REDIS_URL=redis.url)
    environment["PYTHONWARNINGS"] = "ignore"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.compat.sockets.sender"],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        universal_newlines=True,
    )

    def send(text):
        process.stdin.write(text + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "sent\n"

    try:
        assert process.stdout.readline() == "ready\n"
        yield send
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(20)


class Generation(object):
    """A daphne and a sender that were started together, and sockets on that daphne."""

    def __init__(self, stack, site, redis, serve, ann):
        # Bells that are not understood would be found by polling.
        server = stack.enter_context(serve(STREAMS_POLL_SECONDS=3600))
        self.send = stack.enter_context(sender(site, redis))
        self.member = server.open("/member/", ann.cookie)
        self.news = server.open("/news/", ann.cookie)

    def gets(self, text):
        assert self.member.recv() == text
        while True:
            frame = json.loads(self.news.recv())
            if text in frame.get("bodies", ()):
                return


def test_a_rotation_while_everything_runs(serve, site, redis, ann):
    """At each step old and new processes are there together, and all of them hear all others."""
    path = os.path.join(site.var, "layer_keys")
    ann.allow()
    with contextlib.ExitStack() as everything:
        stack = contextlib.ExitStack()
        old = Generation(stack, site, redis, serve, ann)
        for name in layer_keys.STEPS:
            assert step(path, name)[0] == 0
            later = contextlib.ExitStack()
            everything.push(later.__exit__)
            new = Generation(later, site, redis, serve, ann)
            for number, source in enumerate([old, new, old, new]):
                text = "%s %d" % (name, number)
                source.send(text)
                for socket in (old, new):
                    socket.gets(text)
            stack.close()
            old, stack = new, later
        # Nothing of it can be read in Redis: what is sent now nobody takes.
        assert b"secret words" not in sent_to_a_queue(redis, old)


def sent_to_a_queue(redis, generation):
    """What a message looks like in Redis."""
    prefix = "asgi:"
    redis.say("ZADD", prefix + ":group:members", "9999999999", "specific.nobody!x")
    generation.send("secret words")
    generation.gets("secret words")
    return redis.say("LINDEX", prefix + "specific.nobody!", "0")


def test_keys_that_no_step_has_led_to_are_not_understood(serve, site, redis, ann, tmp_path):
    """Which shows that the test above can fail; a stranger's message closes no socket."""
    path = os.path.join(site.var, "layer_keys")
    with contextlib.ExitStack() as stack:
        ann.allow()
        old = Generation(stack, site, redis, serve, ann)
        os.unlink(path)
        stranger = stack.enter_context(sender(site, redis))
        stranger("forged")
        old.send("ours")
        assert old.member.recv() == "ours"
    assert "it cannot be read: InvalidToken" in (tmp_path / "daphne.log").read_text()
