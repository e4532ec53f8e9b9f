"""For channels consumers that know more than the session about who may stay connected."""

from typing import Any, Dict, List, Tuple

from .. import close_codes
from .interface import in_order
from .recheck import KEY, OpenSocket
from .session_check import answer, users_now

__all__ = ["RecheckMixin", "SignedOut", "WatchedMixin"]


class SignedOut(Exception):
    """Whoever opened the socket has no session any more, or no account."""


class RecheckMixin:
    """
    A consumer whose socket is closed when its user is signed out, or may not stay; list it first.

    Behind guard() or without, as long as "user" is in the scope. Override may_stay(), or
    dismissals() where one query can answer for many sockets. Close codes: SIGNED_OUT,
    FORBIDDEN.
    """

    scope: Dict[str, Any]  # channels' consumers set it
    _checked: Any = None

    def may_stay(self, user: Any) -> bool:
        """
        Whether `user`, who is read anew, may stay connected. In a thread; may query.

        No, where it raises something else than the database's errors.
        """
        return True

    @classmethod
    def dismissals(cls, members: List[Tuple[Any, Any]]) -> Dict[Any, int]:
        """{consumer: close code} of those of [(consumer, user)] that may not. In a thread."""
        if cls.may_stay is RecheckMixin.may_stay:
            return {}
        return {
            consumer: close_codes.FORBIDDEN
            for consumer, user in members
            if not answer(False, consumer.may_stay, user)
        }

    def user_now(self) -> Any:
        """
        The user as of now, read anew; SignedOut is raised for one who is not any more. In a thread.

        AnonymousUser, where there is nobody in the scope; None on a site without users.
        """
        checked = self._checked
        if checked is None or checked.user is None:
            from django.apps import apps

            if not apps.is_installed("django.contrib.auth"):
                return None
            from django.contrib.auth.models import AnonymousUser

            return AnonymousUser()
        user = users_now([checked])[checked]
        if user is None:
            raise SignedOut()
        return user

    async def dismissed(self, code: int) -> None:
        """Close the socket; override to say something before."""
        await self._end_socket({"type": "websocket.close", "code": code})

    def rechecked(self) -> None:
        """Called on the event loop after a check that the socket has passed."""

    async def __call__(self, *events: Any, **named: Any) -> None:
        events = in_order(events, named)  # in channels 2 without the scope
        scope = events[0] if len(events) == 3 else self.scope
        self._end_socket = events[-1]
        checked = scope.get(KEY)
        if checked is None:
            checked = OpenSocket(self.dismissed)
        self._checked = checked
        # The guard's is there already, and has begun.
        checked.consumer = self
        checked.start(scope)
        try:
            await super().__call__(*events)  # type: ignore[misc]
        finally:
            checked.consumer = None
            checked.stop()


WatchedMixin = RecheckMixin  # until 0.2, for sites that have written it
