"""
Offer the decorator `asyncio.coroutine` again, for coroutines written with `yield from`.
https://docs.python.org/3/whatsnew/3.11.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.11",
    symptom="an older library fails: module 'asyncio' has no attribute 'coroutine'",
)


@patch.when_imported("asyncio")
def repair(asyncio):
    import functools
    import inspect
    import types

    marker = getattr(asyncio.coroutines, "_is_coroutine", None)

    def coroutine(func):
        """What calling `func` gives can be awaited, whether it is a generator or a value."""
        if inspect.iscoroutinefunction(func):
            return func
        if inspect.isgeneratorfunction(func):
            wrapper = types.coroutine(func)
        else:

            @types.coroutine
            @functools.wraps(func)
            def wrapper(*args, **kwargs):
                result = func(*args, **kwargs)
                if inspect.isgenerator(result) or asyncio.isfuture(result):
                    result = yield from result
                elif inspect.isawaitable(result):
                    result = yield from result.__await__()
                return result

        wrapper._is_coroutine = marker  # asyncio.iscoroutinefunction() looks for it
        return wrapper

    patch.add(asyncio, "coroutine", coroutine)
    patch.add(asyncio.coroutines, "coroutine", coroutine)
