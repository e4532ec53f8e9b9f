"""Who is at the other end of a socket, asked again while the socket stays open."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth.models import AnonymousUser

from deploy.permissions import may_on_socket


class Visitor(object):
    """The user of an ASGI scope. All of it touches the database: call it in a thread."""

    def __init__(self, scope):
        self._user = scope.get("user") or AnonymousUser()
        session = scope.get("session")
        # Who came with something else than a session (a token, say) is looked up by key instead.
        self._session_key = None
        if session is not None and SESSION_KEY in session:
            self._session_key = session.session_key

    def may(self, action, uid):
        """Answer as of the handshake; see may_on_socket() for what comes back."""
        return may_on_socket(self._user, action, uid)

    def still_may(self, action, uid):
        """Answer as of now: after a logout, a new password, a change of groups."""
        return may_on_socket(self._fresh_user(), action, uid)

    def _fresh_user(self):
        if self._session_key is not None:
            engine = import_module(settings.SESSION_ENGINE)
            return get_user(_Request(engine.SessionStore(self._session_key)))
        if not self._user.is_authenticated:
            return self._user
        return type(self._user)._default_manager.filter(pk=self._user.pk).first() or AnonymousUser()


class _Request(object):
    """As much of a request as django.contrib.auth looks at."""

    def __init__(self, session):
        self.session = session
