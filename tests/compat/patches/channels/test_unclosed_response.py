"""Over real sockets: what streams that fail leave open."""

import contextlib

import pytest

from tests.support.daphne import daphne
from tests.support.wait import wait_until

from .clients import ask, copy_site
from .clients import request as open_request

# The other one closes what idle threads have open.
DISABLED = {"COMPAT_DISABLE": "channels.unclosed_response,asgiref.idle_connections"}


@pytest.fixture
def site(tmp_path):
    return copy_site("responses.py", tmp_path)


@pytest.fixture(params=["/failing/", "/unsendable/"])
def path(request):
    return request.param


@contextlib.contextmanager
def failed(site, path, **environ):
    """A daphne on which three streams have failed, each with its database connection."""
    with daphne(site, "responses:application", ASGI_THREADS="4", **environ) as address:
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(open_request(address, path))
            yield address


def test_a_response_that_fails_is_closed_once_and_its_database_connection_too(site, path):
    with failed(site, path) as address:
        wait_until(lambda: ask(address, "/handles/") == 0)
        wait_until(lambda: ask(address, "/told/").count("response closed") >= 3)
        assert sorted(ask(address, "/told/")) == ["failed"] * 3 + ["response closed"] * 3


def test_without_the_patch_both_stay_open(site, path):
    with failed(site, path, **DISABLED) as address:
        assert ask(address, "/handles/") >= 2  # the thread that answers has closed its own
        assert ask(address, "/told/") == ["failed"] * 3
