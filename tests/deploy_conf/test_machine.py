"""What is said of a site that is not well, of ports, and of what this machine can."""

import socket

import pytest

from deploy_conf import health, machine, ports, processes
from deploy_conf.errors import ConfError
from deploy_conf.running import Run


@pytest.fixture
def run(tmp_path):
    one = Run(str(tmp_path))
    one.make_folders()
    return one


@pytest.mark.parametrize(
    "said, url, log, line",
    [
        (None, "redis://h:1/0", True, None),
        ("refused", "redis://h:1/0", True, "Redis redis://h:1/0 does not answer: refused"),
        ("refused", "unix:///run/redis.sock", True, "Redis does not answer (refused): "),
        ("refused", "unix:///run/redis.sock", False, "Redis unix:///run/redis.sock does not"),
        ("refused", "unix:///other/redis.sock", True, "Redis unix:///other/redis.sock does not"),
    ],
)
def test_a_redis_that_is_ours_is_told_by_its_log(run, monkeypatch, said, url, log, line):
    monkeypatch.setattr(health.probe, "redis", lambda url: said)
    monkeypatch.setattr(Run, "sockets", lambda self, record=None: "/run")
    if log:
        with open(run.log("redis"), "w") as file:
            file.write("")
    found = health.redis(run, url)
    assert found == line or found.startswith(line)
    if found and found.startswith("Redis does"):
        assert found.endswith(run.log("redis"))


def test_what_is_down_is_told_before_what_is_not_up_yet(run, monkeypatch):
    def one(short, state):
        return {"short": short, "statename": state, "log": "/none/" + short}

    programs = [one("a", "STARTING"), one("b", "FATAL"), one("c", "RUNNING")]
    assert health.problems(run, {}, programs) == ["b is not up (fatal): /none/b"]
    assert health.problems(run, {}, programs, failing=["c"]) == [
        "b is not up (fatal): /none/b",
        "c is not up (running): /none/c",
    ]
    for state in ("BACKOFF", "EXITED"):
        said = "b is not up (%s): /none/b" % state.lower()
        assert health.problems(run, {}, [one("b", state)]) == [said]
    assert health.problems(run, {}, programs[::2]) == ["a is not up yet (starting): /none/a"]
    for nothing in (None, []):
        assert health.problems(run, {}, nothing) == [
            "supervisord does not answer: " + run.log("supervisord")
        ]


@pytest.mark.parametrize(
    "lines, said",
    [
        ([], ""),
        (["", "--", "ok"], ""),
        (["an Error here", "KeyError: 'x'", "goodbye"], ": KeyError: 'x'"),
        (["first", "and the last"], ": and the last"),
        (["\x1b[31mbind() denied\x1b[0m"], ": [31mbind() denied[0m"),
        (["x" * 400], ": " + "x" * 300),
    ],
)
def test_the_line_of_a_log_that_tells(lines, said):
    assert health.telling("log", lines) == "log" + said


def test_only_the_end_of_a_log_is_read(tmp_path):
    log = tmp_path / "a.log"
    log.write_bytes(b"OldError: long ago\n" + b"fine\n" * 2000 + b"\xff last\n")
    assert health.reason(str(log)) == "%s: \ufffd last" % log
    assert health.reason(str(tmp_path / "none")) == str(tmp_path / "none")


def test_a_port_that_is_taken_is_told_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(ConfError, match="port %d on 127.0.0.1 cannot be used .*in use" % port):
            ports.check("127.0.0.1", port)
        assert ports.free(port, besides=port + 1) not in (port, port + 1)
    ports.check("127.0.0.1", port)
    assert ports.free(port, besides=0) == port


def test_free_ports_come_to_an_end(monkeypatch):
    asked = []
    monkeypatch.setattr(ports, "bind_error", lambda host, port: asked.append(port) or "in use")
    with pytest.raises(ConfError, match="between 9000 and 9499"):
        ports.free(9000, besides=9001)
    assert asked == [port for port in range(9000, 9500) if port != 9001]


@pytest.mark.parametrize("fails", [False, True])
def test_a_machine_may_have_no_ipv6(monkeypatch, fails):
    bound = []

    class Socket:
        def __init__(self, family):
            assert family == socket.AF_INET6

        def __enter__(self):
            return self

        def __exit__(self, *_):
            bound.append("closed")

        def bind(self, address):
            bound.append(address)
            if fails:
                raise OSError("no such address")

    monkeypatch.setattr(machine.socket, "socket", Socket)
    assert machine.has_ipv6() is not fails
    assert bound == [("::1", 0), "closed"]


def test_a_locale_that_this_machine_has(monkeypatch):
    import locale

    tried, here = [], {"en_US.UTF-8"}

    def setlocale(category, name=None):
        assert category == locale.LC_CTYPE
        if name is not None:
            tried.append(name)
            if name not in here | {"before"}:
                raise locale.Error()
        return "before"

    monkeypatch.setattr(machine.locale, "setlocale", setlocale)
    assert machine.utf8_locale() == "en_US.UTF-8" and tried[-1] == "before"
    here.clear()
    assert machine.utf8_locale() == "C.UTF-8" and tried[-1] == "before"
    here.add("C.UTF-8")
    del tried[:]
    assert machine.utf8_locale() == "C.UTF-8" and tried == ["C.UTF-8", "before"]
    assert machine.names_locale({"LANG": "x"}) and not machine.names_locale({"LANG": "", "L": "x"})


def test_root_is_told_by_its_account(monkeypatch):
    monkeypatch.setattr(machine.os, "geteuid", lambda: 0)
    assert machine.root_user() == "root"
    monkeypatch.setattr(machine.os, "geteuid", lambda: 1)
    assert machine.root_user() is None


@pytest.mark.parametrize(
    "words, descriptor",
    [
        (["python", "daphne", "--fd", "3", "a:b"], "3"),
        (["python", "daphne", "a:b"], "0"),
    ],
)
def test_where_a_daphne_listens(monkeypatch, words, descriptor):
    import builtins
    import io

    data = "\0".join(words).encode() + b"\0"
    monkeypatch.setattr(builtins, "open", lambda path, mode: io.BytesIO(data))
    found = processes._listening(7)
    monkeypatch.undo()
    assert found == descriptor
