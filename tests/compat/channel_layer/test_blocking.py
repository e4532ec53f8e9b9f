"""Which connections are kept for the next sender, and which are not; nothing is connected."""

import os
import socket
import time
from types import SimpleNamespace

import pytest
from aioredis.errors import ProtocolError, ReplyError

from compat.channel_layer import blocking
from compat.channel_layer.blocking import Blocking, Connection, left, settled
from compat.channel_layer.plans import Ask, Script

SCRIPT = Script("return 1")
ASK = Ask(0, SCRIPT, ["key"], ["argument"])


class Kept:
    """A connection that answers at once, or raises `trouble`."""

    trouble, alive, closed, since = None, True, False, 0.0

    def run(self, script, keys, args, deadline):
        if self.trouble is not None:
            raise self.trouble
        return script, keys, args

    def lives(self, deadline):
        return self.alive

    def close(self):
        self.closed = True


@pytest.fixture
def opened(monkeypatch):
    opened = []

    def connect(host, deadline):
        opened.append(Kept())
        opened[-1].host = host
        return opened[-1]

    monkeypatch.setattr(blocking, "connect", connect)
    return opened


@pytest.fixture
def senders():
    return Blocking(SimpleNamespace(hosts=["a", "b"]))


def test_a_connection_is_used_again_for_its_host(senders, opened):
    assert senders.ask(ASK, 1) == (SCRIPT, ["key"], ["argument"])
    senders.ask(ASK, 1)
    assert len(opened) == 1 and opened[0].host == "a"
    assert time.monotonic() - opened[0].since < 10
    senders.ask(ASK._replace(index=1), 1)
    assert [one.host for one in opened] == ["a", "b"]
    senders.close()
    assert all(one.closed for one in opened) and not any(senders.resting.values())


def test_one_that_has_died_is_closed_and_another_taken(senders, opened):
    senders.ask(ASK, 1)
    opened[0].alive = False
    senders.ask(ASK, 1)
    assert len(opened) == 2 and opened[0].closed and not opened[1].closed


