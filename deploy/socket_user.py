"""Who is at the other end of a socket, asked again while the socket stays open."""

from django.contrib.auth.models import AnonymousUser

from compat.sockets import session_check
from deploy.permissions import may_on_socket


class SocketUser(object):
    """The user of an ASGI scope. All of it touches the database: call it in a thread."""

    def __init__(self, scope):
        # The two that session_check asks for. Who came with something else than a session (a
        # token, say) has no session_key, and is looked up by primary key.
        self.user = scope.get("user") or AnonymousUser()
        self.session_key = session_check.session_key(scope.get("session"))

    def may(self, action, uid):
        """Answer as of the handshake; see may_on_socket() for what comes back."""
        return may_on_socket(self.user, action, uid)

    def still_may(self, action, uid):
        """Answer as of now: after a logout, a new password, a change of groups."""
        now = session_check.users_now([self])[self]
        return may_on_socket(now or AnonymousUser(), action, uid)
