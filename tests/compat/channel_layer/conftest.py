"""Loops of a test's own."""

import asyncio

import pytest


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
