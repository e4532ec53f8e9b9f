"""What a client writes to a service's socket: an error, or its message to everybody."""

import asyncio
import json
import os
import shutil
import tempfile

from hypothesis import strategies as st

FOLDER = tempfile.mkdtemp(prefix="fuzz-")
os.environ.update(DEVOPS_VAR=FOLDER, DJANGO_SETTINGS_MODULE="devops.settings")

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
django.setup()

from channels.testing import WebsocketCommunicator  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402

from deploy import consumers  # noqa: E402

consumers.FRAMES_PER_SECOND = consumers.FRAMES_AT_ONCE = 10**9
call_command("migrate", verbosity=0)
USER = User.objects.create_superuser("fuzz", "fuzz@example.org", "fuzz")

TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.just("message"), TEXT), inner, max_size=4),
    ),
    max_leaves=8,
).map(json.dumps)
PIECES = ['{"message": ', '"', "}", "{", "[", "]", ":", ",", "\\", "\\ud800", "\\u0000", "1", "e9"]
PIECES += [
    "message",
    "NaN",
    "Infinity",
    "-",
    "9" * 5000,
    "[" * 3000,
    '{"a":' * 3000,
    "\0",
    "\x1b",
    "é",
]
ODD = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
MESSAGE = st.one_of(TEXT, st.sampled_from(["x" * 65000, "x" * 70000])).map(
    lambda text: json.dumps({"message": text})
)
CASES = st.one_of(st.one_of(JSON, ODD, MESSAGE, TEXT), st.binary(max_size=50))


def application(scope):
    route = {"kwargs": {"service_uid": "tasks"}}
    return consumers.DeployResult(dict(scope, user=USER, url_route=route))


class Socket(object):
    """One that stays open over many cases, and is opened again when it was closed."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.communicator = None

    async def open(self):
        self.communicator = WebsocketCommunicator(application, "/ws/deploy/tasks/")
        connected, _ = await self.communicator.connect(timeout=20)
        assert connected

    async def ask(self, sent):
        """What comes for it: messages of {"type": "websocket.send" or "websocket.close"}."""
        if self.communicator is None:
            await self.open()
        key = "bytes" if isinstance(sent, bytes) else "text"
        await self.communicator.send_input({"type": "websocket.receive", key: sent})
        first = await self.communicator.receive_output(20)
        if first["type"] == "websocket.send" and '"too-large"' in first["text"]:
            closed = await self.communicator.receive_output(20)
            await self.communicator.disconnect()
            self.communicator = None
            return first, closed
        return first, None


SOCKET = Socket()


def check(sent):
    first, closed = SOCKET.loop.run_until_complete(SOCKET.ask(sent))
    assert first["type"] == "websocket.send"
    told = json.loads(first["text"])
    code, message = expected(sent)
    if code is None:
        assert told == {"message": message}
    else:
        assert (told["type"], told["code"]) == ("error", code), (told, code)
    assert (closed or {}).get("code") == (4509 if code == "too-large" else None)


def expected(sent):
    """(code of the error, None), or (None, the message)."""
    if len(sent) > 65536:
        return "too-large", None
    if isinstance(sent, bytes):
        return "binary", None
    try:
        found = json.loads(sent)
    except (ValueError, RecursionError):
        return "bad-json", None
    message = found.get("message") if isinstance(found, dict) else None
    if not isinstance(message, str):
        return "no-message", None
    if any(0xD800 <= ord(character) <= 0xDFFF for character in message):
        return "bad-json", None
    return None, message


def close():
    if SOCKET.communicator is not None:
        SOCKET.loop.run_until_complete(SOCKET.communicator.disconnect())
    shutil.rmtree(FOLDER, ignore_errors=True)
