"""A real daphne gets requests that do not wait for each other's answers."""

import socket

from twisted import version

from tests.support.daphne import daphne
from tests.support.probe import probe
from tests.support.raw import APPLICATION, answers, ask, get, receive, request

NAME = "daphne.pipelined_requests"
NEEDED = (version.major, version.minor) < (23, 10)
TWO = request("/slow") + request("/ok")


def wait_for(address, path):
    """What daphne's application has begun, once `path` is among it."""
    while True:
        begun = get(address, "/begun")[1].decode().split()
        if path in begun:
            return begun


def test_requests_of_one_packet_are_handled_one_by_one(raw_site):
    with daphne(raw_site, APPLICATION) as address:
        with socket.create_connection(address) as client:
            client.sendall(TWO)
            assert "/ok" not in wait_for(address, "/slow")
            get(address, "/release")
            received = receive(client, b"/ok\r\n0\r\n\r\n")[0]
    assert answers(received) == [(200, b"/slow"), (200, b"/ok")]


def test_without_the_patch_the_faster_is_answered_first(raw_site):
    with daphne(raw_site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        with socket.create_connection(address) as client:
            client.sendall(TWO)
            wait_for(address, "/slow")
            if not NEEDED:
                get(address, "/release")
            received = receive(client, b"/ok\r\n0\r\n\r\n")[0]
    expected = [(200, b"/ok")] if NEEDED else [(200, b"/slow"), (200, b"/ok")]
    assert answers(received) == expected


def test_the_record():
    found = probe("import daphne.server", patch=NAME).states[NAME]
    assert found == ("applied" if NEEDED else "not needed")


def test_hundreds_of_requests_with_and_without_bodies_are_answered_in_order(raw_site):
    sent, expected = b"", []
    for number in range(300):
        path = "/ok/%d" % number
        if number % 3 == 0:
            sent += request(path, "POST", "Content-Length: 4") + b"\r\n\r\n"
        elif number % 3 == 1:
            sent += request(path, "POST", "Transfer-Encoding: chunked") + b"1\r\nx\r\n0\r\n\r\n"
        else:
            sent += request(path)
        expected.append((200, path.encode()))
    last = request("/ok/last", "GET", "Connection: close")
    last += request("/fails/after")  # nothing is answered after "close"
    expected.append((200, b"/ok/last"))
    with daphne(raw_site, APPLICATION) as address:
        for size in (len(sent), 700):
            with socket.create_connection(address) as client:
                for start in range(0, len(sent), size):
                    client.sendall(sent[start : start + size])
                client.sendall(last)
                received, end = receive(client)
            assert answers(received) == expected and end in ("closed", "reset")
        assert "/fails/after" not in wait_for(address, "/ok/last")


def test_a_client_that_only_sends_is_made_to_wait(raw_site):
    with daphne(raw_site, APPLICATION) as address:
        with socket.create_connection(address) as client:
            client.settimeout(2)
            client.sendall(request("/slow"))
            taken = 0
            try:
                while taken < 64 * 1024 * 1024:  # the kernel's buffers hold some of it
                    taken += client.send(request("/ok") * 1000)
            except socket.timeout:
                pass
            assert taken < 64 * 1024 * 1024
        assert get(address, "/ok")[0] == 200


def test_a_websocket_may_follow_a_request(raw_site):
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 12")
    with daphne(raw_site, APPLICATION) as address:
        received, end = ask(address, request("/ok") + request("/", "GET", *upgrade))
    first, second = received.split(b"0\r\n\r\n", 1)
    assert answers(first) == [(200, b"/ok")]
    assert second.startswith(b"HTTP/1.1 400 WebSocket version 12 not supported")
