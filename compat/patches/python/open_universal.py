"""
Open a file with "U" in its mode again, as in `open(path, "rU")`: text is read like that anyway.
https://docs.python.org/3/whatsnew/3.11.html#changes-in-the-python-api
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.11",
    symptom="older code fails: ValueError: invalid mode: 'rU'",
)


def without_u(mode):
    """The mode as it is written now; None for one that was wrong before as well."""
    if not isinstance(mode, str) or mode.count("U") != 1 or set(mode) & set("wax+"):
        return None
    rest = mode.replace("U", "")
    return rest if "r" in rest else "r" + rest


class Open(object):
    """
    The stock function, asked first; what it refuses because of a "U" is opened without.

    No function: one that is an attribute of a class would become a method, which open() does not.
    """

    __slots__ = ("_stock", "__weakref__")

    def __init__(self, stock):
        self._stock = stock

    @property
    def __class__(self):
        return self._stock.__class__

    @property
    def __doc__(self):
        return self._stock.__doc__

    @property
    def __module__(self):
        return self._stock.__module__

    def __getattr__(self, name):
        return getattr(self._stock, name)

    def __repr__(self):
        return repr(self._stock)

    def __reduce__(self):
        return self._stock.__reduce__()

    def __call__(self, *args, **kwargs):
        try:
            return self._stock(*args, **kwargs)
        except ValueError:
            mode = args[1] if len(args) > 1 else kwargs.get("mode")
            allowed = without_u(mode)
            if allowed is None:
                raise
        say(3)
        if len(args) > 1:
            args = (args[0], allowed) + args[2:]
        else:
            kwargs["mode"] = allowed
        file = self._stock(*args, **kwargs)
        if "b" not in allowed:
            file.mode = mode  # as it was
        return file


def say(stacklevel):
    """The warning of Python 3.10, for whoever called our caller."""
    import warnings

    warnings.warn("'U' mode is deprecated", DeprecationWarning, stacklevel)


@patch.when_imported("builtins")
def repair(builtins):
    import _io
    import io

    ours = Open(builtins.open)
    for module in (builtins, io, _io):  # one and the same in all three
        patch.expect(module.open is ours._stock, "open() is not io.open()")
    for module in (builtins, io, _io):
        patch.replace(module, "open", ours)


@patch.when_imported("fileinput")
def repair_fileinput(fileinput):
    stock = fileinput.FileInput.__init__

    def __init__(self, *args, **kwargs):
        if kwargs.get("mode") in ("U", "rU"):
            say(4)
            kwargs["mode"] = "r"
        stock(self, *args, **kwargs)

    patch.replace(fileinput.FileInput, "__init__", __init__)
