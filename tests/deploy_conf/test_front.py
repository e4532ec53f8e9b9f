"""Several nodes behind one nginx: what the front hands on, and what a node believes."""

import getpass
import json
import os
import socket
import ssl
import threading

import pytest
import websocket

from deploy_conf import commands
from tests.support.front import Front
from tests.support.nginx import check
from tests.support.servers import free_port
from tests.support.sites import tiny

CLIENT = "127.0.0.9"
CDN = "203.0.113.0/28"  # stands before the load balancer
# What a client may claim; nothing of it may reach the site.
FORGED = (
    "X-Forwarded-For: 6.6.6.6",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Port: 666",
    "X-Forwarded-Host: evil.example",
    "X-Real-IP: 6.6.6.6",
    "Forwarded: for=6.6.6.6",
    "X_Forwarded_For: 6.6.6.6",
)
RENDER = ["render", "--only", "front", "--domain", "example.org", "--nginx-user", getpass.getuser()]

FILES = ("README.txt", "logrotate.conf", "nginx.conf", "nginx-front.conf")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A site on 127.0.0.2 that believes 127.0.0.1."""
    folder = tmp_path_factory.mktemp("node")
    tiny.write(str(folder))
    site = tiny.Site(folder)
    limit = ("--unlimited", "none", "--websocket-connections", "3")
    code, out, err = site.up(
        "--host", "127.0.0.2", "--behind", "127.0.0.1", "--behind", CDN, *limit, *tiny.SMALL
    )
    assert code == 0, out + err
    yield "127.0.0.2", site.port
    site.down()


@pytest.fixture(scope="module")
def front(node, tmp_path_factory):
    front = Front(tmp_path_factory.mktemp("plain"), ["%s:%d" % node])
    yield "127.0.0.1", front.port
    front.stop()


@pytest.fixture(scope="module")
def front_with_tls(node, certificate, tmp_path_factory):
    pair = ("--tls-cert", certificate[0], "--tls-key", certificate[1], "--no-redirect")
    front = Front(tmp_path_factory.mktemp("tls"), ["%s:%d" % node], *pair)
    yield "127.0.0.1", front.port
    front.stop()


def connection(address, source=CLIENT, tls=False):
    """A connection from one of loopback's many addresses."""
    made = socket.create_connection(address, 10, (source, 0))
    return ssl._create_unverified_context().wrap_socket(made) if tls else made


def meta(address, headers=(), **options):
    """request.META as the WSGI site has it."""
    lines = ["GET /meta HTTP/1.0", "Host: %s:%d" % address, *headers]
    with connection(address, **options) as client:
        client.sendall("\r\n".join(lines + ["", ""]).encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), answer
    return json.loads(body.decode())


def greet(address, headers=(), **options):
    """(WebSocket, what daphne's consumer knows of it)."""
    url = "ws://%s:%d/ws/echo/" % address
    client = websocket.create_connection(
        url, socket=connection(address, **options), header=list(headers), timeout=10
    )
    return client, json.loads(client.recv())


def facts(address, headers=(), **options):
    """(address, scheme, port) of the client as uWSGI has them, after daphne said the same."""
    found = meta(address, headers, **options)
    assert found["HTTP_X_FORWARDED_FOR"] == found["HTTP_X_REAL_IP"] == found["REMOTE_ADDR"]
    scheme, port = found["HTTP_X_FORWARDED_PROTO"], found["SERVER_PORT"]
    assert (scheme == "https") == (found.get("HTTPS") == "on")
    assert found["HTTP_X_FORWARDED_PORT"] == port
    client, greeting = greet(address, headers, **options)
    client.close()
    assert greeting["client"] == greeting["headers"]["x-real-ip"] == found["REMOTE_ADDR"]
    assert greeting["headers"]["x-forwarded-proto"] == scheme
    assert "6.6.6.6" not in json.dumps([found, greeting]) and "evil" not in json.dumps(greeting)
    return found["REMOTE_ADDR"], scheme, int(port)


