"""ASGI_THREADS that is no number of threads, in a process that has imported nothing yet."""

import pytest

from tests.support.probe import probe, prove

NAME = "asgiref.wrong_threads"


def started():
    """As in uWSGI, daphne and manage.py: something of the site needs channels."""
    import os

    from channels.db import database_sync_to_async  # noqa: F401

    print(os.environ["ASGI_THREADS"])


@pytest.mark.parametrize("value", ["many", "0", ""])
def test_a_process_starts_all_the_same(value):
    prove(
        NAME, started, good=value, bad="ValueError", env={"ASGI_THREADS": value}, cold=True
    )  # fmt: skip


def each():
    import asyncio
    import importlib
    import os
    import sys

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    for value in ("many", "-1", "0", "1.5", "", " ", "3", " 7 "):
        os.environ["ASGI_THREADS"] = value
        loop._default_executor = None
        for name in [name for name in sys.modules if name.startswith("asgiref")]:
            del sys.modules[name]
        sync = importlib.import_module("asgiref.sync")
        assert os.environ["ASGI_THREADS"] == value and sync.sync_to_async
        print(getattr(loop._default_executor, "_max_workers", None), end=" ")


def test_what_is_a_number_stays_asgirefs():
    found = probe(each, cold=True, patch=NAME)
    assert found.said == "None None None None None None 3 7", found.error
    told = found.error.splitlines()
    # A line for each that is wrong; without a value, nothing was said.
    assert [line.partition(":")[0] for line in told] == [
        "ASGI_THREADS='%s'" % value for value in ("many", "-1", "0", "1.5")
    ]
    assert all("expected a whole number of threads, 1 or more" in line for line in told)


def test_it_is_not_needed_without_the_variable():
    def code():
        import asgiref.sync

        print(asgiref.sync.SyncToAsync.__name__)

    found = probe(code, cold=True, patch=NAME)
    assert (found.said, found.states[NAME]) == ("SyncToAsync", "not needed")
