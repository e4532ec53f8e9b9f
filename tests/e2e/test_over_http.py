"""The deploy page's socket over plain HTTP: through the rendered nginx, daphne and uWSGI."""

import json
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest

from tests.support.events import Events, ask, poll
from tests.support.servers import HOST


@pytest.fixture(scope="module")
def visitor(stack):
    stack.service("over-http", "echo", "hello")
    stack.user("reader", "follow_service")
    stack.user("nobody")
    return stack.login("reader")


def address(stack):
    return HOST, stack.port


def test_an_event_stream_follows_a_deployment(stack, visitor):
    headers = {"Cookie": visitor, "Origin": stack.url}
    path = "/ws/deploy/over-http/?since=latest"
    reader = Events(address(stack), path, headers=headers)
    assert reader.status == 200, reader.response.read()
    live = reader.frame()
    assert live["type"] == "live" and reader.headers["X-Accel-Buffering"] is None
    admin = stack.login()
    stack.start("over-http", admin)
    seen = []
    while not any(body.get("state") == "succeeded" for body in seen):
        seen += reader.frame().get("bodies", ())
    assert any(body.get("s", "").startswith("hello") for body in seen)
    # What it saw is what a request to uWSGI gets that waits for nothing.
    since = "%s:%d" % (live["epoch"], live["seq"])
    status, found = poll(address(stack), "/services/over-http/entries/?since=" + since, headers)
    assert status == 200
    assert [body for frame in found["frames"] for body in frame.get("bodies", ())] == seen
    # And it ends with the session.
    stack.get("/accounts/logout/", visitor)
    assert reader.frames("close")[-1]["code"] == 4501
    reader.close()


def test_who_may_not_follow_is_refused_by_both(stack, visitor):
    paths = "/ws/deploy/over-http/?since=0", "/services/over-http/entries/?since=0"
    for cookie, statuses in ((stack.login("nobody"), (403, 404)), ("", (403, 403))):
        headers = {"Cookie": cookie, "Accept": "text/event-stream"}
        assert tuple(ask(address(stack), path, headers=headers)[0] for path in paths) == statuses


def test_uwsgi_answers_who_waits_and_half_of_its_workers_stay_free(stack, visitor):
    stack.service("waited-for", "echo", "hello")
    headers = {"Cookie": stack.login("reader")}
    path = "/services/waited-for/entries/?since="
    path += poll(address(stack), path + "latest", headers)[1]["cursor"]
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(ask, address(stack), path, "GET", headers, 60) for _ in range(3)]
        # Two may wait, or one where there are only two workers; who is refused knows it at once.
        wait(waiting, return_when=FIRST_COMPLETED)
        stack.shell(
            "from compat.streams import publish; publish('deploy:waited-for', {'k': 'state'})"
        )
        answers = [one.result(60) for one in waiting]
    assert {status for status, _, _ in answers} == {200, 503}
    for status, said, body in answers:
        frames = json.loads(body.decode())["frames"]
        if status == 503:
            assert frames == [] and said["Retry-After"]
        else:
            assert frames[0]["bodies"] == [{"k": "state"}]
