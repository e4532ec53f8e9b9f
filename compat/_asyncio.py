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


def start(loop, coroutine, tasks, logger, failure):
    """
    A task that `tasks` holds until it ends; where it fails, `failure` and why go to the log.

    The end of a process need not tell that it was running.
    """
    task = loop.create_task(coroutine)
    task._log_destroy_pending = False
    tasks.add(task)

    def done(task):
        tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.debug("%s: %s: %s", failure, type(error).__name__, error)

    task.add_done_callback(done)
    return task
