"""
Take a session key with a NUL in it for one that does not exist.

A cookie can spell one (`"\\\\000..."`), and PostgreSQL's driver refuses it with a ValueError: every
page and every WebSocket answered 500, and the report of the error failed as well.
https://github.com/django/django/blob/1.11.29/django/contrib/sessions/backends/base.py#L174
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="with PostgreSQL a forged session cookie gets 500 and two tracebacks from every page",
)


@patch.when_imported("django.contrib.sessions.backends.base")
def repair(base):
    session = base.SessionBase
    stock = vars(session).get("_validate_session_key")
    patch.expect(stock is not None, "keys are validated differently")

    @functools.wraps(stock)
    def _validate_session_key(self, key):
        return stock(self, key) and "\0" not in key

    patch.replace(session, "_validate_session_key", _validate_session_key)