@pytest.mark.parametrize("forged", [(), FORGED])
def test_the_site_knows_the_client_behind_the_front(front, front_with_tls, forged):
    assert facts(front, forged) == (CLIENT, "http", front[1])
    assert facts(front_with_tls, forged, tls=True) == (CLIENT, "https", front_with_tls[1])


def test_a_node_believes_nobody_else(node):
    assert facts(node, FORGED) == (CLIENT, "http", node[1])


def test_a_node_takes_only_sensible_values_from_its_front(node):
    told = ("X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Port: 443")
    assert facts(node, told, source="127.0.0.1") == ("203.0.113.7", "https", 443)
    told = ("X-Forwarded-For: me", "X-Forwarded-Proto: gopher", "X-Forwarded-Port: 4 43")
    assert facts(node, told, source="127.0.0.1") == ("127.0.0.1", "http", node[1])


def test_a_client_behind_two_proxies_is_known(node):
    """Each writes whom it was asked by; what stands before that, the client made up."""
    told = ("X-Forwarded-For: 6.6.6.6, 198.51.100.7, 203.0.113.9",)
    assert facts(node, told, source="127.0.0.1")[0] == "198.51.100.7"
    told = ("X-Forwarded-For: 6.6.6.6, 198.51.100.7",)
    assert facts(node, told, source="127.0.0.1")[0] == "198.51.100.7"
    # Somebody in a place that is not the proxies' is not believed.
    assert facts(node, told, source=CLIENT)[0] == CLIENT


def test_limits_are_for_the_clients_address(front):
    clients = [greet(front)[0] for _ in range(3)]
    try:
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            greet(front)
        assert refused.value.status_code == 429
        clients.append(greet(front, source="127.0.0.10")[0])
    finally:
        for client in clients:
            client.close()


