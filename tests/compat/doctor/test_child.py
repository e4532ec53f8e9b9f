"""How the doctor asks in processes of the site's kind."""

import io
import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from compat.doctor import child, processes, views
from compat.doctor.child import Child


class Stream:
    """A Popen whose output is `text`, in pieces; `status` at its end."""

    def __init__(self, *pieces, rest=b""):
        self.reading, self.writing = os.pipe()
        self.stdout = os.fdopen(self.reading, "rb", 0)
        os.write(self.writing, b"".join(pieces))
        os.close(self.writing)
        self.rest, self.killed = rest, False
        self.stdin = io.BytesIO()

    def wait(self):
        return 3

    def kill(self):
        self.killed = True

    def communicate(self, timeout=None):
        assert self.stdin is None and 0 < timeout <= child.MORE
        self.stdout.close()
        return self.rest, None


@pytest.fixture
def started(monkeypatch):
    """started(*pieces): the Child of such a process; .words and .options are Popen's."""

    def start(*pieces, one=None, rest=b"", **asked):
        called = {}

        def popen(words, **options):
            called.update(words=words, options=options)
            return Stream(*pieces, rest=rest)

        with monkeypatch.context() as patched:
            patched.setattr(child.subprocess, "Popen", popen)
            made = Child(one, **asked)
        made.called = SimpleNamespace(**called)
        return made

    return start


@pytest.mark.parametrize(
    "pieces, facts",
    [
        ([b'{"errors": {}, "a": 1}\n'], {"errors": {}, "a": 1}),
        ([b'what a site prints\n[1]\n{"b": 2}\n\xff\n{"errors": {}}\n{"x"'], {"errors": {}}),
        ([b""], {"errors": {"application": "the process ended with status 3"}}),
        ([b'{"errors": {}}'], {"errors": {"application": "the process ended with status 3"}}),
        (
            [b'{"errors": {}, "a": 1, "partly": true}\n{"errors": {}, "a": 2}\n'],
            {"errors": {}, "a": 2},
        ),
        (
            [b'{"errors": {}, "a": 1, "partly": true}\n'],
            {"errors": {}, "a": 1, "unseen": "what it uses did not answer within 45 s"},
        ),
    ],
)
def test_facts_are_a_line(started, pieces, facts):
    made = started(*pieces)
    assert made.first() == facts
    made.rest()


@pytest.mark.parametrize(
    "rest, found",
    [
        (b"", {}),
        (b'{"received": true}\n', {"received": True}),
        (b'noise\n{"received": false}', {"received": False}),
        (b"noise\n", {}),
        (b"5\n", {}),
    ],
)
def test_what_is_added_at_the_end(started, rest, found):
    made = started(b'{"errors": {}}\n', rest=rest)
    made.first()
    assert made.rest() == found


def test_one_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(child, "SECONDS", 0.05)
    made = Child.__new__(Child)
    made.text, made.trouble, made.unseen, made.partly = b"", "", "", {}
    made.deadline = time.monotonic() + child.SECONDS
    reading, writing = os.pipe()
    killed = []
    with os.fdopen(reading, "rb", 0) as stream:
        made.process = SimpleNamespace(stdout=stream, kill=lambda: killed.append(1))
        assert "not imported within" in made.first()["errors"]["application"]
    os.close(writing)
    assert killed == [1]


def test_a_process_is_started_as_the_sites_is(started, monkeypatch):
    argv = ["/site/venv/bin/python", "/site/venv/bin/daphne", "mysite.asgi:application"]
    one = processes.Process(5, "daphne", argv, {"A": "b"}, "/site", 12345)
    became = []
    monkeypatch.setattr(child, "_become", became.append)
    for root in (True, False):
        monkeypatch.setattr(child.os, "getuid", lambda root=root: 0 if root else 12345)
        made = started(b"", one=one, listen="group")
        options, words = made.called.options, made.called.words
        assert (options["cwd"], options["env"]) == ("/site", one.variables())
        assert words[: len(one.python())] == one.python() and words[-2] == child.CODE
        asked = json.loads(words[-1])
        assert asked["application"] == one.application() and asked["listen"] == "group"
        assert "django_bridge" in asked["bridges"] and "compat" in asked["bridges"]
        assert ("preexec_fn" in options) is root
        if root:
            options["preexec_fn"]()
        made.rest()
    assert became == [12345]
    monkeypatch.setattr(child.os, "getuid", lambda: 0)
    made = started(b"", one=one._replace(uid=0))
    assert "preexec_fn" not in made.called.options
    mine = started(b"")
    assert mine.called.words[0] == sys.executable
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    assert mine.called.options == dict(stdin=pipe, stdout=pipe, stderr=nothing)
    for each in (made, mine):
        each.rest()


