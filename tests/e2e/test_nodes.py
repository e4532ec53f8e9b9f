"""Two nodes, each a complete site, behind one nginx; Redis behind sentinels, one PostgreSQL."""

import base64
import http.client
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
import websocket

from deploy_conf import processes
from deploy_conf.running import Run
from tests.support import CHECKOUT
from tests.support.clients import Client, Visitor
from tests.support.front import Front
from tests.support.redis import info
from tests.support.sentinels import NAME, start_sentinels
from tests.support.sites import reference
from tests.support.sites.stack import Socket, Stack
from tests.support.sites.tiny import SMALL
from tests.support.wait import wait_until

# Run in a node's environment: for each number on stdin, that many entries.
PUBLISHER = """
import sys
from compat.streams import publish
published = 0
while True:
    line = sys.stdin.readline()
    if not line:
        break
    for _ in range(int(line)):
        published += 1
        publish("deploy:news", {"k": "note", "id": published})
    print("published", published)
    sys.stdout.flush()
"""


class Node(Stack):
    """One node, with a var folder and an address of its own."""

    def __init__(self, var, address, **environ):
        super().__init__(var, **environ)
        self.address = address
        self.host = "%s:%d" % (address, self.port)
        self.url = "http://" + self.host

    def up(self):
        words = ("--host", self.address, "--port", str(self.port), "--behind", "127.0.0.1")
        self.run("-m", "deploy_conf", "up", *words, *SMALL)

    def kill(self):
        """kill -9 of every process, supervisord first: it would start the others again."""
        session = Run(self.var).read()["pid"]
        found = processes.every(session=session)
        # Parents before their children, for the same reason.
        order = [session]
        for pid in order:
            order += [child for child, facts in found.items() if facts.parent == pid]
        for pid in order:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return len(order)

    def access_log(self):
        with open(Run(self.var).log("nginx-access")) as log:
            return log.read().splitlines()


class Site(Stack):
    """The nodes as one site, by the front's address."""

    def __init__(self, nodes, front):
        self.nodes, self.front = nodes, front
        self.host, self.url = front.host, front.url
        self.port = front.port

    def shell(self, code):
        return self.nodes[0].shell(code)


@pytest.fixture(scope="module")
def site(tmp_path_factory, postgresql):
    folder = tmp_path_factory.mktemp("nodes")
    redis = start_sentinels(folder)
    shared = dict(
        SECRET_KEY="of both nodes " * 4,
        LAYER_KEYS=base64.urlsafe_b64encode(os.urandom(32)).decode(),
        DATABASE_URL=postgresql.new_url(),
        REDIS_URL="sentinel://%s/%s" % (",".join("127.0.0.1:%d" % p for p in redis.ports), NAME),
    )
    nodes = [Node(folder / name, "127.0.0." + name, **shared) for name in "23"]
    front = None
    try:
        nodes[0].make()
        reference.copy(reference.static(), os.path.join(nodes[1].var, "static"))
        for node in nodes:
            node.up()
        front = Front(folder, [node.host for node in nodes], "--request-rate", "0")
        site = Site(nodes, front)
        site.password, site.redis = nodes[0].password, redis
        site.service("news", sys.executable, "-c", "pass")
        yield site
    finally:
        for node in nodes:
            node.down()
        if front is not None:
            front.stop()
        redis.stop()


@pytest.fixture(scope="module")
def cookie(site):
    return site.login()


