"""What arrives when a proxy in front drops the header Upgrade."""

import os
import socket

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
