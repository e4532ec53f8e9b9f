"""Forms and files to a daphne of the reference site, with Django's own limits."""

import http.client
import re

import pytest

from tests.support.daphne import daphne
from tests.support.uploads import FORM, MULTIPART, multipart

from .wire import Peer, request

MB = 1024 * 1024
PATH = "/accounts/login/"


@pytest.fixture(scope="module")
def address(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("daphne")
    with daphne(folder, "devops.asgi:application", DEVOPS_VAR=site.stack.var) as address:
        yield address


@pytest.fixture(scope="module")
def token(address):
    """A form's token, and the cookie that belongs to it."""
    with Peer(address) as peer:
        peer.send(request(b"GET " + PATH.encode() + b" HTTP/1.1", b"Host: localhost"))
        assert peer.status() == 200
        while b"</html>" not in peer.received:
            peer._fill(len(peer.received) + 1)
        page = peer.received.decode()
        cookie = re.search(rb"csrftoken=\w+", peer.head).group().decode()
    return re.search("csrfmiddlewaretoken' value='(\\w+)'", page).group(1), cookie


def post(address, token, body, content_type):
    """The status of a form."""
    headers = {"Content-Type": content_type, "Cookie": token[1], "Host": "localhost"}
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.request("POST", PATH, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_form_has_a_limit(address, token):
    start = ("csrfmiddlewaretoken=%s&a=" % token[0]).encode()
    assert post(address, token, start + b"x" * (2 * MB), FORM) == 200
    assert post(address, token, start + b"x" * (3 * MB), FORM) == 400


def test_a_field_of_a_form_with_files_has_it_too(address, token):
    field = (b"csrfmiddlewaretoken", token[0].encode())
    assert post(address, token, multipart([field, (b"a", b"x" * (3 * MB))]), MULTIPART) == 400


def test_a_file_has_none(address, token):
    field = (b"csrfmiddlewaretoken", token[0].encode())
    file = (b"file", b"name", b"x" * (3 * MB))
    assert post(address, token, multipart([field], [file]), MULTIPART) == 200
