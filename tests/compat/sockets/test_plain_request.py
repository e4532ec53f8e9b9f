"""What arrives when a proxy in front drops the header Upgrade."""

import functools
import os
import socket

import pytest
from channels.routing import URLRouter
from django.conf.urls import url

from compat._throttle import Throttle
from compat.sockets import plain_request

NOTICE = "GET %s has no header Upgrade"


def get(server, path, *headers, method="GET"):
    """The status that answers a request without Upgrade."""
    lines = ["%s %s HTTP/1.0" % (method, path), "Host: " + server.host, *headers, "", ""]
    with socket.create_connection(server.address, timeout=20) as client:
        client.sendall("\r\n".join(lines).encode())
        return int(client.recv(4096).split()[1])


def log_of(folder):
    with open(os.path.join(str(folder), "daphne.log")) as log:
        return log.read()


def test_it_is_told_once_a_minute(serve, tmp_path):
    with serve() as server:
        for _ in range(3):
            assert get(server, "/echo/", "Connection: keep-alive") == 404
        assert get(server, "/other/") == 404
        assert get(server, "/sync/") == 404
    log = log_of(tmp_path)
    assert log.count("has no header Upgrade") == 1
    assert NOTICE % "/echo/" in log


def test_what_is_no_handshake_that_was_damaged_is_not_told(serve, tmp_path):
    with serve() as server:
        assert get(server, "/other/") == 404
        assert get(server, "/echo/", method="POST") in (403, 404)
        assert get(server, "/echo") == 404
        with_socket = server.open("/echo/")
        with_socket.send("still")
        assert with_socket.recv() == "still"
    assert "has no header Upgrade" not in log_of(tmp_path)


# Without a server


def consumer(scope):
    return None


@pytest.fixture
def watched(monkeypatch, caplog):
    """told(path, …) → how often a GET of it was told; nothing is watched yet."""
    monkeypatch.setattr(plain_request, "routers", [])
    monkeypatch.setattr(plain_request, "throttle", Throttle(0))

    def told(path="/ws/a/", method="GET", headers=()):
        before = len(caplog.records)
        plain_request.notice(None, {"method": method, "path": path, "headers": headers})
        return len(caplog.records) - before

    return told


def test_routes_are_looked_for_behind_what_stands_around_them(watched):
    inner = URLRouter([url("^a/$", consumer)])
    outer = URLRouter([url("^ws/", inner)])
    for _ in range(2):  # a site may guard two applications, or one twice
        plain_request.watch(functools.partial(outer))
    assert plain_request.routers == [outer]
    # By the beginning of the address, which is the outermost router's.
    assert [watched("/ws/a/"), watched("/a/")] == [1, 0]
    plain_request.watch(URLRouter([url("^b/$", consumer)]))
    assert watched("/b/") == 1


def test_only_a_get_without_the_header_on_a_route_is_told(watched):
    plain_request.watch(URLRouter([url("^ws/", consumer)]))
    assert watched() == 1
    assert watched(method="POST") == 0
    assert watched(headers=[(b"Upgrade", b"websocket")]) == 0
    assert watched(headers=[(b"host", b"a.example")]) == 1
    plain_request.notice(None)  # of uWSGI


def test_a_path_in_the_log_is_one_short_line(watched, caplog):
    plain_request.watch(URLRouter([url("^ws/", consumer)]))
    assert watched("/ws/\n" + "x" * 1000) == 1
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("GET /ws/x") and "\n" not in line and line.count("x") < 250


def test_an_application_without_routes_is_no_trouble(watched):
    plain_request.watch(consumer)
    assert plain_request.routers == [] and watched() == 0
