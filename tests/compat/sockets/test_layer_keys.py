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
from tests.support import CHECKOUT, commands, warm

MODULE = [sys.executable, "-m", "compat.layer_keys"]


def step(path, name):
    """The command as typed; returns (exit code, what it said)."""
    done = commands.run(*MODULE[1:], str(path), name, load=(), timeout=60)
    return done.returncode, done.stderr + done.stdout


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


def test_steps_wait_for_the_one_that_is_at_it(tmp_path):
    path = str(tmp_path / "keys")
    layer_keys.read(path)
    command = [sys.executable, "-m", "compat.layer_keys", path, "add"]
    with layer_keys.alone(path):
        other = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=1)
        keys, changed = layer_keys.change_alone(path, "add")
        assert changed
    assert b"nothing to do" in other.communicate(timeout=60)[0]
    assert layer_keys.read(path) == keys


def test_a_link_stays_one_and_its_file_is_changed(tmp_path):
    path, link = str(tmp_path / "keys"), str(tmp_path / "link")
    layer_keys.read(path)
    os.symlink("keys", link)
    keys, _ = layer_keys.change(link, "add")
    assert layer_keys.read(path) == keys and os.path.islink(link)


def test_the_steps(tmp_path):
    path = str(tmp_path / "keys")
    (old,) = layer_keys.read(path)
    assert step(path, "use") == (1, "%s has only one key: add another first\n" % path)
    assert step(path, "add")[0] == 0
    kept, new = layer_keys.read(path)
    assert kept == old != new
    code, said = step(path, "use")
    assert code == 0 and "2 keys" in said and "restart" in said and new not in said
    assert layer_keys.read(path) == [new, old]
    assert step(path, "drop")[0] == 0
    assert layer_keys.read(path) == [new]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(str(tmp_path)) == ["keys"]


@pytest.mark.parametrize(
    "names", ["add use drop", "add use use drop", "add add use drop drop", "add use use drop drop"]
)
def test_a_step_that_is_repeated_changes_nothing(tmp_path, names):
    path = str(tmp_path / "keys")
    (old,) = layer_keys.read(path)
    for number, name in enumerate(names.split()):
        repeated = number and names.split()[number - 1] == name
        code, said = step(path, name)
        assert code == 0 and ("nothing to do" in said) == bool(repeated), said
    (new,) = layer_keys.read(path)
    assert new != old


@pytest.mark.parametrize(
    "before, refused, why",
    [
        ("add", "drop", "the new key is not in use yet, and would be lost: use it first"),
        ("add use", "add", "the last rotation is not finished: drop the old keys first"),
    ],
)
def test_a_step_out_of_turn_is_refused_and_loses_nothing(tmp_path, before, refused, why):
    path = tmp_path / "keys"
    layer_keys.read(str(path))
    for name in before.split():
        layer_keys.change(str(path), name)
    text = path.read_text()
    assert step(path, refused) == (1, "%s: %s\n" % (path, why))
    assert path.read_text() == text


def test_keys_of_which_nobody_knows_the_new_one_are_all_kept(tmp_path):
    """Written by hand, or half-way through a rotation of an older version."""
    path = tmp_path / "keys"
    first, second = "a" * 40, "b" * 40
    path.write_text("# ours\n%s\n%s\n" % (first, second))
    for name in ("use", "drop"):
        code, said = step(path, name)
        assert code == 1 and "does not say which of them is new" in said
        assert layer_keys.read(str(path)) == [first, second]
    assert step(path, "add")[0] == 0
    *kept, new = layer_keys.read(str(path))
    assert kept == [first, second]
    assert step(path, "use")[0] == 0
    assert layer_keys.read(str(path)) == [new, first, second]
    assert step(path, "drop")[0] == 0
    assert path.read_text() == "# ours\n%s\n" % new


def test_each_step_says_what_to_copy_to_restart_and_to_do_next(tmp_path):
    path = tmp_path / "keys"
    layer_keys.read(str(path))
    for name, then in (("add", "then: use"), ("use", "a minute later: drop"), ("drop", "are gone")):
        said = step(path, name)[1]
        assert "Copy the file" in said and "restart every process" in said and then in said


@pytest.mark.parametrize("name", layer_keys.STEPS)
def test_a_mistyped_path_is_refused_and_nothing_is_made(tmp_path, name):
    for path in (tmp_path / "mistyped", tmp_path / "no" / "folder"):
        code, said = step(path, name)
        assert code == 1 and "%s does not exist" % path in said and "`create`" in said
    assert os.listdir(str(tmp_path)) == []


def test_a_first_file_is_made_when_asked_for(tmp_path):
    path = tmp_path / "keys"
    code, said = step(path, "create")
    assert code == 0 and "1 key." in said
    assert len(layer_keys.read(str(path))) == 1
    assert stat.S_IMODE(os.stat(str(path)).st_mode) == 0o600
    text = path.read_text()
    assert step(path, "create") == (1, "%s exists, and stays as it is\n" % path)
    assert path.read_text() == text
    code, said = step(tmp_path / "no" / "keys", "create")
    assert code == 1 and "there is no folder" in said
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
        done = commands.run("-c", code, env=environment, timeout=60)
        return done.stderr + done.stdout

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
    words = [sys.executable, "-m", "tests.compat.sockets.sender"]
    process = warm.piped(words, warm.STACK, environment, CHECKOUT)

    def send(text):
        process.stdin.write(text.encode() + b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"sent\n"

    try:
        assert process.stdout.readline() == b"ready\n"
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
