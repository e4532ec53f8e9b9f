"""An application of a real daphne closes its WebSockets with all kinds of codes."""

import json
import socket

import pytest
import websocket

from tests.support.daphne import daphne
from tests.support.websockets import close_code

NAME = "daphne.close_codes"
SITE = """
import compat
compat.install()
import asyncio
import enum
import json

class Codes(enum.IntEnum):
    RESTART = 1012

class application:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            code = json.loads(message["text"])
            code = Codes.RESTART if code == "enum" else code
            try:
                await send({"type": "websocket.close", "code": code})
            except Exception as error:
                await send({"type": "websocket.send", "text": str(error)})
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "closing_site.py").write_text(SITE)
    return tmp_path


def ask(address, code):
    """A socket that has asked to be closed with that code."""
    connection = websocket.create_connection("ws://%s:%d/" % address, timeout=20)
    connection.send(json.dumps(code))
    return connection


ANY = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
NONE = [0, -1, 999, 1004, 1005, 1006, 1010, 1015, 1999, 2999, 5000, 65535, 70000, 1e3, True, "1000"]


def test_what_a_server_may_send_is_sent(site):
    with daphne(site, "closing_site:application") as address:
        assert [close_code(ask(address, code)) for code in ANY] == ANY
        assert close_code(ask(address, None)) == 1000
        assert close_code(ask(address, "enum")) == 1012
    assert "No WebSocket" not in (site / "daphne.log").read_text()


def test_what_no_server_may_send_is_1011_and_a_line_in_the_log(site):
    with daphne(site, "closing_site:application") as address:
        assert [close_code(ask(address, code)) for code in NONE + ["x" * 500]] == (
            [1011] * (len(NONE) + 1)
        )
    log = (site / "daphne.log").read_text().splitlines()
    lines = [line for line in log if "No WebSocket" in line]
    assert len(lines) == len(NONE) + 1 and max(map(len, lines)) < 250
    assert lines[NONE.index(1006)].endswith("closed with 1006; this one is, with 1011")


@pytest.mark.parametrize("code", [1012, 1006, "1000"])
def test_without_the_patch_the_socket_stays_open(site, code):
    with daphne(site, "closing_site:application", COMPAT_DISABLE=NAME) as address:
        connection = ask(address, code)
        assert "close code" in connection.recv()
        connection.settimeout(1)
        with pytest.raises((socket.timeout, websocket.WebSocketTimeoutException)):
            connection.recv()
        connection.shutdown()
