"""What replaces a function takes, has and is what the function did."""

import asyncio
import inspect
import sys
import traceback

import pytest

from compat.patching import signature
from compat.patching.patch import REFUSED, Patch
from compat.patching.signature import like

SENTINEL = object()


def plain(self, key, default=SENTINEL):
    """Its text."""


def starred(self, *values, **options):
    pass


def only(self, first, second=2, *rest, flag=True, **options):
    pass


def bare(first, *, flag, other=3):
    pass


def ours(name, make=None):  # the names that a forwarding function itself might use
    pass


def recorder(*args, **kwargs):
    return args, kwargs


SHAPES = [plain, starred, only, bare, ours]
if sys.version_info >= (3, 8):
    exec("def positional(first, second=1, /, third=2): pass")
    SHAPES.append(positional)  # noqa: F821
CALLS = [
    ((1, 2), {}),
    ((1, 2, 3), {}),
    ((1, 2, 3, 4, 5), {"flag": False, "more": 6}),
    ((1,), {"key": 2, "default": 3}),
    ((1,), {"flag": 2}),
    ((1,), {"flag": 2, "other": 4}),
    ((1,), {"second": 5}),
    ((), {"name": 1}),
    ((1,), {"third": 4}),
]


def seen(function):
    code = function.__code__
    flags = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_COROUTINE
    return (
        inspect.getfullargspec(function),
        inspect.signature(function),
        code.co_varnames[: code.co_argcount + code.co_kwonlyargcount],
        code.co_flags & (flags | inspect.CO_GENERATOR),
        function.__defaults__,
        function.__kwdefaults__,
        function.__name__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
    )


@pytest.mark.parametrize("stock", SHAPES, ids=lambda function: function.__name__)
def test_every_call_arrives_as_the_stock_would_have_it(stock):
    def replacement(*args, **kwargs):
        return recorder(*args, **kwargs)

    made = like(stock, replacement)
    assert seen(made) == seen(stock)
    assert made.__wrapped__ is stock
    calls = 0
    for args, kwargs in CALLS:
        try:
            bound = inspect.signature(stock).bind(*args, **kwargs)
        except TypeError:
            with pytest.raises(TypeError):
                made(*args, **kwargs)
            continue
        calls += 1
        bound.apply_defaults()
        got_args, got_kwargs = made(*args, **kwargs)
        again = inspect.signature(stock).bind(*got_args, **got_kwargs)
        again.apply_defaults()
        assert again.arguments == bound.arguments
    assert calls


def test_functions_of_one_shape_share_what_is_compiled(monkeypatch):
    def replacement(*args, **kwargs):
        return recorder(*args, **kwargs)

    def first(self, ours, *rest):
        pass

    def second(this, that, *more):
        pass

    def flagged(this, that, *more, flag=1):
        pass

    def marked(this, that, *more, mark=1):
        pass

    compiled = []
    monkeypatch.setattr(signature, "_templates", {})
    monkeypatch.setattr(
        signature, "compile", lambda *a: compiled.append(a) or compile(*a), raising=False
    )
    made = [like(stock, replacement) for stock in (second, first, second, plain, plain)]
    assert len(compiled) == 3  # `first` by itself: its argument may not be what calls ours
    for function, stock in zip(made, (second, first, second)):
        assert seen(function) == seen(stock)
        assert function(1, 2, 3) == ((1, 2, 3), {})
        assert function.__code__.co_name == stock.__name__
        assert function.__code__.co_filename.endswith("locals>.%s>" % stock.__name__)
        assert not set(function.__code__.co_freevars) & set(function.__code__.co_varnames)
    one, other = like(flagged, replacement), like(marked, replacement)
    assert one(1, 2, flag=3) == ((1, 2), {"flag": 3})
    assert other(1, 2, mark=3) == ((1, 2), {"mark": 3})


def test_no_function_is_put_between_where_the_arguments_are_the_same():
    def replacement(self, key, default=None):
        return default

    made = like(plain, replacement)
    assert made is replacement and made(1, 2) is SENTINEL
    assert seen(made) == seen(plain)
    assert like(plain, plain) is plain and not hasattr(plain, "__wrapped__")


