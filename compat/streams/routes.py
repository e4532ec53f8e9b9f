"""
Who may follow which stream, said once for every way to follow them::

    def may_follow(user, uid):
        return user.has_perm("deploy.follow") and Service.objects.filter(uid=uid).exists()

    routes = [StreamRoute("news", anybody), StreamRoute("deploy:{uid}", may_follow)]

The functions are called in a thread and may query. They are asked when somebody begins to follow,
and again whenever open sockets are checked (SOCKETS_RECHECK_SECONDS, and at a logout).
"""

import inspect
import re
from functools import partial
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from ..sockets.session_check import answer

FIELD = re.compile(r"\{([^{}]*)\}")


def anybody(user: Any, **fields: str) -> bool:
    """For StreamRoute: everybody may, also who is not signed in."""
    return True


def signed_in(user: Any, **fields: str) -> bool:
    """For StreamRoute: who is signed in may."""
    return bool(getattr(user, "is_authenticated", False))


class StreamRoute:
    """
    The streams whose names fit a pattern, and who may follow them.

    In `pattern` a {field} stands for one or more characters other than ":", a {field*} for any
    characters. `may_follow(user, **fields)` says whether the user may; no, where it raises
    something else than the database's errors. With `many` it is asked for many at once:
    may_follow([(user, fields), …]) returns an answer for each, in a list.

    With `presence` its readers are counted, and told who is here if they ask for it; True, or a
    function(user, **fields) that returns what others are shown of a user (JSON, or None).

    With `lists` a client may follow all of them that begin alike, "deploy:*"; see lists.py.
    """

    def __init__(
        self,
        pattern: str,
        may_follow: Callable[..., Any],
        many: bool = False,
        presence: Any = False,
        lists: bool = False,
    ) -> None:
        self.pattern = pattern
        self.may_follow = may_follow
        self.many = many
        self.presence = presence
        self.lists = lists
        self.expression = _compiled(pattern)
        fields = list(self.expression.groupindex)
        _check_callable(self, "may_follow", may_follow, fields, many)
        if presence is not True and presence is not False:
            _check_callable(self, "presence", presence, fields)

    def fields(self, name: str) -> Optional[Dict[str, str]]:
        """What the fields stand for in that name; None if it does not fit."""
        found = self.expression.match(name)
        return None if found is None else found.groupdict()

    def may_list(self, prefix: str) -> bool:
        """Whether a client may ask for all that begin so: at least as the pattern does."""
        return self.lists and prefix.startswith(self.pattern.partition("{")[0])

    def __repr__(self) -> str:
        return f"StreamRoute({self.pattern!r})"


Asked = Tuple[StreamRoute, Any, str, Dict[str, str]]  # route, user, name of a stream, its fields


def check_routes(routes: Any) -> Tuple[StreamRoute, ...]:
    """The routes as a tuple; TypeError for what are none."""
    if not isinstance(routes, (list, tuple)):
        raise TypeError(f"routes must be a list of StreamRoute, not {type(routes).__name__}")
    for route in routes:
        if not isinstance(route, StreamRoute):
            raise TypeError(f"routes must be a list of StreamRoute, not of {route!r:.60}")
    return tuple(routes)


def find(routes: Iterable[StreamRoute], name: str) -> Optional[Tuple[StreamRoute, Dict[str, str]]]:
    """The first route that the name fits, and what its fields stand for; None if there is none."""
    for route in routes:
        fields = route.fields(name)
        if fields is not None:
            return route, fields
    return None


def answers(asked: Sequence[Asked]) -> List[bool]:
    """
    Whether each may. In a thread; raises what the database does.

    Nobody is asked about twice, and a route with `many` only once.
    """
    said: Dict[Any, bool] = {}
    questions: Dict[StreamRoute, Dict[Any, Tuple[Any, Dict[str, str]]]] = {}
    keys = []
    for route, user, name, fields in asked:
        key = route, getattr(user, "pk", None), name
        keys.append(key)
        questions.setdefault(route, {}).setdefault(key, (user, fields))
    for route, mine in questions.items():
        if route.many:
            said.update(zip(mine, _ask_many(route, list(mine.values()))))
        else:
            for key, (user, fields) in mine.items():
                said[key] = _yes(answer(False, partial(route.may_follow, user, **fields)))
    return [said[key] for key in keys]


def _ask_many(route: StreamRoute, questions: List[Tuple[Any, Dict[str, str]]]) -> List[bool]:
    def ask() -> List[Any]:
        found = list(route.may_follow(questions))
        if len(found) != len(questions):
            raise ValueError(f"{len(found)} answers to {len(questions)} questions of {route!r}")
        return found

    said = answer([False] * len(questions), ask)
    return [_yes(one) for one in said]


def _yes(said: Any) -> bool:
    if inspect.isawaitable(said):  # and true, whatever it would say
        if inspect.iscoroutine(said):
            said.close()
        return False
    return bool(said)


def _compiled(pattern: Any) -> Any:
    """The pattern as a regular expression for the whole name; ValueError says what is wrong."""
    if not isinstance(pattern, str) or not pattern:
        raise ValueError(f"the pattern of a route must be a text, not {pattern!r:.60}")
    parts = FIELD.split(pattern)
    expression, seen = "", set()
    for number, part in enumerate(parts):
        if number % 2 == 0:
            if "{" in part or "}" in part:
                raise ValueError(f"the pattern {pattern!r} has a brace without its other half")
            if not part and 0 < number < len(parts) - 1:
                raise ValueError(f"the pattern {pattern!r} has two fields with nothing between")
            expression += re.escape(part)
            continue
        name, what = (part[:-1], ".+") if part.endswith("*") else (part, "[^:]+")
        if not name.isidentifier() or name == "user":
            raise ValueError(f"the pattern {pattern!r} has a field that is no name: {{{part}}}")
        if name in seen:
            raise ValueError(f"the pattern {pattern!r} has {{{name}}} twice")
        seen.add(name)
        expression += f"(?P<{name}>{what})"
    return re.compile(expression + r"\Z")


def _check_callable(
    route: StreamRoute, what: str, function: Any, names: List[str], many: bool = False
) -> None:
    """TypeError for a function that could not be asked: now, and not at the first client."""
    if not callable(function):
        needs = "a function that says who may follow"
        if what == "presence":
            needs = "True, False or a function as its presence"
        raise TypeError(f"{route!r} needs {needs}")
    asynchronous = inspect.iscoroutinefunction
    if asynchronous(function) or asynchronous(type(function).__call__):
        raise TypeError(f"{route!r}: {what} is called in a thread and cannot be async")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of something in C
        return
    try:
        if many:
            signature.bind([])
        else:
            signature.bind(None, **dict.fromkeys(names, ""))
    except TypeError as error:
        wanted = "a list" if many else ", ".join(["user"] + names)
        raise TypeError(f"{route!r}: {what} must take {wanted} ({error})") from None
