"""
Offer `asyncio.Task.current_task()` and `all_tasks()` again.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch
from ._c_class import add_method

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: '_asyncio.Task' has no attribute 'current_task'",
)


@patch.when_imported("asyncio")
def repair(asyncio):
    def current_task(cls, loop=None):
        """The task that runs in the loop, None when none does."""
        return asyncio.current_task(loop or asyncio.get_event_loop())

    def all_tasks(cls, loop=None):
        """The tasks of the loop that are not done, as a set."""
        return asyncio.all_tasks(loop or asyncio.get_event_loop())

    for function in (current_task, all_tasks):
        add_method(patch, asyncio.Task, classmethod(function), function.__name__)
