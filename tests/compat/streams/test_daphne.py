"""End to end: two daphne processes, Redis, WebSocket clients and publishers in other processes."""

import json
import os
import signal
import threading
import time
from urllib.parse import quote

import pytest
import websocket

from tests.support.servers import HOST
from tests.support.wait import wait_until


class Client:
    """A WebSocket client that checks the order of what it gets."""

    connections = 0

    def __init__(self, server, stream, query="?since=0"):
        self.stream = stream
        self.url = f"ws://{HOST}:{server.port}/ws/{stream}/{query}"
        self.socket = websocket.create_connection(
            self.url, timeout=30, skip_utf8_validation=True, enable_multithread=False
        )
        self.bodies, self.next, self.live = [], None, 0

    def frame(self):
        """The next frame; None when the server closed the connection, then .code is set."""
        opcode, data = self.socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.code = int.from_bytes(data[:2], "big")
            return None
        return json.loads(data.decode())

    def read(self):
        message = self.frame()
        assert message is not None, self.code
        if message["type"] == "entries":
            if self.next is None:
                self.next = message["first"]
            assert message["first"] == self.next
            self.next += len(message["bodies"])
            self.bodies += message["bodies"]
        elif message["type"] == "live":
            self.live += 1
            self.next = message["seq"] + 1
        return message

    def until_live(self):
        while not self.live:
            self.read()
        return self

    def until(self, count):
        while len(self.bodies) < count:
            self.read()
        return self

    def until_despite(self, count, servers):
        """As until(), but connects again whenever the connection is lost, as a browser does."""
        while len(self.bodies) < count:
            try:
                self.read()
            except (AssertionError, OSError, websocket.WebSocketException):
                self.socket.shutdown()
                self.__class__.connections += 1
                server = servers[self.connections % len(servers)]
                fresh = Client(server, self.stream, f"?since={len(self.bodies)}")
                self.socket = fresh.socket
        return self

    def close(self):
        self.socket.close()


@pytest.fixture
def site(make_site, sqlite_settings, layer):
    return make_site(sqlite_settings, layer)


@pytest.fixture
def servers(site):
    return [site.daphne(), site.daphne()]


