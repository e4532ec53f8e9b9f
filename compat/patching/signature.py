"""
Give what replaces a function the look of what it replaces.

Sites look at more than `inspect.signature()`: at the names in `__code__`, the defaults, the name,
the docstring, the kind. Nothing is loaded for it: it runs in every process.
"""

import builtins

FUNCTION = type(lambda: None)
VARARGS, VARKEYWORDS = 4, 8  # of co_flags
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200
KIND = GENERATOR | COROUTINE | ASYNC_GENERATOR
# How a function of that kind hands on a call.
CALLS = {COROUTINE: "return await {}", GENERATOR: "return (yield from {})"}
_templates = {}  # (layout, names of the arguments, name of what they are handed to) → template()


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
    code, found = stock.__code__, names(stock.__code__)
    only = found[code.co_argcount :][: code.co_kwonlyargcount]
    if not takes(ours.__code__, code.co_argcount, only):
        raise TypeError("%s() takes fewer arguments than what it replaces" % ours.__name__)
    target = "ours"
    while target in code.co_varnames or target == stock.__name__:
        target += "_"
    # What is handed on by position may have any name: one compilation does for all of a shape.
    generic = found if only else tuple("_%d" % place for place in range(len(found)))
    shape = layout(code)[1:] + (generic, target)
    if shape not in _templates:
        _templates[shape] = template(*shape)
    made = _templates[shape](ours)
    # The next frame of a traceback is in a file.
    place = "<the arguments of %s.%s>" % (stock.__module__, stock.__qualname__)
    namespace = {"__name__": ours.__module__, "__builtins__": builtins}
    code = renamed(made.__code__, stock.__name__, place, found)
    return FUNCTION(code, namespace, stock.__name__, None, made.__closure__)


def template(counts, flags, found, target):
    """What makes a function with arguments of that layout from the one that gets them."""
    (count, positional, keyword_only), found = counts, list(found)
    plain, found = found[:count], found[count:]
    only, found = found[:keyword_only], found[keyword_only:]
    parameters, arguments = list(plain), list(plain)
    if positional:
        parameters.insert(positional, "/")
    if flags & VARARGS:
        parameters.append("*" + found[0])
        arguments.append(parameters[-1])
    elif only:
        parameters.append("*")
    parameters += only
    arguments += ["%s=%s" % (name, name) for name in only]
    if flags & VARKEYWORDS:
        parameters.append("**" + found[-1])
        arguments.append(parameters[-1])
    source = "def make({target}):\n {define} forward({parameters}): {call}\n return forward".format(
        target=target,
        define="async def" if flags & COROUTINE else "def",
        parameters=", ".join(parameters),
        call=CALLS.get(flags & KIND, "return {}").format("%s(%s)" % (target, ", ".join(arguments))),
    )
    namespace = {}
    exec(compile(source, "<the arguments of a stock function>", "exec"), namespace)  # noqa: S102
    return namespace["make"]


def renamed(code, name, filename, variables):
    """The same code with other names."""
    if hasattr(code, "replace"):  # since 3.8
        return code.replace(co_name=name, co_filename=filename, co_varnames=variables)
    return type(code)(
        code.co_argcount,
        code.co_kwonlyargcount,
        code.co_nlocals,
        code.co_stacksize,
        code.co_flags,
        code.co_code,
        code.co_consts,
        code.co_names,
        variables,
        filename,
        name,
        code.co_firstlineno,
        code.co_lnotab,
        code.co_freevars,
        code.co_cellvars,
    )
