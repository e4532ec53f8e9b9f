"""Sockets that are followed over plain HTTP are guarded as sockets are."""

import json

import pytest

from compat.streams import publish
from tests.support.events import Events, ask

EVENTS = {"Accept": "text/event-stream"}
pytestmark = pytest.mark.django_db(transaction=True)


def status_of(server, path="/echo/", method="GET", **headers):
    """(status, headers) of a request that is expected to be refused, or of HEAD."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(server.address, path, method, dict(EVENTS, **names))[:2]


def test_a_page_of_another_site_cannot_follow(serve):
    with serve() as server:
        own = "http://" + server.host
        for headers in (
            {"Origin": "http://evil.test"},
            {"Origin": "null"},
            {"Origin": own + "0"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Host": "rebound.test"},
            {"Host": "rebound.test", "Origin": "http://rebound.test"},
            {"Host": ""},
        ):
            status, found = status_of(server, **headers)
            assert status == 403, headers
            assert found["Access-Control-Allow-Origin"] is None
        for headers in ({}, {"Origin": own}, {"Sec_Fetch_Site": "same-origin"}):
            status, found = status_of(server, method="HEAD", **headers)
            assert status == 200 and found["Access-Control-Allow-Origin"] is None, headers
        # A WebSocket without an Origin is still refused, as it was.
        assert server.status("Sec-Fetch-Site: same-origin") == 403


def test_a_page_that_the_setting_names_can_read_it(serve):
    there = "https://www.example.org"
    with serve(SOCKETS_ORIGINS=[there]) as server:
        status, headers = status_of(server, method="HEAD", Origin=there)
        assert status == 200 and headers["Vary"] == "Origin"
        assert headers["Access-Control-Allow-Origin"] == there
        assert headers["Access-Control-Allow-Credentials"] == "true"
        asked = {"Origin": there, "Access_Control_Request_Method": "GET"}
        status, headers = status_of(server, method="OPTIONS", **asked)
        assert status == 204 and headers["Access-Control-Allow-Origin"] == there
        # Its own pages send no Origin, which the list need not allow.
        assert status_of(server, method="HEAD", Sec_Fetch_Site="same-origin")[0] == 200
        for other in ("https://evil.test", there + ".evil.test", "none", "null"):
            status, headers = status_of(server, Origin=other)
            assert status == 403 and headers["Access-Control-Allow-Origin"] is None
        other = dict(asked, Origin="https://evil.test")
        status, headers = status_of(server, method="OPTIONS", **other)
        assert headers["Access-Control-Allow-Origin"] is None


def test_who_is_signed_out_is_told_why_and_too_many_are_refused(serve, ann):
    publish("news", "secret")
    ann.allow()
    with serve(SOCKETS_PER_USER=2, SOCKETS_RECHECK_SECONDS=1) as server:
        cookie = {"Cookie": ann.cookie}
        readers = [Events(server.address, "/news/?since=0", headers=cookie) for _ in range(2)]
        for reader in readers:
            assert reader.frame()["bodies"] == ["secret"]
        for transport in ("events", "poll"):
            path = "/news/?since=0&transport=" + transport
            status, headers, body = ask(server.address, path, headers=cookie)
            assert status == 429 and 1 < int(headers["Retry-After"]) < 7
            assert json.loads(body.decode())["frames"] == [{"type": "close", "code": 4029}]
        ann.client.logout()
        for reader in readers:
            assert reader.frames("close")[-1]["code"] == 4501
            assert reader.event() is None
            reader.close()


def test_who_may_not_stay_any_more_is_told(serve, ann):
    ann.allow()
    with serve(SOCKETS_RECHECK_SECONDS=0.5) as server:
        reader = Events(server.address, "/news/?since=0", headers={"Cookie": ann.cookie})
        reader.frames("live")
        ann.user.user_permissions.clear()
        assert reader.frames("close")[-1]["code"] == 4503
        reader.close()
        # The page of a service whose uid nobody has is refused before anything is sent.
        assert status_of(server, "/ws/deploy/nope/", Cookie=ann.cookie)[0] == 403


def test_what_is_sent_is_what_the_socket_sends(serve):
    """A consumer that knows nothing of it, a sync one, and one that fails once it was accepted."""
    with serve(failing=True) as server:
        for path in ("/echo/", "/sync/", "/member/"):
            assert status_of(server, path, "HEAD")[0] == 200
            reader = Events(server.address, path)
            assert "retry" in reader.event()
            reader.close()
