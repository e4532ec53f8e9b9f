"""Long polling as a plain view: what it answers, how long it waits, and how many may."""

import json
import os
import sys
import time
import types

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import Http404
from django.test import RequestFactory

from compat.streams import epochs, publish, publish_many, retention
from compat.streams.over_http import slots
from compat.streams.over_http.view import LOOK_SECONDS, LongPollView, most_waiting
from tests.support.records import make_user

pytestmark = pytest.mark.django_db(transaction=True)
view = LongPollView.as_view(stream="news")


@pytest.fixture(autouse=True)
def no_waiting(settings, tmp_path, monkeypatch):
    settings.STREAMS_LONG_POLL_SECONDS = 0
    monkeypatch.setattr(slots.tempfile, "gettempdir", lambda: str(tmp_path))


@pytest.fixture
def ask():
    user = make_user("vera")

    def get(query="", method="get", view=view, user=user, **headers):
        request = getattr(RequestFactory(), method)("/entries/?" + query, **headers)
        request.user = user
        response = view(request)
        frames = json.loads(response.content.decode())
        return response, frames["cursor"], frames["frames"]

    return get


def kinds(frames):
    return [frame["type"] for frame in frames]


def test_entries_and_the_cursor_of_the_next_request(ask):
    publish_many("news", ["one", {"text": "two"}])
    response, cursor, frames = ask("since=0")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response["Cache-Control"] == "no-store, no-transform"
    epoch = epochs.position("news").epoch
    assert frames == [
        {"type": "entries", "stream": "news", "epoch": epoch, "first": 1,
         "bodies": ["one", {"text": "two"}]},
        {"type": "live", "stream": "news", "epoch": epoch, "seq": 2},
    ]  # fmt: skip
    assert cursor == epoch + ":2"
    assert kinds(ask("since=" + cursor)[2]) == ["live"]
    assert ask("", HTTP_LAST_EVENT_ID=epoch + ":1")[2][0]["bodies"] == [{"text": "two"}]
    assert ask("since=latest")[1:] == (cursor, frames[1:])


def test_another_history_and_a_trimmed_log(ask):
    publish_many("news", [1, 2, 3])
    assert kinds(ask("since=2&epoch=other")[2]) == ["reset", "entries", "live"]
    assert kinds(ask("since=9")[2]) == ["reset", "entries", "live"]
    retention.trim("news", retention.limits(max_entries=1))
    gap, entries, live = ask("since=0")[2]
    assert (gap["oldest"], entries["first"], entries["bodies"]) == (3, 3, [3])
    retention.trim("news", retention.limits(max_entries=0))
    _, cursor, frames = ask("since=0")
    assert kinds(frames) == ["gap", "live"] and frames[0]["oldest"] == 4
    assert cursor.endswith(":3")
    assert ask(view=LongPollView.as_view(stream="nobody"))[1] == "0"


def test_what_is_large_comes_in_several_answers(ask):
    publish_many("news", ["x" * 30000] * 40)
    cursor, bodies, answers = "0", [], 0
    while len(bodies) < 40:
        _, cursor, frames = ask("since=" + cursor)
        answers += 1
        bodies += frames[0]["bodies"]
        assert len(frames) == 1 or len(bodies) == 40
    assert 2 < answers < 12


@pytest.mark.parametrize("since", ["x", "1:2:3", "-2", "9" * 30, "%00", "%F0%9F%98%80"])
def test_what_is_no_cursor(ask, since):
    response, _, (error, close) = ask("since=" + since)
    assert response.status_code == 400
    assert error["code"] == "bad-since" and close["code"] == 4500


def test_who_may_not(ask):
    publish("news", "secret")
    response, _, frames = ask("since=0", user=AnonymousUser())
    assert (response.status_code, frames) == (403, [])

    class Named(LongPollView):
        def get_stream(self):
            raise Http404

    with pytest.raises(Http404):
        ask(view=Named.as_view())
    assert ask(view=LongPollView.as_view(stream="bad\nname"))[0].status_code == 404
    request = RequestFactory().post("/")
    request.user = make_user("paul")
    assert view(request).status_code == 405


def test_it_waits_as_long_as_the_setting_says_and_no_longer_than_it_must(ask, settings):
    settings.STREAMS_LONG_POLL_SECONDS = 30
    publish("news", 1)
    # Each look asks for the position: at the second one the entry is committed.
    looks = []

    def known(name, stock=epochs.known):
        looks.append(name)
        if len(looks) == 2:
            publish("news", 2)
        return stock(name)

    epochs_known, epochs.known = epochs.known, known
    try:
        began = time.monotonic()
        assert ask("since=1")[2][0]["bodies"] == [2]
    finally:
        epochs.known = epochs_known
    assert len(looks) == 2 and LOOK_SECONDS <= time.monotonic() - began < 20
    assert kinds(ask("since=1")[2]) == ["entries", "live"]
    settings.STREAMS_LONG_POLL_SECONDS = 0.1
    assert kinds(ask("since=2")[2]) == ["live"]


def test_head_and_a_view_in_a_transaction_do_not_wait(ask, settings):
    settings.STREAMS_LONG_POLL_SECONDS = 3600
    request = RequestFactory().head("/?since=0")
    request.user = make_user("paul")
    assert view(request).status_code == 200
    with transaction.atomic():
        # What others commit later cannot be seen in there, on every database.
        assert kinds(ask("since=0")[2]) == ["live"]
    assert "default" in view._non_atomic_requests


def test_only_so_many_wait(ask, settings, tmp_path):
    settings.STREAMS_LONG_POLL_SECONDS = 0.1
    settings.STREAMS_LONG_POLL_WORKERS = 2
    publish("news", 1)
    with slots.slot(2) as first, slots.slot(2) as second:
        assert first and second
        response, _, frames = ask("since=1")
        assert (response.status_code, frames) == (503, [])
        assert 1 < int(response["Retry-After"]) < 7
        # Who need not wait is answered.
        assert ask("since=0")[0].status_code == 200
    assert ask("since=1")[0].status_code == 200
    settings.STREAMS_LONG_POLL_WORKERS = 0
    assert ask("since=1")[0].status_code == 503


def test_half_of_uwsgis_workers_stay_free(settings, monkeypatch):
    settings.STREAMS_LONG_POLL_WORKERS = 3
    assert most_waiting() == 3
    for workers, threads, most in ((1, 1, 0), (2, 1, 1), (5, 1, 2), (8, 1, 3), (1, 4, 2)):
        uwsgi = types.SimpleNamespace(numproc=workers, cores=threads)
        monkeypatch.setitem(sys.modules, "uwsgi", uwsgi)
        assert most_waiting() == most


def test_a_slot_of_a_process_that_was_killed_is_free(tmp_path):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with slots.slot(1):
            os.write(writing, b"x")
            time.sleep(600)
    os.read(reading, 1)
    with slots.slot(1) as taken:
        assert not taken
    os.kill(child, 9)
    os.waitpid(child, 0)
    with slots.slot(1) as taken:
        assert taken
    os.close(reading)
    os.close(writing)


def test_a_folder_of_somebody_else_is_not_used(ask, settings, tmp_path, caplog):
    settings.STREAMS_LONG_POLL_SECONDS = 3600
    path = slots.folder()
    os.chmod(path, 0o777)
    response, _, frames = ask("since=0")
    assert response.status_code == 200 and kinds(frames) == ["live"]
    assert "is not ours" in caplog.text
    os.rmdir(path)
    os.symlink(str(tmp_path), path)
    with pytest.raises(OSError, match="is not ours"):
        slots.folder()
