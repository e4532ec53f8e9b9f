"""Loops of a test's own, and a database that notifies."""

import asyncio

import pytest
from django.db import connections

from compat.channel_layer import listening, notify, postgresql_subscriber
from tests.support.wait import wait_until

from .notified import Database


@pytest.fixture
def run():
    """run(coroutine) on a loop of the test's own; nothing may be left on it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield lambda coroutine: loop.run_until_complete(asyncio.wait_for(coroutine, 60))
    tasks = getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks
    left = [task for task in tasks(loop) if not task.done()]
    loop.close()
    asyncio.set_event_loop(None)
    assert not left


@pytest.fixture
def says(settings, monkeypatch):
    """says(way) chooses how notifications travel."""
    monkeypatch.setattr(notify, "_throttles", {})

    def choose(way):
        settings.STREAMS_NOTIFICATIONS = way

    return choose


@pytest.fixture
def database(postgresql, says, django_db_blocker, monkeypatch):
    """A Database that the site of this process uses, with notifications by it."""
    one = Database(postgresql)
    says("postgresql")
    monkeypatch.setattr(postgresql_subscriber, "JOIN_SECONDS", 30)  # on a busy machine
    before, connection = connections.databases["default"], connections["default"]
    with django_db_blocker.unblock():
        connections.databases["default"] = dict(one.settings)
        del connections["default"]
        try:
            yield one
        finally:
            if listening._current is not None:
                listening.goodbye(listening._current)  # of a test that failed
            connections["default"].close()
            connections.databases["default"] = before
            connections["default"] = connection
    wait_until(lambda: not one.listeners(), what="the end of what listens")
