"""How the doctor asks: over a connection, in a process of the site's kind, and what that notes."""

import asyncio
import json
import os
import socket
import sys
import threading
from types import SimpleNamespace

import pytest

from compat.doctor import child, processes, seen, views, wire
from compat.doctor.child import Child
from compat.doctor.wire import Answer, Target


@pytest.fixture(params=["tcp", "unix"])
def server(request, tmp_path):
    """.answer is what everybody gets; .asked are the requests; .address where it is."""
    family = socket.AF_INET if request.param == "tcp" else socket.AF_UNIX
    with socket.socket(family) as listener:
        listener.bind(("127.0.0.1", 0) if family == socket.AF_INET else str(tmp_path / "s"))
        listener.listen(5)
        one = SimpleNamespace(answer=b"", asked=[], address=listener.getsockname())

        def serve():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    text = b""
                    while b"\r\n\r\n" not in text:
                        text += client.recv(65536)
                    one.asked.append(text.decode())
                    for part in one.answer if isinstance(one.answer, list) else [one.answer]:
                        client.sendall(part)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield one
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.mark.parametrize(
    "answer, found",
    [
        (b"HTTP/1.1 101 S\r\nUPGRADE:  w \r\n\r\n", Answer(101, {"upgrade": "w"})),
        ([b"HTTP/1.0 302 F\r\nLoc", b"ation: /\r\n\r", b"\nbody"], Answer(302, {"location": "/"})),
        (b"HTTP/1.1 404\r\n\r\n", Answer(404, {})),
        (b"", Answer(0, {}, "the connection was closed")),
        (b"HTTP/1.1 200 OK\r\n", Answer(0, {}, "the connection was closed")),
        (b"SSH-2.0-x\r\n\r\n", Answer(0, {}, "the answer is not HTTP: 'SSH-2.0-x'")),
        (b"HTTP/1.1 x\r\n\r\n", Answer(0, {}, "the answer is not HTTP: 'HTTP/1.1 x'")),
        ([b"x" * 65536] * 18, Answer(0, {}, "the connection was closed")),
    ],
)  # fmt: skip
def test_an_answer_is_read(server, answer, found):
    server.answer = answer
    target = Target(server.address, "h:1", forwarded="https")
    assert wire.handshake(target, "/ws/", "http://h:1") == found
    head, *lines = server.asked[0].split("\r\n")
    assert head == "GET /ws/ HTTP/1.1" and lines[-2:] == ["", ""]
    assert lines[:4] == [
        "Host: h:1",
        "User-Agent: doctor",
        "X-Forwarded-Proto: https",
        "X-Forwarded-For: 127.0.0.1",
    ]
    assert {"Upgrade: websocket", "Connection: Upgrade", "Origin: http://h:1"} <= set(lines)
    assert {"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + wire.KEY} <= set(lines)
    wire.get(target._replace(forwarded=""), "/")
    assert "X-Forwarded" not in server.asked[1] and "Connection: close" in server.asked[1]


def test_a_server_that_is_not_there_or_silent(monkeypatch, tmp_path):
    monkeypatch.setattr(wire, "SECONDS", 0.1)
    missing = str(tmp_path / "none")
    assert wire.get(Target(missing, "h"), "/").status == 0
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, missing)):
        with socket.socket(family) as listener:
            listener.bind(address)
            listener.listen(1)
            answer = wire.get(Target(listener.getsockname(), "h"), "/")
            assert answer.status == 0 and "timed out" in answer.error
            assert str(answer) == "no answer (timed out)"


def test_over_tls_the_name_is_asked_for(monkeypatch):
    made, wrapped = socket.socketpair()
    monkeypatch.setattr(wire.socket, "create_connection", lambda address, seconds: made)

    class Context:
        def wrap_socket(self, connection, server_hostname):
            assert connection is made and server_hostname == "www.example.org"
            assert self.check_hostname is False and self.verify_mode == wire.ssl.CERT_NONE
            return wrapped

    monkeypatch.setattr(wire.ssl, "create_default_context", Context)
    with made, wrapped:
        target = Target(("www.example.org", 443), "h")
        assert wire._connect(target._replace(tls=True)) is wrapped
        assert wire._connect(target) is made


@pytest.mark.parametrize(
    "answer, text",
    [
        (Answer(200, {}), "200"),
        (Answer(302, {"location": "/x"}), "302 to /x"),
        (Answer(0, {}, "refused"), "no answer (refused)"),
    ],
)
def test_an_answer_in_words(answer, text):
    assert str(answer) == text


# A process of the site's kind


class Stream:
    """A Popen whose output is `text`, in pieces; `status` at its end."""

    def __init__(self, *pieces, rest=b""):
        self.reading, self.writing = os.pipe()
        self.stdout = os.fdopen(self.reading, "rb", 0)
        os.write(self.writing, b"".join(pieces))
        os.close(self.writing)
        self.rest, self.killed = rest, False

    def wait(self):
        return 3

    def kill(self):
        self.killed = True

    def communicate(self, timeout=None):
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
    made.text, made.trouble, made.unseen = b"", "", ""
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
    assert mine.called.words[0] == sys.executable and "env" not in mine.called.options
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


# What that notes