def cpu_seconds(server):
    with open(f"/proc/{server.process.pid}/stat") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_in_threads(clients, count, servers=None):
    """Read `count` entries with every client at once; the time each had the last one."""
    ended = {}

    def work(client):
        if servers is None:
            client.until(count)
        else:
            client.until_despite(count, servers)
        ended[client] = time.time()

    threads = [threading.Thread(target=work, args=(client,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    assert len(ended) == len(clients), f"only {len(ended)} readers got everything"
    return ended


def test_resume_and_refuse(site, servers, stream):
    site.run("publish_bulk", stream, 1000, 300)
    for server in servers:
        for since, expected in (("0", 1000), ("990", 10), ("1000", 0), ("latest", 0), ("-1", 0)):
            client = Client(server, stream, f"?since={since}").until_live()
            assert len(client.bodies) == expected
            assert client.next == 1001
            client.close()
    client = Client(servers[0], stream, "?since=1001")
    assert client.frame()["code"] == "start-over"
    assert client.frame() is None
    assert client.code == 4409
    for since in ("-2", "x", "", "1.5", "9" * 30, "%00", "1%0a"):
        client = Client(servers[0], stream, f"?since={since}")
        message = client.frame()
        assert (message["type"], message["code"]) == ("error", "bad-since")
        assert "\n" not in message["detail"]
        assert client.frame() is None
        assert client.code == 4500
    for name in ("a%0Ab", "%20x", "a%E2%80%A8b", "x" * 191):
        client = Client(servers[0], name, "?since=0")
        message = client.frame()
        assert (message["type"], message["code"]) == ("error", "bad-name")
        assert client.frame() is None
        assert client.code == 4504
    assert "Traceback" not in servers[0].output()


def test_a_name_in_any_script(site, servers, stream, redis):
    """Announced through Redis, too, as the names of groups are hashed."""
    name = "room:聊天室\U0001f600" + stream
    reader = Client(servers[0], quote(name), "?since=0").until_live()
    wait_until(lambda: members(redis) == 1, what="the server in the group")
    site.run("publish_once", name, "一")
    assert reader.until(1).bodies == ["一"]
    late = Client(servers[1], quote(name), "?since=0")
    assert late.frame()["stream"] == name
    reader.close()
    late.close()


def test_plain_readers_get_messages_from_now_on(site, servers, stream, redis):
    site.run("publish_once", stream, "old")
    plain = Client(servers[0], stream, "")
    other = Client(servers[1], stream).until_live()
    # The plain reader is known to follow once it was answered.
    plain.socket.send("unfollow")
    assert plain.socket.recv() == "unfollowed"
    plain.close()
    plain = Client(servers[0], stream, "")
    plain.socket.ping()
    opcode, _ = plain.socket.recv_data(control_frame=True)
    assert opcode == websocket.ABNF.OPCODE_PONG
    wait_until(lambda: members(redis) == 2, what="both servers in the group")
    for body in ({"not": "text"}, "héllo \U0001f600", ["nor this"], "two"):
        site.run("publish_once", stream, body)
    assert plain.socket.recv() == json.dumps({"message": "héllo \U0001f600"})
    assert plain.socket.recv() == json.dumps({"message": "two"})
    assert other.until(5).bodies[1:3] == [{"not": "text"}, "héllo \U0001f600"]


def members(redis):
    """How many hubs Redis counts in the groups of streams."""
    groups = redis.say("KEYS", "*group:streams.*")
    return sum(redis.say("ZCARD", group.decode()) for group in groups)


@pytest.mark.parametrize("count, batch", [(1000, 1), (5000, 50), (5000, 5000)])
def test_a_burst_of_lines_to_10_readers(site, servers, stream, count, batch):
    clients = [Client(servers[number % 2], stream).until_live() for number in range(10)]
    writer = site.spawn("write", stream, 1, count // batch, batch)
    ended = read_in_threads(clients, count)
    output, errors = writer.communicate(timeout=30)
    published = time.time()
    assert writer.returncode == 0, errors[-3000:]
    assert max(ended.values()) - published < 20
    for client in clients:
        assert client.next == count + 1
        assert client.bodies[0][2:] == [0, 0]
        client.close()


def test_many_writers_and_readers_with_redis_killed(site, servers, stream, redis):
    clients = [Client(servers[number % 2], stream).until_live() for number in range(6)]
    writers = [site.spawn("write", stream, 2, 150, 2) for _ in range(2)]
    redis.stop(signal.SIGKILL)
    redis.start()
    late = Client(servers[0], stream)
    redis.stop()
    early = Client(servers[1], stream)
    redis.start()
    clients += [late, early]
    read_in_threads(clients, 1200, servers)
    for writer in writers:
        assert writer.wait(60) == 0, writer.stderr.read()
    for client in clients:
        assert client.next == 1201
        assert client.bodies == clients[0].bodies
        client.close()


def with_password(make_site, database, redis, password, backend=""):
    """A site that gives Redis that password, and its daphne."""
    host = {"address": [HOST, redis.port], "password": password}
    site = make_site(database, json.dumps([host]), poll=0.2, backend=backend)
    return site, site.daphne()


def test_redis_takes_another_password_than_ours(make_site, sqlite_settings, redis, stream):
    """What there is, and what comes, is read from the database."""
    redis.say("CONFIG", "SET", "requirepass", "right")
    site, server = with_password(make_site, sqlite_settings, redis, "wrong")
    site.run("publish_bulk", stream, 20, 10)
    client = Client(server, stream).until_live().until(20)
    site.run("publish_once", stream, "new")
    assert client.until(21).bodies[-1] == "new"
    for said in ("Redis refuses us", "found by polling"):
        assert wait_until(lambda said=said: lines_with(server, said), what=said)
        assert "password" in lines_with(server, said)[0]
    client.close()


def lines_with(server, text):
    return [line for line in server.output().splitlines() if text in line]


@pytest.mark.parametrize("backend", ["", "channels_redis.core.RedisChannelLayer"])
def test_the_password_of_redis_changes(make_site, sqlite_settings, redis, stream, backend):
    """Sockets stay open, and get what comes; all is well when it is ours again."""
    redis.say("CONFIG", "SET", "requirepass", "ours")
    site, server = with_password(make_site, sqlite_settings, redis, "ours", backend)
    client = Client(server, stream).until_live()
    redis.say("CONFIG", "SET", "requirepass", "theirs", password="ours")
    for kind in ("pubsub", "normal"):
        redis.say("CLIENT", "KILL", "TYPE", kind, password="theirs")
    wait_until(lambda: lines_with(server, "Redis refuses us"), what="the refusal")
    site.run("publish_once", stream, "by polling")
    client.until(1)
    redis.say("CONFIG", "SET", "requirepass", "ours", password="theirs")
    site.run("publish_once", stream, "as ever")
    assert client.until(2).bodies == ["by polling", "as ever"]
    client.close()


def announcements(redis):
    """How many scripts Redis was asked to run."""
    for line in redis.say("INFO", "commandstats").split(b"\r\n"):
        if line.startswith(b"cmdstat_evalsha:"):
            return int(line.split(b"calls=")[1].split(b",")[0])
    return 0


def test_a_burst_arrives_by_few_announcements(make_site, sqlite_settings, layer, redis, stream):
    """Nobody looks into the log by himself meanwhile, and the process ends with the last one."""
    site = make_site(sqlite_settings, layer, poll=600, gather=0.1)
    client = Client(site.daphne(), stream).until_live()
    before = announcements(redis)
    writer = site.spawn("publish_slowly", stream, 300, 0)
    assert client.until(300).bodies == list(range(300))
    assert writer.wait(30) == 0
    assert 5 <= announcements(redis) - before < 150
    client.close()


def test_one_server_restarts(site, servers, stream):
    """A reader that reconnects to another server gets what it missed, once."""
    writer = site.spawn("publish_slowly", stream, 400, 0.002)
    client = Client(servers[0], stream).until(20)
    servers[0].stop(signal.SIGKILL)
    again = Client(servers[1], stream, f"?since={client.next - 1}")
    again.until(400 - len(client.bodies))
    assert client.bodies + again.bodies == list(range(400))
    assert writer.wait(30) == 0


def test_disconnects_leave_nothing_behind(site, servers, stream, redis):
    """Sockets closed, dropped without a goodbye, and consumers that failed."""
    server = servers[0]

    def descriptors():
        return len(os.listdir(f"/proc/{server.process.pid}/fd"))

    def threads():
        return len(os.listdir(f"/proc/{server.process.pid}/task"))

    def round_trip():
        clients = [Client(server, stream + str(number % 5)) for number in range(20)]
        for client in clients:
            client.until_live()
        assert members(redis) == 5
        for number, client in enumerate(clients):
            if number % 4 == 0:
                client.close()
            elif number % 4 == 1:
                client.socket.sock.close()
            elif number % 4 == 2:
                client.socket.send("fail")
            else:
                client.socket.send("unfollow")
                assert client.socket.recv() == "unfollowed"
        wait_until(lambda: members(redis) == 0, what="the groups being empty")
        for client in clients:
            client.socket.shutdown()

    round_trip()
    wait_until(lambda: redis.say("KEYS", "*group*") == [], what="no group")
    before = descriptors(), threads()
    for _ in range(3):
        round_trip()
    wait_until(lambda: descriptors() <= before[0] + 2, what="descriptors being closed")
    assert threads() <= before[1] + 4


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_quietly(site, stream, signum, redis):
    server = site.daphne()
    site.run("publish_bulk", stream, 2000, 1000)
    clients = [Client(server, stream + str(number % 3)).until_live() for number in range(6)]
    busy = Client(server, stream)
    server.stop(signum)
    output = server.output()
    for noise in ("was destroyed", "never retrieved", "Traceback", "never awaited"):
        assert noise not in output, output[-3000:]
    assert members(redis) == 0
    del clients, busy


def test_a_client_that_does_not_read_is_closed(make_site, sqlite_settings, layer, stream):
    """It holds a bounded part of the log in the server, and others go on."""
    site = make_site(sqlite_settings, layer, slow=1)
    server = site.daphne()
    site.run("publish_bulk", stream, 40000, 1000)
    base = memory(server)
    stuck = Client(server, stream)
    fine = Client(server, stream).until(40000)
    assert fine.next == 40001
    assert memory(server) - base < 24 * 1024  # of 40 MB; what catching up takes, most of it frames
    wait_until(lambda: "stuck" in server.output(), what="the closing of the stuck reader")
    fine.close()
    stuck.socket.shutdown()


def memory(server):
    """Resident KiB."""
    with open(f"/proc/{server.process.pid}/status") as text:
        for line in text:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
