"""Small helpers for asyncio tasks on every supported Python."""

import asyncio


def current_task():
    """The task that runs now, or None."""
    function = getattr(asyncio, "current_task", None) or asyncio.Task.current_task
    return function()


def is_current(task):
    """Whether `task` is the one that runs now."""
    return current_task() is task


def all_tasks(loop):
    """Every task of the loop that has not ended."""
    function = getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks
    return [task for task in function(loop) if not task.done()]


async def end_task(task):
    """Cancel a task and wait for its end; wait_for() may swallow a cancellation: ask again."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.5)
