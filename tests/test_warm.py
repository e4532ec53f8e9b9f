"""A process that is forked from a warm one is as one that was started by itself."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from tests.support import CHECKOUT, commands, warm
from tests.support.daphne import listening
from tests.support.probe import DJANGO, SHARED, probe
from tests.support.wait import wait_until
from tests.support.warm_server import receive, send

SELF = """
import json, os, signal, sys, threading
print(json.dumps({
    "argv": sys.argv, "path": sys.path, "prefix": sys.prefix, "executable": sys.executable,
    "cwd": os.getcwd(), "environ": dict(os.environ), "name": __name__,
    "globals": sorted(globals()), "descriptors": len(os.listdir("/proc/self/fd")),
    "main": sys.modules["__main__"].__dict__ is globals(), "file": globals().get("__file__"),
    "group": os.getpgrp(), "threads": threading.active_count(), "stdin": sys.stdin.read(),
    "handlers": [str(signal.getsignal(one)) for one in (2, 13, 15)],
}))
sys.exit(7)
"""
# What a cold one has from its start on, or only one with a name.
LEFT_OUT = ("LC_CTYPE",)


def facts(words, cold, environ, folder):
    done = commands.run(*words, env=environ, cwd=str(folder), cold=cold)
    assert done.returncode == 7 and "Traceback" not in done.stderr, done.stderr
    found = json.loads(done.stdout)
    for name in LEFT_OUT:
        found["environ"].pop(name, None)
    return found


@pytest.mark.parametrize("kind", ["code", "module", "script"])
def test_it_looks_the_same(tmp_path, kind):
    (tmp_path / "who.py").write_text(SELF)
    words = {"code": ["-c", SELF], "module": ["-m", "who", "a b"], "script": ["who.py", "x"]}[kind]
    environ = {
        "PATH": os.environ["PATH"],
        "SEEN": "é",
        "PYTHONPATH": "%s:%s" % (tmp_path, CHECKOUT),
    }
    cold, forked = (facts(words, cold, environ, tmp_path) for cold in (True, False))
    assert forked == cold


def test_no_two_have_the_same_random_numbers():
    """Names of channels are made of them."""
    said = {probe(DJANGO + "import random; print(random.random())").said for _ in range(3)}
    assert len(said) == 3


def test_what_probes_begin_with_runs_once(tmp_path):
    """Each goes on from there by itself; not where it reads a variable that only one has."""
    head = "print('ran', file=open(%r, 'a'))\nlist_of = [os.environ.get('NAMED')]\n"
    head += "os.environ['LEFT'] = 'x'\n"
    code = head % str(tmp_path / "log") + SHARED + "list_of.append(1)\n"
    code += "print(list_of, os.environ.get('OTHER'), os.environ['LEFT'])"
    for env, said in (({}, "[None, 1] None x"), ({"OTHER": "a"}, "[None, 1] a x")):
        assert probe(code, env=env).said == said
    assert (tmp_path / "log").read_text() == "ran\n"
    assert probe(code, env={"NAMED": "b"}).said == "['b', 1] None x"
    assert (tmp_path / "log").read_text() == "ran\nran\n"


def test_what_probes_begin_with_fails_in_each():
    for line in ("print(1)", "print(2)"):
        result = probe("raise KeyError('of this test')\n" + SHARED + line)
        assert result.returncode == 1 and result.said == "KeyError: 'of this test'"


@pytest.mark.parametrize("disable", ["", "security.*"])
def test_patches_are_as_in_a_process_of_its_own(disable):
    """But for those of what is loaded already."""
    code = DJANGO + "print(json.dumps({r['name']: r['state'] for r in compat.report()}))"
    cold, first, second = (probe(code, disable, cold=cold) for cold in (True, False, False))
    assert first.said == second.said, first.error + second.error
    cold, forked = json.loads(cold.said), json.loads(first.said)
    more = {name for name in cold if cold[name] != forked[name]}
    assert {cold[name] for name in more} <= {"waiting"}
    assert {forked[name] for name in more} <= {"applied", "not needed"}
    assert ("disabled" in forked.values()) == bool(disable)


@pytest.mark.parametrize("disable", ["", "daphne.*,channels.utc_clock", "security.*", "aioredis.*"])
def test_what_is_shared_with_others_was_not_to_be_repaired_otherwise(disable):
    """One after the other: each might get what was imported for the one before."""
    code = DJANGO + "import channels.http, channels_redis.core, daphne.ws_protocol, aioredis\n"
    code += "print(json.dumps({r['name']: r['state'] for r in compat.report()}))"
    cold, forked = (json.loads(probe(code, disable, cold=cold).said) for cold in (True, False))
    assert {name for name in cold if cold[name] == "disabled"} == {
        name for name in forked if forked[name] == "disabled"
    }
    # It looks whether Twisted is loaded, and is tried in processes of its own.
    cold.pop("channels.late_imports")
    assert {cold[name] for name in cold if cold[name] != forked[name]} <= {"waiting"}


@pytest.mark.skipif(warm.COLD, reason="nothing is loaded")
def test_what_is_loaded_is_for_these_folders_of_patches(monkeypatch):
    monkeypatch.delenv("COMPAT_EVENT_LOOP", raising=False)  # whoever has one begins cold
    code = "import sys, compat.patches as p\n"
    code += "print(*[f for f in p.folders() if p.LOADED_WITH.get(f, f) in sys.modules])"
    for number in range(len(warm.STACK) + 1):
        found = commands.run("-c", code, load=warm.STACK[:number]).stdout.split()
        expected = [folder for part in warm.STACK[:number] for folder in warm.FOLDERS[part]]
        assert sorted(found) == sorted(expected)


def test_what_is_loaded_asks_for_no_setting_and_makes_no_loop(monkeypatch):
    """If it did, the process that prepares would have ended: see prepare()."""
    monkeypatch.delenv("COMPAT_EVENT_LOOP", raising=False)
    done = commands.run("-c", "import sys; print('daphne.ws_protocol' in sys.modules)")
    assert done.stdout.strip() == str(not warm.COLD), done.stderr


def test_signals_and_statuses(tmp_path):
    with open(str(tmp_path / "log"), "w+") as log:
        code = "import signal; print('ready', flush=True); signal.pause()"
        words = [sys.executable, "-c", code]
        process = warm.popen(words, (), dict(os.environ), str(tmp_path), log)
        wait_until(lambda: (tmp_path / "log").read_text())
        assert process.poll() is None and os.getpgid(process.pid) == os.getpgrp()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == process.poll() == -signal.SIGTERM
        process.kill()  # of nobody else who has the number now


def test_a_signal_for_who_has_just_ended(tmp_path, monkeypatch):
    with open(str(tmp_path / "log"), "w") as log:
        process = warm.popen([sys.executable, "-c", ""], (), dict(os.environ), str(tmp_path), log)
    assert process.wait(60) == 0
    monkeypatch.setattr(process, "poll", lambda: None)  # as in the moment before it is told
    process.terminate()


def test_what_it_says_is_read_while_it_runs(tmp_path):
    code = "import sys; print('one', flush=True); sys.stdin.read(); print('x' * 10 ** 6)"
    code += "; sys.stderr.write('error'); sys.exit(3)"
    process = warm.spawn([sys.executable, "-c", code], (), dict(os.environ), str(tmp_path))
    assert process.stdout.readline() == "one\n"
    assert process.communicate(timeout=60) == ("x" * 10**6 + "\n", "error")
    assert process.returncode == 3


def test_who_says_nothing_in_time(tmp_path):
    code = "import signal; print('one', flush=True); signal.pause()"
    process = warm.spawn([sys.executable, "-c", code], (), dict(os.environ), str(tmp_path))
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=0.1)
    process.kill()
    assert process.communicate()[1] == "" and process.returncode == -signal.SIGKILL


def test_it_has_the_sockets_that_it_is_given(tmp_path):
    with listening() as listener, open(str(tmp_path / "log"), "w+") as log:
        code = "import signal, socket; one = socket.socket(fileno=%d); print(one.getsockname()[1])"
        code = code % listener.fileno() + "; one.close(); print(flush=True); signal.pause()"
        words = [sys.executable, "-c", code]
        passed, address = [listener.fileno()], listener.getsockname()
        process = warm.popen(words, (), dict(os.environ), str(tmp_path), log, pass_fds=passed)
        listener.close()
        wait_until(lambda: (tmp_path / "log").read_text() == "%d\n\n" % address[1])
        with pytest.raises(ConnectionRefusedError):  # nobody else has it still open
            socket.create_connection(address)
        process.kill()
        assert process.wait(20) == -signal.SIGKILL


@pytest.mark.skipif(warm.COLD, reason="there is none")
def test_when_the_process_that_forks_has_ended_there_is_a_new_one():
    assert commands.run("-c", "print(1)").stdout == "1\n"
    for control in warm.warm.sockets.values():
        control.shutdown(socket.SHUT_RDWR)
    with pytest.raises((OSError, AssertionError)):
        commands.run("-c", "print(1)")
    assert commands.run("-c", "print(2)").stdout == "2\n"


@pytest.mark.parametrize(
    "code",
    [
        "import atexit, threading\natexit.register(print, 'at its end')\nprint('first')\n"
        "timer = threading.Timer(0.1, print, ['waited for'])\ntimer.start()",
        "class Kept(object):\n    def __del__(self):\n        print('forgotten')\nkept = Kept()",
        "import sys\nprint('as text', end='')\nsys.exit('why')",
        "import sys\nsys.exit(300)",
        "import sys\nsys.exit(True)",
        "import sys\nsys.exit(-1)",
        "import atexit\natexit.register(lambda: 1 / 0)\nprint('on')",
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)",
    ],
)
def test_it_ends_the_same(code):
    cold, forked = (commands.run("-c", code, cold=cold) for cold in (True, False))
    said = [(one.returncode, one.stdout, one.stderr.splitlines()[-1:]) for one in (cold, forked)]
    assert said[0] == said[1] and (said[0][1] or said[0][0])


def test_two_lines_that_are_there_at_once_are_two():
    mine, theirs = socket.socketpair()
    with mine, theirs:
        send(theirs, 7)
        send(theirs, ["x" * 100000], [mine.fileno()])
        theirs.close()
        assert receive(mine) == (7, [])
        value, (passed,) = receive(mine)
        assert value == ["x" * 100000]
        os.close(passed)
        assert receive(mine) == (None, [])
