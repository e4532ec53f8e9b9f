"""Wrapping a method that asgiref runs in a thread."""

import copy
import functools


def wrap_threaded(patch, owner, name, wrapper):
    """Wrap what the `sync_to_async` method `owner.name` runs, not the call: in its thread."""
    stock = vars(owner).get(name)
    function = getattr(stock, "func", None)
    patch.expect(callable(function), "%s.%s() does not run in a thread" % (owner.__name__, name))
    ours = copy.copy(stock)  # with its executor, and whatever else it was made with
    ours.func = functools.wraps(function)(wrapper(function))
    patch.replace(owner, name, ours)