@pytest.mark.parametrize(
    "error, kept",
    [
        (ReplyError("OOM no room"), True),
        (ReplyError("READONLY of a replica"), False),
        (ProtocolError("garbage"), False),
        (OSError("gone"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_after_an_error_it_is_kept_where_redis_has_answered(senders, opened, error, kept):
    senders.ask(ASK, 1)
    opened[0].trouble = error
    with pytest.raises(type(error)):
        senders.ask(ASK, 1)
    assert opened[0].closed is not kept
    assert sum(map(len, senders.resting.values())) == int(kept)


def test_so_many_are_kept(senders, opened):
    connections = [Kept() for _ in range(blocking.KEPT + 2)]
    for one in connections:
        senders._keep(0, one)
    assert [one.closed for one in connections] == [False] * blocking.KEPT + [True] * 2


def test_those_that_nobody_needs_any_more_are_closed_one_by_one(senders, opened):
    """After a burst; the others go on being used."""
    idle, busy = [Kept() for _ in range(3)], Kept()
    for one in idle + [busy]:
        senders._keep(0, one)
    for one in idle:
        one.since -= blocking.IDLE_SECONDS + 1
    for closed in (1, 2, 3, 3):
        senders.ask(ASK, 1)
        assert [one.closed for one in idle] == [True] * closed + [False] * (3 - closed)
    assert not busy.closed and opened == []


def test_a_child_closes_what_its_parent_has_kept(senders, opened):
    senders.ask(ASK, 1)
    senders.pid -= 1
    senders.ask(ASK, 1)
    assert opened[0].closed and len(opened) == 2 and senders.pid == os.getpid()
    senders.ask(ASK, 1)
    assert len(opened) == 2


def test_a_plan_is_followed_to_its_end(senders, opened):
    answers = []

    def plan():
        answers.append((yield ASK))
        answers.append((yield ASK._replace(keys=["other"])))

    senders.follow(plan(), 5)
    assert [keys for _, keys, _ in answers] == [["key"], ["other"]]


@pytest.fixture
def connection():
    """A Connection whose other end is .other."""
    one = Connection.__new__(Connection)
    one.socket, one.other = socket.socketpair()
    one.reader = blocking.Reader(protocolError=ProtocolError, replyError=ReplyError)
    one.since = time.monotonic()
    yield one
    one.close()
    one.other.close()


def soon():
    return time.monotonic() + 5


def test_a_command_is_sent_by_its_length_in_bytes(connection):
    connection.other.sendall(b"$2\r\nok\r\n")
    assert connection.command(soon(), "GET", "\u00e9", b"\xff", 12) == b"ok"
    sent = connection.other.recv(100)
    assert sent == b"*4\r\n$3\r\nGET\r\n$2\r\n\xc3\xa9\r\n$1\r\n\xff\r\n$2\r\n12\r\n"


def test_what_redis_refuses_is_raised_and_its_end_too(connection):
    connection.other.sendall(b"-ERR no\r\n")
    with pytest.raises(ReplyError, match="ERR no"):
        connection.command(soon(), "GET", "a")
    connection.other.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionError, match="has closed"):
        connection.command(soon(), "GET", "a")


def test_a_script_is_sent_where_redis_does_not_know_it(connection):
    connection.other.sendall(b"-NOSCRIPT none\r\n:1\r\n")
    assert connection.run(SCRIPT, ["k"], ["a", "b"], soon()) == 1
    lines = connection.other.recv(1000).decode().split("\r\n")
    sent = [line for line in lines if line[:1] not in ("*", "$", "")]
    words = ["1", "k", "a", "b"]
    assert sent == ["EVALSHA", SCRIPT.digest, *words, "EVAL", SCRIPT.text, *words]
    connection.other.sendall(b"-ERR in the script\r\n")
    with pytest.raises(ReplyError, match="in the script"):
        connection.run(SCRIPT, ["k"], [], soon())
    assert b"EVAL\r\n" not in connection.other.recv(1000)


def test_one_that_has_rested_is_asked_whether_it_lives(connection):
    assert connection.lives(soon())
    connection.since -= blocking.REST_SECONDS + 1
    connection.command = lambda deadline, *words: asked.append((deadline, words))
    asked = []
    now = time.monotonic()
    assert connection.lives(now + 100) and connection.lives(now + 1)
    assert [words for _, words in asked] == [("PING",)] * 2
    assert now + 2 < asked[0][0] < now + 50 and asked[1][0] == now + 1

    def fail(deadline, *words):
        raise error

    connection.command = fail
    for error in (OSError("gone"), ReplyError("NOAUTH"), ProtocolError("garbage")):
        assert not connection.lives(soon())


def test_one_that_says_something_unasked_is_not_used(connection):
    connection.other.sendall(b"-ERR bye\r\n")
    assert not connection.lives(soon())


def test_there_is_time_left_or_none():
    assert 4 < left(soon()) <= 5
    with pytest.raises(socket.timeout, match="does not answer"):
        left(time.monotonic())


@pytest.mark.parametrize(
    "address, given, found",
    [
        (("h", 1), {"db": 2}, (("h", 1), {"db": 2})),
        ("redis://h:1", {"db": 2}, (("h", 1), {"db": 2})),
        ("redis://h:1/3", {"db": 2}, (("h", 1), {"db": 3})),
        ("unix:///r?db=4", {}, ("/r", {"db": 4})),
    ],
)
def test_an_address_names_its_options(address, given, found):
    before = dict(given)
    where, options = settled(address, given)
    assert where == found[0] and given == before
    assert {key: value for key, value in options.items() if key in ("db", "password")} == found[1]


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_new_connection_waits_for_nothing(kind, tmp_path):
    """Without a password and a database nothing is said first, and what is said goes at once."""
    with socket.socket(socket.AF_INET if kind == "tcp" else socket.AF_UNIX) as listener:
        listener.bind(("127.0.0.1", 0) if kind == "tcp" else str(tmp_path / "r.sock"))
        listener.listen(1)
        one = Connection(listener.getsockname(), {"db": 0}, soon())
        other = listener.accept()[0]
        with one.socket, other:
            other.settimeout(5)
            assert one.lives(soon()) and 0 < one.socket.gettimeout() <= 5
            if kind == "tcp":
                assert one.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            one.close()
            assert other.recv(10) == b""


def test_a_connection_that_cannot_log_in_is_closed():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        with pytest.raises(socket.timeout) as error:
            Connection(listener.getsockname(), {"password": "pw"}, time.monotonic() + 0.1)
        with listener.accept()[0] as other:
            other.settimeout(5)
            assert other.recv(100).endswith(b"AUTH\r\n$2\r\npw\r\n")
            assert other.recv(100) == b"", error


# Sentinels


@pytest.fixture
def network(monkeypatch):
    """{address: what it answers, in order, or an error}; .opened are the connections."""

    class Network(dict):
        opened = []

        def connect(self, address, options, deadline):
            if isinstance(self[address], Exception):
                raise self[address]
            one = Server(address, options, deadline, self[address])
            self.opened.append(one)
            return one

    class Server:
        def __init__(self, address, options, deadline, answers):
            self.address, self.options, self.answers = address, options, answers
            self.soon, self.closed, self.asked = deadline - time.monotonic(), False, []

        def command(self, deadline, *words):
            self.asked.append(words)
            self.soon_asked = deadline - time.monotonic()
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        def close(self):
            self.closed = True

    one = Network()
    one.opened = []
    monkeypatch.setattr(blocking, "ASK_SECONDS", 1.5)
    monkeypatch.setattr(blocking, "Connection", one.connect)
    return one


def test_the_master_is_whom_the_sentinels_name(network):
    network[("s1", 1)] = OSError("refused")
    network[("s2", 2)] = [None]  # knows of no such master
    network[("s3", 3)] = [[b"m", b"7"]]
    network[("s4", 4)] = [[b"n", b"8"]]
    network[("m", 7)] = [[b"slave"]]
    network[("n", 8)] = [[b"master"]]
    host = {
        "sentinels": [["s1", 1], ["s2", 2], ["s3", 3], ["s4", 4]],
        "master_name": "mine",
        "sentinel_kwargs": {"password": "p"},
        "db": 3,
    }
    found = blocking.connect(host, soon())
    assert found.address == ("n", 8) and not found.closed and found.options is host
    assert [one.address for one in network.opened] == [
        ("s2", 2), ("s3", 3), ("m", 7), ("s4", 4), ("n", 8)
    ]  # fmt: skip
    assert [one.closed for one in network.opened] == [True] * 4 + [False]
    for one in network.opened:
        sentinel = one.address[0][0] == "s"
        assert one.asked == [
            ("SENTINEL", "get-master-addr-by-name", "mine") if sentinel else ("ROLE",)
        ]
        assert one.options == ({"password": "p"} if sentinel else host)
        # None of them may use up the time that there is for all.
        most = blocking.ASK_SECONDS * (1 if sentinel else 2)
        assert most - 0.5 < one.soon <= most and most - 0.5 < one.soon_asked <= most


def test_there_is_no_more_time_than_is_left(network):
    network[("s", 1)] = [[b"m", b"7"]]
    network[("m", 7)] = [[b"master"]]
    host = {"sentinels": [("s", 1)], "master_name": "mine"}
    blocking.connect(host, time.monotonic() + 0.25)
    assert all(0 < one.soon <= 0.25 and one.soon_asked <= 0.25 for one in network.opened)
    assert network.opened[0].options == {}


def test_what_each_sentinel_said_is_told_where_there_is_no_master(network):
    network[("s1", 1)] = OSError("refused")
    network[("s2", 2)] = [ReplyError("NOAUTH")]
    network[("s3", 3)] = [None]
    network[("s4", 4)] = [[b"m", b"7"]]
    network[("m", 7)] = [[b"slave"]]
    network[("s5", 5)] = [ProtocolError("garbage")]
    host = {"sentinels": [("s%d" % n, n) for n in range(1, 6)], "master_name": "mine"}
    with pytest.raises(ConnectionError) as error:
        blocking.connect(host, soon())
    for said in ("'mine'", "s1:1 refused", "s2:2 NOAUTH", "s3:3 names None",
                 "s4:4 names ('m', 7)", "s5:5 garbage"):  # fmt: skip
        assert said in str(error.value)
    assert all(one.closed for one in network.opened)
