"""
Format what autobahn says about connections and frames only where somebody logs it.

It logs all at the level of debugging, which daphne's logs are not, but has coloured each word of it
by then; at each connection it lays out its 40 options, nicely.
https://github.com/crossbario/autobahn-python/blob/v24.4.2/autobahn/websocket/protocol.py#L1015
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a third of what a new WebSocket costs is text that nobody logs",
)


@patch.when_imported("autobahn.websocket.protocol")
@patch.when_imported("autobahn.twisted.websocket")
def repair(module):
    for name in ("hltype", "hlval"):
        stock = vars(module).get(name)
        if stock is not None:  # not in autobahn before 22
            patch.replace(module, name, later(stock))
    stock = vars(module).get("pformat")
    if stock is not None:
        patch.replace(module, "pformat", listed(stock))


def later(stock):
    def function(*args, **kwargs):
        return Later(stock, args, kwargs)

    return function


def listed(stock):
    def pformat(*args, **kwargs):
        # The options; anything else may be wanted as text.
        return (Later if type(args[0]) is list else call)(stock, args, kwargs)

    return pformat


def call(function, args, kwargs):
    return function(*args, **kwargs)


class Later(object):
    """A text that is made when somebody wants to see it."""

    __slots__ = ("function", "args", "kwargs")

    def __init__(self, function, args, kwargs):
        self.function, self.args, self.kwargs = function, args, kwargs

    def __str__(self):
        return self.function(*self.args, **self.kwargs)

    def __repr__(self):
        return repr(str(self))

    def __format__(self, form):
        return format(str(self), form)