class Node(threading.Thread):
    """A node that takes each request and says nothing: it counts them, by method."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(5)
        self.name = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.seen = []
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                method = client.recv(65536).split(b" ")[0]
                if method:  # nothing: somebody looked whether we listen
                    self.seen.append(method.decode())

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def status(front, method):
    with socket.create_connection(("127.0.0.1", front.port), 10) as client:
        head = "%s / HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n" % method
        client.sendall(head.encode())
        return int(client.recv(65536).split()[1])


def test_a_post_is_never_repeated_and_no_node_is_given_up(tmp_path):
    nodes = [Node(), Node()]
    front = Front(tmp_path, [node.name for node in nodes])
    try:
        seen = lambda: sorted(nodes[0].seen + nodes[1].seen)  # noqa: E731
        assert status(front, "GET") == 502
        assert seen() == ["GET"] * 3 and all(node.seen for node in nodes)
        # Both have failed by now, and are asked all the same.
        assert status(front, "POST") == 502
        assert seen() == ["GET"] * 3 + ["POST"]
    finally:
        front.stop()
        for node in nodes:
            node.close()


def test_a_node_that_refuses_costs_no_request(tmp_path):
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))  # and nobody listens
    answering = Node()
    front = Front(tmp_path, ["127.0.0.1:%d" % closed.getsockname()[1], answering.name])
    try:
        for _ in range(4):
            status(front, "POST")
        assert answering.seen == ["POST"] * 4
    finally:
        front.stop()
        answering.close()
        closed.close()


@pytest.mark.parametrize("variant", ["plain", "tls", "no-limits", "behind"])
def test_nginx_accepts_the_front(nginx, variant, certificate, tmp_path, capsys):
    port, other = str(free_port()), str(free_port())  # nginx -t binds them
    pair = ["--tls-cert", certificate[0], "--tls-key", certificate[1], "--redirect-port", other]
    words = {
        "plain": ["--port", port],
        "tls": pair + ["--port", port],
        "no-limits": ["--request-rate", "0", "--http-connections", "0", "--port", port],
        "behind": ["--behind", "198.51.100.0/24", "--behind", "2001:db8::/32", "--port", port],
    }[variant]
    (tmp_path / "run").mkdir()
    (tmp_path / "log").mkdir()
    words += ["--listen", "127.0.0.1", "--run-dir", str(tmp_path / "run")]
    words += ["--log-dir", str(tmp_path / "log"), "--output", str(tmp_path / "conf")]
    words += ["--node", "10.0.0.2", "--node", "10.0.0.3:8080", "--node", "[fd00::4]:8000"]
    assert commands.main(RENDER + ["--nginx", nginx] + words) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(
        str(tmp_path / "conf" / name) for name in FILES
    )
    assert check(nginx, tmp_path / "conf" / "nginx.conf", tmp_path) == ""
    text = (tmp_path / "conf" / "nginx-front.conf").read_text()
    assert "server 10.0.0.2:80 " in text and "server [fd00::4]:8000 " in text
    assert ("real_ip_header" in text) == (variant == "behind")
    for name in FILES:
        text = (tmp_path / "conf" / name).read_text()
        assert "@{" not in text and "None" not in text


@pytest.mark.parametrize(
    "words, part",
    [
        ([], "--node: which nodes"),
        (["--node", "node1"], "expected ADDRESS"),
        (["--node", "10.0.0.2:0"], "between 1 and 65535"),
        (["--node", "10.0.0.2:80; x"], "expected ADDRESS"),
        (["--node", "10.0.0.2\n"], "expected ADDRESS"),
        (["--node", "10.0.0.256"], "not an IP address"),
        (["--node", "0.0.0.0"], "no address of a node"),
        (["--node", "10.0.0.2", "--node", "10.0.0.2:80"], "given twice"),
        (["--node", "10.0.0.2", "--behind", "10.0.0.1/24"], "10.0.0.0/24"),
        (["--node", "10.0.0.2", "--behind", "0.0.0.0/0"], "believe everybody"),
        (["--node", "10.0.0.2", "--behind", "10.0.0.1; x"], "--behind"),
    ],
)
def test_a_bad_value_is_one_line(tmp_path, monkeypatch, capsys, words, part):
    monkeypatch.chdir(tmp_path)
    assert commands.main(RENDER + words) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and part in err
    assert not os.listdir(str(tmp_path))


def test_an_account_that_is_not_there_is_one_line(capsys):
    words = [word for word in RENDER if word not in ("--nginx-user", getpass.getuser())]
    words += ["--node", "10.0.0.2", "--nginx-user", "nobody-of-that-name"]
    assert commands.main(words) == 2
    assert "no user" in capsys.readouterr().err


def test_node_is_for_a_front(capsys):
    assert commands.main(["render", "--domain", "example.org", "--node", "10.0.0.2"]) == 2
    assert "--only front" in capsys.readouterr().err


def test_an_nginx_without_realip_is_told(tmp_path, capsys):
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\necho nginx version: nginx/1.22.1 >&2\n")
    nginx.chmod(0o755)
    words = ["--node", "10.0.0.2", "--behind", "10.0.0.1", "--nginx", str(nginx)]
    assert commands.main(RENDER + words) == 2
    assert "http_realip_module" in capsys.readouterr().err


def test_the_websocket_pieces_believe_the_proxy_in_front(tmp_path, nginx, capsys):
    tiny.write(str(tmp_path / "site"))
    words = ["render", "--only", "websocket", "--directory", str(tmp_path / "site")]
    words += [
        "--asgi",
        "tiny.asgi:application",
        "--user",
        getpass.getuser(),
        "--behind",
        "10.0.0.1",
    ]
    conf = tmp_path / "conf"
    assert commands.main(words + ["--output", str(conf), "--log-dir", str(tmp_path)]) == 0
    own = tmp_path / "own.conf"
    own.write_text(
        'pid "%s/x.pid";\nevents {}\nhttp {\n  access_log off;\n'
        '  include "%s/nginx-websocket-http.conf";\n  server {\n    listen 127.0.0.1:%d;\n'
        '    include "%s/nginx-websocket-location.conf";\n  }\n}\n'
        % (tmp_path, conf, free_port(), conf)
    )
    assert check(nginx, own, tmp_path) == ""
    assert "set_real_ip_from 10.0.0.1/32;" in (conf / "nginx-websocket-location.conf").read_text()
