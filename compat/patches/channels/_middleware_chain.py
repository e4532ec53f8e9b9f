"""One chain of Django's middleware for each handler class of channels, bound to no request."""

import threading
import weakref

# What BaseHandler.load_middleware sets.
CHAIN = (
    "_request_middleware",
    "_view_middleware",
    "_template_response_middleware",
    "_response_middleware",
    "_exception_middleware",
    "_middleware_chain",
)


def share(patch, http):
    """Let every handler of a class share the class's chain. `http` is the module channels.http."""
    handler = http.AsgiHandler
    stock = vars(handler).get("load_middleware")
    patch.expect(
        getattr(stock, "__module__", None) == http.__name__
        and CHAIN[-1] in stock.__code__.co_names,
        "AsgiHandler.load_middleware is not channels' own",
    )
    patch.expect(
        handler.__mro__[1] is http.base.BaseHandler, "AsgiHandler is not a plain BaseHandler"
    )
    chains = Chains(http.base.BaseHandler)

    def load_middleware(self):
        """Share the middleware chain of this class, made on its first request."""
        for name, value in chains.of(type(self)).items():
            # A copy: a subclass may extend its lists after calling this.
            setattr(self, name, list(value) if isinstance(value, list) else value)
        self._middleware_chain = Entrance(self)

    patch.replace(handler, "load_middleware", load_middleware)
    http.signals.setting_changed.connect(chains.forget, weak=False, dispatch_uid=__name__)


class Entrance(object):
    """Where one request enters its class's chain: notes on the request who is handling it."""

    __slots__ = ("handler", "chain")

    def __init__(self, handler):
        self.handler = weakref.ref(handler)  # no cycle: a finished request is freed at once
        self.chain = handler._middleware_chain

    def __call__(self, request):
        outer = getattr(current, "handler", None)
        request._asgi_handler = current.handler = self.handler()
        try:
            return self.chain(request)
        finally:
            current.handler = outer


# The thread's own, for a middleware that passes on a request of its own making.
current = threading.local()


def handler_of(request):
    """The handler of this request."""
    return getattr(request, "_asgi_handler", None) or current.handler


class Chains(object):
    """Middleware chains, one per handler class, each serving every instance of its class."""

    def __init__(self, base):
        self.base = base
        self.by_class = weakref.WeakKeyDictionary()  # class → {attribute: value}
        self.lock = threading.RLock()

    def of(self, cls):
        """The chain's attributes for a handler class."""
        with self.lock:  # middleware is constructed once, whoever comes first
            chain = self.by_class.get(cls)
            # Where channels keeps it, and where tests of sites reset it.
            if chain is None or vars(cls).get(CHAIN[-1]) is not chain[CHAIN[-1]]:
                chain = self.by_class[cls] = self.build(cls)
                setattr(cls, CHAIN[-1], chain[CHAIN[-1]])
        return chain

    def build(self, cls):
        """Run Django's own loader on a stand-in whose innermost steps ask the request for its
        handler: nothing of any one request ends up in the chain."""
        stand_in = object.__new__(cls)
        stand_in._get_response = lambda request: handler_of(request)._get_response(request)
        stand_in._legacy_get_response = lambda request: handler_of(request)._legacy_get_response(
            request
        )
        self.base.load_middleware(stand_in)
        return {name: vars(stand_in)[name] for name in CHAIN}

    def forget(self, **kwargs):
        """A setting was overridden in a test: build the chains anew."""
        with self.lock:
            self.by_class.clear()
