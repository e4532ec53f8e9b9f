"""
How ASGI applications are called: application(scope)(receive, send) by channels 2, and
application(scope, receive, send) by later ones. Code that is written with this runs with either.
"""

import functools
from typing import Any, Callable, Dict, Tuple

import channels

SINGLE = int(channels.__version__.split(".")[0]) >= 3

Instance = Callable[..., Any]  # of one connection: called with receive and send


def instance(application: Callable[..., Any], scope: Dict[str, Any]) -> Instance:
    """What `application` is for one connection."""
    return functools.partial(application, scope) if SINGLE else application(scope)


def consumer(of: Any) -> Callable[..., Any]:
    """A consumer's class as an application."""
    return of.as_asgi() if SINGLE else of


def in_order(events: Tuple[Any, ...], named: Dict[str, Any]) -> Tuple[Any, ...]:
    """([scope,] receive, send) of a call; daphne names them."""
    return events + tuple(named[name] for name in ("scope", "receive", "send") if name in named)


class Middleware:
    """Called in both ways; a subclass has instance(scope)."""

    def __call__(self, scope: Dict[str, Any], *events: Any, **named: Any) -> Any:
        run, events = self.instance(scope), in_order(events, named)
        return run(*events) if events else run

    def instance(self, scope: Dict[str, Any]) -> Instance:
        raise NotImplementedError
