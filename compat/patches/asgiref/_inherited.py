"""A value that asyncio tasks inherit from the code that starts them."""

import sys
import threading
import weakref

_variables = []


def variable(name):
    """A ContextVar whose default is None, or before Python 3.7 what can stand in for one."""
    if sys.version_info >= (3, 7):
        from contextvars import ContextVar

        return ContextVar(name, default=None)
    _variables.append(TaskVar())
    return _variables[-1]


def carried(coroutine):
    """The coroutine to give to another thread's loop, so that it inherits this thread's values."""
    for one in _variables:
        coroutine = one.carried(coroutine)
    return coroutine  # since Python 3.7 the loop's call_soon_threadsafe() sees to it


def running_task():
    import asyncio

    from ..._asyncio import current_task

    return current_task() if asyncio._get_running_loop() is not None else None


class TaskVar(object):
    """`get`, and in a thread that runs no loop also `set` and `reset`, like a ContextVar's."""

    def __init__(self):
        self.by_task = weakref.WeakKeyDictionary()
        self.of_thread = threading.local()

    def get(self):
        task = running_task()
        if task is None:
            return getattr(self.of_thread, "value", None)
        return self.by_task.get(task)

    def set(self, value):
        outer = getattr(self.of_thread, "value", None)
        self.of_thread.value = value
        return outer

    def reset(self, token):
        self.of_thread.value = token

    def carried(self, coroutine):
        return self._run(self.get(), coroutine)

    async def _run(self, value, coroutine):
        task = running_task()
        self.by_task[task] = value
        loop = task._loop
        factory = loop.get_task_factory()
        if getattr(factory, "variable", None) is not self:
            loop.set_task_factory(Factory(self, factory))
        return await coroutine


class Factory(object):
    """A loop's task factory that hands the creator's value to the new task."""

    def __init__(self, variable, inner):
        self.variable, self.inner = variable, inner

    def __call__(self, loop, coroutine):
        import asyncio

        value = self.variable.get()
        if self.inner is None:
            task = asyncio.Task(coroutine, loop=loop)
        else:
            task = self.inner(loop, coroutine)
        if value is not None:
            self.variable.by_task[task] = value
        return task
