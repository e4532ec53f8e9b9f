"""Over real sockets: every request of a process is finished, by its own handler."""

import concurrent.futures
import json
import os

import pytest

from tests.support import CHECKOUT, commands
from tests.support.daphne import daphne
from tests.support.probe import applies

from .clients import get_whole

# path → (status, X-Phases)
PHASES = {
    "/plain/": (200, "qvr"),
    "/templated/": (200, "qvtr"),
    "/failing/": (418, "qver"),
    "/missing/": (404, "qr"),
    "/early/": (200, "qr"),
}
DISABLED = {"COMPAT_DISABLE": "channels.request_finish"}


@pytest.fixture(params=["new", "legacy"])
def style(request):
    return request.param


def concurrently(function, items):
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        return list(pool.map(function, items))


def test_without_the_patch_every_request_but_the_first_fails_after_its_view_ran(phases, style):
    with daphne(phases, "phases:application", STYLE=style, **DISABLED) as address:
        answers = [get_whole(address, "/plain/?id=%d" % number)[0] for number in range(5)]
    assert answers == [200, 500, 500, 500, 500]


def test_every_phase_of_every_request(phases, style):
    with daphne(phases, "phases:application", STYLE=style) as address:
        for _ in range(5):
            for path, expected in sorted(PHASES.items()):
                status, headers, _ = get_whole(address, path)
                assert (status, headers["X-Phases"]) == expected, path
        counts = json.loads(get_whole(address, "/counts/")[2])
    assert counts == {"views": 5 * 3, "constructed": 1}


def test_thirty_first_requests_at_once(phases, style):
    with daphne(phases, "phases:application", STYLE=style) as address:
        paths = ["/templated/?id=%d" % number for number in range(30)]
        answers = concurrently(lambda path: get_whole(address, path), paths)
        counts = json.loads(get_whole(address, "/counts/")[2])
    assert [status for status, _, _ in answers] == [200] * 30
    assert [body for _, _, body in answers] == [str(number) for number in range(30)]
    assert {headers["X-Phases"] for _, headers, _ in answers} == {"qvtr"}
    assert counts == {"views": 30, "constructed": 1}


def test_without_the_patch_a_request_sees_the_scope_of_another(phases):
    """With only the lists carried, as later releases do, the chain stays the first handler's."""
    with daphne(phases, "phases:tagged", STYLE="new", **DISABLED) as address:
        get_whole(address, "/plain/?id=1")
        # It fails, but not before its handler's own step has run: on the first one's scope.
        status, headers, _ = get_whole(address, "/plain/?id=2")
    assert status == 500 and headers["X-Scope"] is None


def test_no_request_sees_the_scope_of_another(phases, style):
    with daphne(phases, "phases:tagged", STYLE=style) as address:
        queries = ["id=%d" % number for number in range(30)]
        one_by_one = [get_whole(address, "/plain/?" + query) for query in queries[:5]]
        at_once = concurrently(lambda query: get_whole(address, "/plain/?" + query), queries)
    assert [headers["X-Scope"] for _, headers, _ in one_by_one] == queries[:5]
    assert [headers["X-Scope"] for _, headers, _ in at_once] == queries


def test_a_subclass_runs_its_own_step_beside_its_parent(phases, style):
    with daphne(phases, "phases:either", STYLE=style) as address:
        scopes = [
            get_whole(address, "/plain/?" + query)[1]["X-Scope"]
            for query in ("id=1", "tagged=2", "id=3", "tagged=4")
        ]
    assert scopes == [None, "tagged=2", None, "tagged=4"]


OVERRIDE = """
import phases
from django.core.handlers import base
from django.test.utils import override_settings

def once():
    scope = {"type": "http", "method": "GET", "path": "/plain/", "query_string": b"", "headers": []}
    handler = phases.AsgiHandler(scope)
    return handler.get_response(handler.request_class(scope, b"")).has_header("X-Phases")

found = [once()]
with override_settings(MIDDLEWARE=[]):
    found.append(once())
found.append(once())
print(found)
"""


def run(phases, code, cold=False, **environ):
    """What `code` prints, in a process of its own."""
    path = os.pathsep.join([str(phases), CHECKOUT])
    environ = dict(os.environ, PYTHONPATH=path, PYTHONWARNINGS="ignore", **environ)
    done = commands.run("-c", code, env=environ, cold=cold)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_override_settings_is_respected(phases):
    assert run(phases, OVERRIDE) == "[True, False, True]"


def test_without_the_patch_no_response_is_finished_after_the_first(phases):
    assert run(phases, OVERRIDE, **DISABLED) == "[True, False, False]"


CACHED = """
import phases
from unittest import mock
from django.core.handlers.base import BaseHandler

def loaded():
    scope = {"type": "http", "method": "GET", "path": "/plain/", "query_string": b"", "headers": []}
    with mock.patch.object(BaseHandler, "load_middleware", autospec=True,
                           side_effect=BaseHandler.load_middleware) as load:
        phases.AsgiHandler(scope)
        return load.called

found = [loaded(), loaded(), callable(phases.AsgiHandler._middleware_chain)]
del phases.AsgiHandler._middleware_chain
found.append(loaded())
phases.AsgiHandler._middleware_chain = None
print(found + [loaded(), loaded()])
"""


def test_the_chain_is_where_channels_keeps_it_and_can_be_reset_there(phases):
    assert run(phases, CACHED) == "[True, False, True, True, True, False]"


SWAPPED = """
import phases
from channels.http import AsgiRequest
from django.test.utils import override_settings

def scope(number):
    query = b"id=%d" % number
    return dict(type="http", method="GET", path="/plain/", query_string=query, headers=[])

def swap(get_response):
    return lambda request: get_response(AsgiRequest(request.scope, b""))

with override_settings(MIDDLEWARE=["__main__.swap", "phases.Traced"]):
    for number in range(3):
        handler = phases.Tagged(scope(number))
        response = handler.get_response(AsgiRequest(handler.scope, b""))
        print(response.status_code, response["X-Scope"], response["X-Phases"])
"""


def test_a_middleware_may_pass_on_another_request(phases):
    lines = run(phases, SWAPPED).splitlines()
    assert lines == ["200 id=%d qvr" % number for number in range(3)]


OTHER = """
import compat, compat.patching.import_hooks

def change(http):
    def load_middleware(self):
        {body}
    http.AsgiHandler.load_middleware = load_middleware
    change.made = load_middleware

compat.patching.import_hooks.when_imported("channels.http", change)
compat.install()
import channels.http
record = [r for r in compat.report() if r["name"] == "channels.request_finish"][0]
print(record["state"], channels.http.AsgiHandler.load_middleware is change.made)
"""


def test_a_channels_that_carries_every_list_needs_nothing(phases):
    body = "self._request_middleware, self._response_middleware"
    assert run(phases, OTHER.format(body=body), cold=True) == "not needed True"


def test_a_loader_that_is_not_channels_own_is_refused(phases):
    state = "refused" if applies("channels.request_finish") else "not needed"
    assert run(phases, OTHER.format(body="pass"), cold=True) == state + " True"