def test_one_that_does_not_start_says_nothing_of_the_site(monkeypatch):
    def popen(words, **options):
        raise PermissionError("no")

    monkeypatch.setattr(child.subprocess, "Popen", popen)
    made = Child(None)
    assert made.first() == {"errors": {}, "unseen": sys.executable + " does not start: no"}
    assert made.rest() == {}


def test_another_account_is_taken_whole(monkeypatch):
    import pwd

    said = []
    for name in ("initgroups", "setgid", "setuid"):
        monkeypatch.setattr(child.os, name, lambda *words, name=name: said.append((name, *words)))
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name="ann", pw_gid=77))
    child._become(5)
    assert said == [("initgroups", "ann", 77), ("setgid", 77), ("setuid", 5)]


def test_processes_that_are_the_same_are_asked_once():
    def one(pid, kind="uwsgi", folder="/site", uid=5, **variables):
        argv = ["python", "daphne", "a:b"] if kind == "daphne" else ["uwsgi", "--wsgi", "m"]
        return processes.Process(pid, kind, argv, variables, folder, uid)

    same = [one(1), one(2), one(3, SHLVL="1"), one(4, INVOCATION_ID="x")]
    other = [one(5, A="b"), one(6, folder="/x"), one(7, uid=6)]
    daphnes = [one(8, "daphne"), one(9, "daphne")]
    found = views._different(same + daphnes + other)
    assert [[each.pid for each in kind] for kind in found] == [[8], [1, 5, 6, 7]]


def test_one_sends_and_all_daphnes_listen(monkeypatch):
    made, finished = [], []

    class Asked:
        def __init__(self, one, **asked):
            self.one, self.asked, self.ended, self.stopped = one, asked, False, False
            made.append(self)

        def first(self):
            if self.one and self.one.pid == broken:
                raise KeyboardInterrupt
            return {"first": self.one and self.one.pid}

        def finish(self):
            finished.append(self)

        def rest(self):
            assert not self.asked.get("listen") or len(finished) == 2
            # Whoever listens is told of the end when all have sent.
            assert not self.asked.get("listen") or all(one.ended for one in made[2:])
            self.ended = True
            return {"rest": True}

        def stop(self):
            self.stopped = True

    broken = None
    monkeypatch.setattr(views, "Child", Asked)
    argv = {"daphne": ["python", "daphne", "a:b"], "uwsgi": ["uwsgi", "--wsgi", "m"]}

    def one(pid, kind):
        return processes.Process(pid, kind, argv[kind], {"A": str(pid)}, "/site", 0)

    found = views.look([one(1, "daphne"), one(2, "uwsgi"), one(3, "daphne"), one(4, "uwsgi")])
    assert [(view.kind, view.facts) for view in found] == [
        ("daphne", {"first": 1, "rest": True}),
        ("daphne", {"first": 3, "rest": True}),
        ("uwsgi", {"first": 2}),
        ("uwsgi", {"first": 4}),
    ]
    group = made[0].asked["listen"]
    assert [each.asked for each in made] == [{"listen": group}] * 2 + [{}, {"send": group}]
    assert [each.one.pid for each in made] == [1, 3, 4, 2]
    broken = 3  # as Ctrl-C does
    with pytest.raises(KeyboardInterrupt):
        views.look([one(1, "daphne"), one(3, "daphne")])
    assert all(each.stopped for each in made)
    broken = None
    del made[:]
    (alone,) = views.look([])
    assert (alone.name, alone.kind, made[0].one) == ("this process", "", None)
    assert list(made[0].asked) == ["send"]


def test_who_does_not_tell_its_databases_is_not_another_site(monkeypatch):
    """It may be this one, in another folder: its start took too long, say."""
    made = []

    class Asked:
        def __init__(self, one, **asked):
            self.one, self.asked, self.stopped = one, asked, False
            made.append(self)

        def first(self):
            if self.one.pid == broken:
                raise KeyboardInterrupt
            return self.one.variables()

        def finish(self):
            pass

        def rest(self):
            return {"received": self.one.folder != "/deaf"} if self.asked.get("listen") else {}

        def stop(self):
            self.stopped = True

    def one(pid, folder="/other", **facts):
        argv = ["python", "daphne", "a:b"]
        return processes.Process(pid, "daphne", argv, facts, folder, 0)

    broken = None
    monkeypatch.setattr(views, "Child", Asked)
    sender = one(1)
    others = [one(2, places=[["x"]]), one(3, errors={"a": "b"}), one(4, "/deaf", places=[["y"]])]
    assert views.reached(sender, others) == [(others[0], [["x"]])]
    assert [list(each.asked) for each in made] == [["listen"]] * 3 + [["send"]]
    assert len({group for each in made for group in each.asked.values()}) == 1
    for broken in (3, 1):  # as Ctrl-C does
        del made[:]
        with pytest.raises(KeyboardInterrupt):
            views.reached(sender, others)
        assert made and all(each.stopped for each in made)