def test_errors_are_noted_in_a_line():
    facts = {"errors": {}}

    def fail(error):
        raise error

    seen.attempt(facts, "a", lambda: fail(ValueError("x\n  y")))
    seen.attempt(facts, "b", lambda: fail(SystemExit(3)))
    caused = OSError("no")
    caused.__cause__ = KeyError("cause")
    seen.attempt(facts, "c", lambda: fail(caused))
    seen.attempt(facts, "d", lambda: None)
    assert facts["errors"] == {
        "a": "ValueError: x y",
        "b": "SystemExit: 3",
        "c": "OSError: no (KeyError: 'cause')",
    }
    assert len(seen.line(ValueError("x" * 1000))) == 312


def test_silence_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(seen, "LIMIT", 0.05)
    event = threading.Event()
    with pytest.raises(TimeoutError, match="no answer within"):
        seen.within(lambda argument: event.wait(20), None)
    event.set()
    told = []
    monkeypatch.setattr(seen, "LIMIT", 20)
    seen.within(told.append, 7)
    assert told == [7]
    with pytest.raises(KeyError):
        seen.within({}.__getitem__, 7)


@pytest.mark.parametrize(
    "layers, name", [({}, None), ({"default": {"BACKEND": "x"}}, "x"), (None, None)]
)
def test_what_settings_say(settings, monkeypatch, layers, name):
    import django

    monkeypatch.setattr(django, "setup", lambda: None)
    settings.CHANNEL_LAYERS, settings.ALLOWED_HOSTS, settings.DEBUG = layers, ("a", "b"), True
    facts = {}
    seen.site(facts)
    assert facts == {"allowed_hosts": ["a", "b"], "debug": True, "layer": name}


@pytest.mark.parametrize(
    "asked, layer, errors, said",
    [
        ({}, None, {}, ["site", "databases", "folders"]),
        ({"application": "m:a"}, "x", {}, ["load", "site", "databases", "folders", "talk"]),
        ({}, "x", {"settings": "no"}, ["site"]),
    ],
)
def test_all_is_looked_at_where_there_are_settings(monkeypatch, asked, layer, errors, said):
    done, told = [], []

    def note(name):
        def function(*arguments):
            done.append(name)
            if name == "site":
                arguments[0].update(layer=layer)
                arguments[0]["errors"].update(errors)

        return function

    for name in ("load", "site", "databases", "folders", "talk"):
        monkeypatch.setattr(seen, name, note(name))
    monkeypatch.setattr(seen, "run", lambda found: None)
    monkeypatch.setattr(seen, "say", told.append)
    monkeypatch.setattr(seen.os, "_exit", told.append)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "mysite.settings")
    seen.main(dict(asked, bridges=["compat", "none"]))
    assert done == said and told[1] == 0
    assert told[0]["settings"] == "mysite.settings" and told[0]["bridge"] == "compat"


def test_what_was_received_is_told_alone(monkeypatch):
    told = []
    monkeypatch.setattr(seen, "site", lambda facts: facts.update(received=False, layer=None))
    monkeypatch.setattr(seen, "databases", lambda facts: None)
    monkeypatch.setattr(seen, "folders", lambda facts: None)
    monkeypatch.setattr(seen, "say", told.append)
    monkeypatch.setattr(seen.os, "_exit", told.append)
    seen.main({"bridges": []})
    assert told == [{"received": False}, 0]


class Layer:
    """A channel layer that keeps what it is told."""

    def __init__(self, *settings):
        self.said, self.settings = [], list(settings)
        if settings:
            self.connection = self.connect

    async def group_send(self, group, message):
        self.said.append(("send", group, message["type"]))

    async def group_add(self, group, channel):
        self.said.append(("add", group, channel))

    async def new_channel(self):
        return "mine"

    def connect(self, index):
        layer = self

        class Connection:
            async def __aenter__(self):
                return self

            async def __aexit__(self, *_):
                pass

            async def execute(self, *words):
                found = layer.settings.pop(0)
                if isinstance(found, Exception):
                    raise found
                return [words[-1].encode(), found]

        return Connection()


@pytest.mark.parametrize(
    "asked, settings, said, channel, policy",
    [
        ({"send": "g"}, (), [("send", "g", "doctor")], None, "absent"),
        ({"listen": "g"}, (), [("add", "g", "mine")], "mine", "absent"),
        ({}, (b"0", b"allkeys-lru"), [], None, None),
        ({}, (b"100", b"allkeys-lru"), [], None, "allkeys-lru"),
        ({}, (OSError("refused"),), [], None, None),
    ],
)
def test_a_layer_is_used(asked, settings, said, channel, policy):
    layer, facts = Layer(*settings), {}
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(seen.join(layer, facts, asked)) == channel
    finally:
        loop.close()
    assert layer.said == said and facts.get("eviction", "absent") == policy


def test_processes_that_are_the_same_are_asked_once():
    def one(pid, kind="uwsgi", folder="/site", uid=5, **variables):
        argv = ["python", "daphne", "a:b"] if kind == "daphne" else ["uwsgi", "--wsgi", "m"]
        return processes.Process(pid, kind, argv, variables, folder, uid)

    same = [one(1), one(2), one(3, SHLVL="1"), one(4, INVOCATION_ID="x")]
    other = [one(5, A="b"), one(6, folder="/x"), one(7, uid=6)]
    daphnes = [one(8, "daphne"), one(9, "daphne")]
    found = views._different(same + daphnes + other)
    assert [[each.pid for each in kind] for kind in found] == [[8], [1, 5, 6, 7]]