def test_a_session_is_valid_on_every_node(site, cookie):
    for node in site.nodes:
        headers = {"Host": site.host, "Cookie": cookie}
        request = urllib.request.Request(node.url + "/", headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.geturl() == node.url + "/"  # not sent to the login form
            assert "news" in answer.read().decode()
    assert "admin" in site.get("/", cookie)
    assert "Streams" in site.get("/static/streams/streams.js")


def test_the_nodes_log_the_clients_address(site):
    connection = http.client.HTTPConnection(
        "127.0.0.1", site.front.port, timeout=20, source_address=("127.0.0.9", 0)
    )
    connection.request("GET", "/accounts/login/?from=9", headers={"X-Forwarded-For": "6.6.6.6"})
    assert connection.getresponse().status == 200
    connection.close()

    def logged():
        lines = [line for node in site.nodes for line in node.access_log()]
        return [line for line in lines if "?from=9" in line]

    assert wait_until(logged, what="the node's log")[0].startswith("127.0.0.9 ")


def test_what_one_node_publishes_reaches_the_sockets_of_the_other(site, cookie):
    sockets = [
        Socket(
            websocket.create_connection(
                "ws://%s/ws/deploy/tasks/" % site.host,
                cookie=cookie,
                origin=site.url,
                header=["User-Agent: across-nodes"],
                timeout=20,
            )
        )
        for _ in site.nodes
    ]
    try:
        for number, node in enumerate(site.nodes):
            node.shell(
                "from deploy.consumers import send_channel_msg;"
                "send_channel_msg('tasks', 'from node %d')" % number
            )
            for socket in sockets:
                assert socket.receive() == {"message": "from node %d" % number}
    finally:
        for socket in sockets:
            socket.connection.close()

    def nodes_of_the_sockets():
        return [line for line in site.front.log() if "across-nodes" in line]

    lines = wait_until(lambda: len(nodes_of_the_sockets()) == 2 and nodes_of_the_sockets())
    for node in site.nodes:
        assert len([line for line in lines if "node=%s " % node.host in line]) == 1, lines


def everybody(threads, number):
    """Waits until each has had that many more answers."""
    before = [thread.answered for thread in threads]
    wait_until(
        lambda: all(t.answered >= n + number for t, n in zip(threads, before)),
        60,
        "answers to everybody",
    )


class Publisher(object):
    """Has a process of a node append entries, and waits until all clients have the nth."""

    def __init__(self, node):
        self.number = 0
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-c", PUBLISHER],
            cwd=CHECKOUT,
            env=node.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )

    def publish(self, number):
        self.number += number
        self.process.stdin.write("%d\n" % number)
        self.process.stdin.flush()

    def arrived(self, clients, number=None):
        wanted = number or self.number
        wait_until(
            lambda: all(client.last >= wanted for client in clients), 90, "entry %d" % wanted
        )

    def end(self):
        self.process.stdin.close()
        self.process.wait(20)


def books_are_right(clients, publisher, before):
    """Each client has each entry once and in order; the first after `before` is called 1."""
    whole = [(before + number, number) for number in range(1, publisher.number + 1)]
    for client in clients:
        assert client.faults == []
        assert client.entries[-len(whole) :] == whole
        assert [seq for seq, _ in client.entries] == list(range(1, before + len(whole) + 1))


def test_a_node_that_is_killed(site, cookie):
    victim, survivor = site.nodes
    clients = [Client(site, cookie, "news", seed) for seed in range(6)]
    # The form is refused without its token: that, too, is an answer of the site.
    kinds = [("GET", 200), ("GET", 200), ("POST", 403)]
    askers = [Visitor(site.host, "/accounts/login/", *kind, pause=0.1) for kind in kinds]
    publisher = Publisher(survivor)
    try:
        publisher.publish(20)
        publisher.arrived(clients)
        assert [client.connects for client in clients] == [1] * 6
        everybody(askers, 5)
        publisher.publish(200)  # while the node is killed
        assert victim.kill() > 6
        everybody(askers, 20)
        publisher.arrived(clients)
        stayed = [client for client in clients if client.connects == 1]
        assert 0 < len(stayed) < len(clients)
        begun = len(site.front.log())

        victim.up()
        wait_until(
            lambda: any("node=%s " % victim.host in line for line in site.front.log()[begun:]),
            30,
            "a request for the node that came back",
        )
        publisher.publish(20)
        publisher.arrived(clients)
        everybody(askers, 5)
    finally:
        publisher.end()
        for thread in askers + clients:
            thread.end()

    books_are_right(clients, publisher, 0)
    # What was on its way to the node when it died: a GET in the middle of its answer, a POST that
    # had been sent. And a POST that meets the node's nginx a moment before its uWSGI is there.
    for asker in askers:
        failed = [what for _, what in asker.failed]
        assert len(failed) <= {"GET": 1, "POST": 2}[asker.method], failed
        assert asker.method == "POST" or 502 not in failed, failed


def test_the_primary_redis_and_a_node_are_killed(site, cookie):
    """The log has everything; and notifications come again, through the Redis that took over."""
    survivor, victim = site.nodes
    clients = [Client(site, cookie, "news", seed) for seed in range(6)]
    publisher = Publisher(survivor)
    try:
        wait_until(lambda: all(client.last >= 240 for client in clients), 60, "what was before")
        publisher.publish(20)
        publisher.arrived(clients, 260)
        publisher.publish(200)
        site.redis.wait_for_calm()
        site.redis.primary.process.kill()
        assert victim.kill() > 6
        publisher.arrived(clients, 460)
        wait_until(lambda: "role:master" in info(site.redis.replica.port, "replication"))

        def is_notified():
            """Whether one more entry is everywhere sooner than a reader who hears nothing looks."""
            publisher.publish(1)
            begun = time.monotonic()
            publisher.arrived(clients, 240 + publisher.number)
            return time.monotonic() - begun < 0.3

        wait_until(is_notified, 60, "a notification")
        victim.up()
        publisher.publish(20)
        publisher.arrived(clients, 240 + publisher.number)
    finally:
        publisher.end()
        for client in clients:
            client.end()
    books_are_right(clients, publisher, 240)