def test_other_objects_stay_what_they_are():
    assert like(len, recorder) is recorder
    assert like(plain, len) is len
    assert like(3, recorder) is recorder


@pytest.mark.parametrize("kind", [staticmethod, classmethod])
def test_kinds_of_methods(kind):
    made = like(kind(plain), kind(recorder_of("static")))
    assert type(made) is kind and seen(made.__func__) == seen(plain)


def recorder_of(name):
    def replacement(*args, **kwargs):
        return name, args, kwargs

    return replacement


def test_properties():
    def get(self):
        """What the property says."""
        return 1

    def put(self, value):
        pass

    stock = property(get, put)
    made = like(stock, property(recorder_of("get"), recorder_of("put")))
    assert made.__doc__ == stock.__doc__ and made.fdel is None
    assert seen(made.fget) == seen(get) and seen(made.fset) == seen(put)
    assert made.fget(5) == ("get", (5,), {})


def test_coroutine_functions_and_generators():
    async def waits(self, name="x"):
        pass

    def yields(self):
        yield 1

    async def replacement(*args):
        await asyncio.sleep(0)
        return args

    made = like(waits, replacement)
    assert inspect.iscoroutinefunction(made) and seen(made) == seen(waits)
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(made(1)) == (1, "x")
    loop.close()

    made = like(yields, lambda *args: iter(args))
    assert inspect.isgeneratorfunction(made) and list(made(4)) == [4]


def test_attributes_of_the_stock_are_there_and_ours_stay():
    def stock(a):
        pass

    def replacement(*args):
        pass

    stock.csrf_exempt, stock.both = True, "stock"
    replacement.both = "ours"
    made = like(stock, replacement)  # a function between the two
    assert made.csrf_exempt is True and made.both == "ours"

    def alike(a):
        pass

    alike.both = "ours"
    made = like(stock, alike)
    assert made.csrf_exempt is True and made.both == "ours"


def test_an_error_is_told_with_the_line_in_ours():
    def replacement(*args):
        raise RuntimeError("here")

    with pytest.raises(RuntimeError) as caught:
        like(plain, replacement)(1, 2)
    text = "".join(traceback.format_tb(caught.tb))
    assert 'raise RuntimeError("here")' in text
    assert "<the arguments of %s.plain>" % __name__ in text


class Owner(object):
    def method(self, key, *, flag=False):
        return key, flag

    class Inner(object):
        pass


class Heir(Owner):
    pass


def a_patch():
    module = sys.modules[__name__]
    patch = Patch(__name__, package="python", versions="", symptom="")
    return patch, module


def test_a_patch_gives_the_look_to_all_that_it_puts_in_place(monkeypatch):
    stock = Owner.method
    monkeypatch.setattr(Owner, "method", stock)  # put back at the end
    patch, module = a_patch()
    patch.replace(Owner, "method", lambda self, *args, **kwargs: stock(self, *args, **kwargs))
    assert seen(Owner.method) == seen(stock) and Heir().method(1, flag=2) == (1, 2)
    patch.add(Heir, "method", lambda *args, **kwargs: "heir's")
    assert seen(Heir.method) == seen(stock) and Heir().method(1) == "heir's"
    del Heir.method
    patch.replace(Owner, "method", lambda self: "bare", as_it_is=True)
    assert Owner.method.__code__.co_varnames == ("self",)
    assert not hasattr(Owner.method, "__wrapped__")


@pytest.mark.parametrize("less", [lambda self: None, lambda self, key: None])
def test_a_replacement_that_takes_less_is_refused_and_nothing_changed(less):
    stock = Owner.method
    patch, module = a_patch()

    @patch.when_imported(__name__)
    def repair(_):
        patch.replace(Owner, "method", less)

    patch.arm()
    state, reason = patch.state()
    assert state == REFUSED and "takes fewer arguments" in reason
    assert Owner.method is stock
