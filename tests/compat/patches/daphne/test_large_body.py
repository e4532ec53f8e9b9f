"""A real daphne and an application that reads its requests piece by piece."""

import http.client
import socket

import pytest

from tests.support.daphne import daphne
from tests.support.probe import source

NAME = "daphne.large_body"
DISABLED = {"COMPAT_DISABLE": NAME}
MANY = 40 * 1024 * 1024
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=line"


@source
def site_code():
    import compat

    compat.install()
    import asyncio
    import hashlib

    left = []  # what followed the first piece of a request whose client has left

    def peak():
        with open("/proc/self/status") as file:
            (line,) = [line for line in file if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024

    class application:
        def __init__(self, scope):
            self.path = scope["path"]

        async def __call__(self, receive, send):
            digest, size, pieces, more = hashlib.md5(), 0, 0, True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    left.append("disconnect after %d" % pieces)
                    return
                digest.update(message["body"])
                size += len(message["body"])
                pieces += 1
                more = message.get("more_body", False)
                if self.path == "/slow/":
                    await asyncio.sleep(1)
            if self.path == "/next/":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": True})
                await send({"type": "http.response.body"})
                left.append((await receive())["type"])
                return
            told = {"/peak/": peak, "/left/": lambda: left}.get(self.path)
            told = told() if told else "%d %d %s" % (size, pieces, digest.hexdigest())
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(told).encode()})


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site_of_probe.py").write_text(site_code)
    return tmp_path


def send(address, path, body=b"", content_type="text/plain", length=None, chunked=False):
    """(status, body) of a POST; `body` is bytes, or pieces of `length` bytes together."""
    headers = {"Content-Type": content_type}
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    else:
        headers["Content-Length"] = str(len(body) if length is None else length)
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        options = {"encode_chunked": True} if chunked else {}
        connection.request("POST", path, body, headers, **options)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def md5(data):
    import hashlib

    return hashlib.md5(data).hexdigest()


def growth(site, content_type, **environ):
    """By how much an upload raised the most memory that daphne ever had, in bytes."""
    with daphne(site, "site_of_probe:application", **environ) as address:
        before = int(send(address, "/peak/")[1])
        start, end = b"", b""
        if content_type == MULTIPART:
            start, end = (
                b'--line\r\nContent-Disposition: form-data; name="a"\r\n\r\n',
                b"\r\n--line--",
            )
        pieces = [start] + [b"x" * 65536] * (MANY // 65536) + [end]
        length = len(start) + MANY + len(end)
        status, text = send(address, "/", iter(pieces), content_type, length)
        assert status == 200 and text.split()[0] == str(length)
        return int(send(address, "/peak/")[1]) - before


@pytest.mark.parametrize("content_type", ["text/plain", FORM, MULTIPART])
def test_an_upload_does_not_fill_the_memory(site, content_type):
    assert growth(site, content_type) < MANY / 4


@pytest.mark.parametrize("content_type", ["text/plain", MULTIPART])
def test_without_the_patch_it_does(site, content_type):
    assert growth(site, content_type, **DISABLED) > MANY * 0.75


# Twisted keeps less than 100,000 bytes in memory.
@pytest.mark.parametrize("size", [0, 1, 99999, 100000, 1048576, 1048577, 3000000])
@pytest.mark.parametrize("chunked", [False, True])
def test_every_byte_arrives_once(site_daphne, size, chunked):
    data = b"0123456789abcdef"[:13] * (size // 13 + 1)
    data = data[:size]
    body = iter([data]) if chunked else data
    status, text = send(site_daphne, "/", body, "", None, chunked)
    pieces = max(1, -(-size // 1048576))
    assert (status, text) == (200, "%d %d %s" % (size, pieces, md5(data)))


@pytest.fixture(scope="module")
def site_daphne(tmp_path_factory):
    """One daphne for all the tests that leave nothing behind."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "site_of_probe.py").write_text(site_code)
    with daphne(folder, "site_of_probe:application") as address:
        yield address


BROKEN = [(b"no form at all", "multipart/form-data; boundary=\xff")]
BROKEN += [(b"--line\r\nno form", "multipart/form-data")]


@pytest.mark.parametrize("body, content_type", BROKEN)
def test_a_form_that_twisted_does_not_understand_reaches_the_application(
    site_daphne, body, content_type
):
    status, text = send(site_daphne, "/", body, content_type)
    assert (status, text) == (200, "%d 1 %s" % (len(body), md5(body)))


def test_without_the_patch_twisted_refuses_it(site):
    with daphne(site, "site_of_probe:application", **DISABLED) as address:
        assert send(address, "/", *BROKEN[1])[0] == 400


def test_a_client_that_leaves_before_its_body_is_read(site):
    with daphne(site, "site_of_probe:application") as address:
        with socket.create_connection(address, timeout=20) as client:
            head = b"POST /slow/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"
            client.sendall(head + b"x" * 3000000)
        while send(address, "/left/")[1] == "[]":
            pass
        assert send(address, "/left/")[1] in ("['disconnect after 1']", "['disconnect after 2']")


def test_the_disconnect_follows_the_body(site_daphne):
    assert send(site_daphne, "/next/", b"x" * 3000000)[0] == 200
    assert send(site_daphne, "/left/")[1] == "['http.disconnect']"
