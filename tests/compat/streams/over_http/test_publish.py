"""Publishing with a token."""

import hashlib
import json

import pytest
from django.test import RequestFactory

from compat.streams import head, read
from compat.streams._settings import PUBLISHERS
from compat.streams.over_http.publish import PublishView

pytestmark = pytest.mark.django_db
TOKEN, OTHER = "0123456789abcdefghijklmnopqrstuv", "vutsrqponmlkjihgfedcba9876543210"
view = PublishView.as_view()


@pytest.fixture(autouse=True)
def publishers(settings):
    settings.STREAMS_PUBLISHERS = {
        "billing": {"token": TOKEN, "streams": ["billing:*", "news"]},
        "other": {
            "token": "sha256:" + hashlib.sha256(OTHER.encode()).hexdigest(),
            "streams": ["other"],
        },
    }


def post(said, token=TOKEN, content_type="application/json", **headers):
    data = said if isinstance(said, bytes) else json.dumps(said).encode()
    if token is not None:
        headers["HTTP_AUTHORIZATION"] = "Bearer " + token
    response = view(RequestFactory().post("/", data, content_type=content_type, **headers))
    return response.status_code, json.loads(response.content.decode()), response


def test_one_entry_and_several():
    assert post({"stream": "news", "body": {"a": "ä"}})[:2] == (200, {"first": 1, "last": 1})
    assert post({"stream": "news", "bodies": [1, None]})[:2] == (200, {"first": 2, "last": 3})
    assert post({"stream": "billing:7", "body": None})[:2] == (200, {"first": 1, "last": 1})
    assert [row.body for row in read("news", 0)] == [{"a": "ä"}, 1, None]
    assert post({"stream": "other", "body": 1}, OTHER)[0] == 200


def test_a_request_that_is_repeated_appends_once():
    for key, first in (("a", 1), ("a", 1), ("b", 2), ("a", 1)):
        said = post({"stream": "news", "body": key}, HTTP_IDEMPOTENCY_KEY=key)[1]
        assert said["first"] == first
    assert head("news") == 2


@pytest.mark.parametrize("token", [None, "", "x", TOKEN[:-1], TOKEN + "x", "ä" * 32, "x" * 5000])
def test_who_has_no_token_is_told_nothing(token):
    status, said, response = post(b"not read", token)
    assert (status, said["error"]) == (401, "bad-token")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_token_is_for_its_streams():
    for stream, token in (("other", TOKEN), ("billing", TOKEN), ("news", OTHER)):
        status, said, _ = post({"stream": stream, "body": 1}, token)
        assert (status, said["error"]) == (403, "forbidden")
        assert head(stream) == 0
    # The word before it may be written as one likes, but no other word will do.
    data = dict(content_type="application/json", data=b"{}")
    for header, status in (("bearer  " + TOKEN, 400), ("Basic " + TOKEN, 401), (TOKEN, 401)):
        assert view(RequestFactory().post("/", HTTP_AUTHORIZATION=header, **data)).status_code == (
            status
        )


@pytest.mark.parametrize(
    "said, status, error",
    [
        (b" ", 400, "bad-json"),
        (b"\xff", 400, "bad-json"),
        (b"[" * 100000, 400, "bad-json"),
        ([], 400, "bad-request"),
        ({"stream": "news"}, 400, "bad-request"),
        ({"body": 1, "bodies": [1]}, 400, "bad-request"),
        ({"stream": "news", "body": 1, "bodies": [1]}, 400, "bad-request"),
        ({"stream": "news", "body": 1, "key": "x"}, 400, "bad-request"),
        ({"stream": "news", "bodies": "ab"}, 400, "bad-request"),
        ({"stream": "news", "bodies": []}, 400, "bad-body"),
        (b'{"stream": "news", "body": NaN}', 400, "bad-body"),
        ({"stream": "a\nb", "body": 1}, 400, "bad-name"),
        ({"stream": 5, "body": 1}, 400, "bad-name"),
        ({"stream": "news", "body": "x" * (1 << 20)}, 400, "bad-body"),
        (b"x" * (1 << 22), 413, "too-large"),
    ],
)
def test_what_cannot_be_published_is_told_and_nothing_is(said, status, error):
    found = post(said)
    assert (found[0], found[1]["error"]) == (status, error)
    assert "\n" not in found[1]["detail"] and len(found[1]["detail"]) < 1500
    assert head("news") == 0


def test_other_requests():
    assert post({"stream": "news", "body": 1}, content_type="text/plain")[0] == 415
    assert view(RequestFactory().get("/")).status_code == 405
    assert view.csrf_exempt and "default" in view._non_atomic_requests


@pytest.mark.parametrize(
    "token, streams",
    [
        ("short", ["news"]),
        ("a" * 40, ["news"]),
        ("0123456789abcdef ghijklmnopqrstuv", ["news"]),
        ("ä123456789abcdefghijklmnopqrstuv", ["news"]),
        ("sha256:abc", ["news"]),
        ("sha256:" + "ab" * 31, ["news"]),
        (None, ["news"]),
        (TOKEN, "news"),
        (TOKEN, []),
        (TOKEN, None),
        (TOKEN, [5]),
    ],
)
def test_a_weak_token_is_an_error_of_check_and_nobody_may_publish(settings, token, streams):
    settings.STREAMS_PUBLISHERS = {"billing": {"token": token, "streams": streams}}
    problem = PUBLISHERS.problem()
    assert problem.startswith("STREAMS_PUBLISHERS") and str(token or TOKEN) not in problem
    assert post({"stream": "news", "body": 1}, str(token or TOKEN).encode().decode())[0] == 401


def test_by_default_nobody_may(settings):
    del settings.STREAMS_PUBLISHERS
    assert post({"stream": "news", "body": 1})[0] == 401
