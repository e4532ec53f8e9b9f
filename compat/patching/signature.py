"""
Give what replaces a function the look of what it replaces.

Sites look at more than `inspect.signature()`: at the names in `__code__`, the defaults, the name,
the docstring, the kind. No imports here: this runs in processes that import next to nothing.
"""

FUNCTION = type(lambda: None)
VARARGS, VARKEYWORDS = 4, 8  # of co_flags
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200
KIND = GENERATOR | COROUTINE | ASYNC_GENERATOR
# How a function of that kind hands on a call.
CALLS = {COROUTINE: "return await {}", GENERATOR: "return (yield from {})"}


def like(stock, ours):
    """
    `ours`, to be put where `stock` was: the same arguments, names and kind to whoever looks.

    Functions, and those in a classmethod, a staticmethod or a property of the same kind; anything
    else comes back as it is. Where the arguments of `ours` are other than those of `stock`, as
    `*args, **kwargs` are, a small function with the stock's own calls it.
    """
    if type(stock) is not type(ours):
        return ours
    if type(stock) is FUNCTION:
        return function_like(stock, ours)
    if type(stock) in (classmethod, staticmethod):
        return type(stock)(like(stock.__func__, ours.__func__))
    if type(stock) is property:
        both = ((getattr(stock, name), getattr(ours, name)) for name in ("fget", "fset", "fdel"))
        return property(*(like(one, other) for one, other in both), doc=stock.__doc__)
    return ours


def function_like(stock, ours):
    """like() for two functions."""
    if ours is stock:
        return ours
    if layout(stock.__code__) != layout(ours.__code__):
        attributes = vars(ours)
        ours = forwarding(stock, ours)
        vars(ours).update(attributes)
    ours.__defaults__ = stock.__defaults__
    ours.__kwdefaults__ = stock.__kwdefaults__ and dict(stock.__kwdefaults__)
    ours.__annotations__ = stock.__annotations__
    called_like(stock, ours)
    for name, value in vars(stock).items():
        vars(ours).setdefault(name, value)
    ours.__wrapped__ = stock
    return ours


def called_like(stock, ours):
    """Give a function, or a class whose instances nobody pickles, the stock's names and text."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(ours, name, getattr(stock, name))
    return ours


def layout(code):
    """Names and kinds of a function's arguments, and what calling it makes."""
    flags = code.co_flags & (VARARGS | VARKEYWORDS | KIND)
    counts = code.co_argcount, getattr(code, "co_posonlyargcount", 0), code.co_kwonlyargcount
    return names(code), counts, flags


def names(code):
    """The arguments of a function in the order of their declaration, *args and **kwargs last."""
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & VARARGS) + bool(code.co_flags & VARKEYWORDS)
    return code.co_varnames[:count]


def takes(code, positional, keywords):
    """Whether a function can be handed so many arguments and these keywords."""
    if not (code.co_flags & VARKEYWORDS or set(keywords) <= set(names(code))):
        return False
    return code.co_flags & VARARGS or positional <= code.co_argcount


def forwarding(stock, ours):
    """A function with the arguments of `stock` that hands them to `ours`, by position if it can."""
    code = stock.__code__
    found = list(names(code))
    plain, found = found[: code.co_argcount], found[code.co_argcount :]
    only, found = found[: code.co_kwonlyargcount], found[code.co_kwonlyargcount :]
    parameters, arguments = list(plain), list(plain)
    positional = getattr(code, "co_posonlyargcount", 0)
    if positional:
        parameters.insert(positional, "/")
    if code.co_flags & VARARGS:
        parameters.append("*" + found[0])
        arguments.append(parameters[-1])
    elif only:
        parameters.append("*")
    parameters += only
    arguments += ["%s=%s" % (name, name) for name in only]
    if code.co_flags & VARKEYWORDS:
        parameters.append("**" + found[-1])
        arguments.append(parameters[-1])

    if not takes(ours.__code__, len(plain), only):
        raise TypeError("%s() takes fewer arguments than what it replaces" % ours.__name__)
    target = "ours"
    while target in code.co_varnames or target == stock.__name__:
        target += "_"
    name = stock.__name__ if stock.__name__.isidentifier() else "forward"
    source = "def make({target}):\n {define} {name}({parameters}): {call}\n return {name}".format(
        target=target,
        define="async def" if code.co_flags & COROUTINE else "def",
        name=name,
        parameters=", ".join(parameters),
        call=CALLS.get(code.co_flags & KIND, "return {}").format(
            "%s(%s)" % (target, ", ".join(arguments))
        ),
    )
    namespace = {"__name__": ours.__module__}
    # The next frame of a traceback is in a file.
    place = "<the arguments of %s.%s>" % (stock.__module__, stock.__qualname__)
    exec(compile(source, place, "exec"), namespace)  # noqa: S102
    return namespace["make"](ours)
