"""Guarded sockets of a site without Redis: no channel layer is configured at all."""

import json

from compat.streams import publish
from deploy.models import Service, stream_name
from tests.support.websockets import close_code

SETTINGS = {
    "CHANNEL_LAYERS": {},
    "STREAMS_NOTIFICATIONS": "none",
    "STREAMS_POLL_SECONDS": 0.2,
    "SOCKETS_RECHECK_SECONDS": 0.5,
}


def test_entries_come_and_a_logout_ends_the_socket(serve, ann, settings):
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    ann.allow()
    ann.user.is_superuser = True
    ann.user.save()
    Service.objects.create(uid="web", name="web", command=["true"])
    publish("papers:daily", "old")
    with serve(**SETTINGS) as server:
        socket = server.open("/papers/daily/?since=0", ann.cookie)

        def until(body):
            while body not in json.loads(socket.recv()).get("bodies", ()):
                pass

        until("old")
        publish("papers:daily", "new")
        until("new")
        echo = server.open("/echo/", ann.cookie)
        echo.send("x")
        assert echo.recv() == "x"
        assert (
            server.status("Origin: http://" + server.host, path="/papers/daily/") == 403
        )  # nobody
        # The reference application follows, also for a page that knows messages only.
        plain = server.open("/ws/deploy/web/", ann.cookie)
        publish(stream_name("web"), {"k": "out", "d": 1, "s": "built"})
        assert json.loads(plain.recv()) == {"message": "built"}
        plain.send(json.dumps({"message": "to everybody"}))
        assert json.loads(plain.recv())["code"] == "unavailable"
        ann.client.logout()
        # By the next check, since nothing tells of it.
        assert close_code(socket) == close_code(echo) == 4501
        for noise in ("WARNING compat", "ERROR"):
            assert noise not in server.process.output()
