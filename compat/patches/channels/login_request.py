"""
Hand the receivers of a login or logout over a socket a request that is made of its scope.

channels.auth sends user_logged_in and user_logged_out with request=None. Receivers that note the
client's address, or look at the session, raise AttributeError then: the session is written, the
consumer fails, and a logout does not happen at all. What they get has the handshake's headers,
address, path and cookies, the session and the user, and no body.
https://github.com/django/channels/blob/2.1.4/channels/auth.py#L101
"""

import functools

from ...patching.patch import Patch, code_of

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<=4.3.2",
    requires={"django": ">=1.11,<3.0"},
    symptom="login() in a consumer fails where a receiver of user_logged_in uses its request",
)

SCHEMES = {"ws": "http", "wss": "https"}


@patch.when_imported("channels.auth")
def repair(auth):
    import threading

    current = threading.local()
    for name, signal in (("login", "user_logged_in"), ("logout", "user_logged_out")):
        function = getattr(auth, name)
        code = code_of(vars(function).get("func"))
        patch.expect(
            code and code.co_varnames[:1] == ("scope",) and signal in code.co_names,
            "%s() is different" % name,
        )
        patch.replace(auth, signal, WithRequest(getattr(auth, signal), current))
        patch.replace(function, "func", with_scope(function.func, current))


def with_scope(stock, current):
    """login() or logout(), whose scope the signal finds: it is sent in the same thread."""

    @functools.wraps(stock)
    def function(scope, *args, **kwargs):
        outer, current.scope = getattr(current, "scope", None), scope
        try:
            return stock(scope, *args, **kwargs)
        finally:
            current.scope = outer

    return function


class WithRequest(object):
    """A signal as channels.auth sends it."""

    def __init__(self, signal, current):
        self.signal = signal
        self.current = current

    def __getattr__(self, name):
        return getattr(self.signal, name)

    def send(self, sender, request=None, **named):
        if request is None:
            request = request_of(self.current.scope)
        return self.signal.send(sender=sender, request=request, **named)


def request_of(scope):
    """A request that looks like the one with which a socket was opened."""
    from channels.http import AsgiRequest

    query = scope.get("query_string", b"")
    whole = dict({"path": "/", "method": "GET", "headers": []}, **scope)
    whole["scheme"] = SCHEMES.get(scope.get("scheme"), scope.get("scheme") or "http")
    if isinstance(query, bytes):
        whole["query_string"] = query.decode("utf-8", "replace")
    request = AsgiRequest(whole, b"")
    request.session, request.user = scope["session"], scope.get("user")
    return request
