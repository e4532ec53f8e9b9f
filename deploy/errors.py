"""Answers where a view failed for a reason that is not its own: a database that does not answer.

ErrorsMiddleware, last in MIDDLEWARE, sees what views raise, and `handler500` what middleware does:
a session that cannot be saved, say.
"""

import logging
import re
import sys

from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpResponse
from django.template import loader

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5
# SQLite says it in words; PostgreSQL by a class of errors, or by nothing at all without a
# connection; MySQL by numbers: too many connections, a lock's timeout, a deadlock, no server.
SQLITE = re.compile(r"database (table |schema )?is locked|unable to open database file|disk I/O")
POSTGRESQL = ("08", "53", "57", "40", "55P03")
MYSQL = {1040, 1203, 1205, 1213, 2002, 2003, 2006, 2013}
# What an address asks for, and no column could hold: numbers, and years, that are too large.
TOO_LARGE = re.compile(
    r"Python int too large to convert to (SQLite INTEGER|C )|year -?\d+ is out of range"
    r"|(integer|bigint|smallint) out of range|out of range for type|date value out of range"
)


def is_outage(error):
    """Tell whether an exception says that the database does not answer now, and may later."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    if SQLITE.search(str(error)):
        return True
    if error.args and error.args[0] in MYSQL:
        return True
    cause = error.__cause__
    if hasattr(cause, "pgcode"):
        return cause.pgcode is None or cause.pgcode.startswith(POSTGRESQL)
    return False


def is_beyond(error):
    """Tell whether an exception says that a value is larger than what it is compared with."""
    return isinstance(error, (OverflowError, ValueError, DataError)) and bool(
        TOO_LARGE.search(str(error))
    )


class ErrorsMiddleware(object):
    """503 with Retry-After when the database does not answer; 404 for numbers beyond its own."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        return answer(request, exception)


def answer(request, error):
    """Return the response to what was raised; None: it is a fault, and 500 is right."""
    if is_outage(error):
        line = " ".join(str(error).split())
        logger.warning(
            "%s %a: the database does not answer: %s", request.method, request.path, line
        )
        response = page("503.html", 503)
        response["Retry-After"] = str(RETRY_SECONDS)
        return response
    # Of what was sent, and not of what was kept.
    if request.method in ("GET", "HEAD") and is_beyond(error):
        return page("404_plain.html", 404)
    return None


def page(template, status):
    # Without a request: the user's name would be one more query.
    response = HttpResponse(loader.get_template(template).render(), status=status)
    response["Cache-Control"] = "no-store"
    return response


def server_error(request):
    """Django's handler500; it is called while the exception is being handled."""
    error = sys.exc_info()[1]
    response = None if error is None else answer(request, error)
    return page("500.html", 500) if response is None else response
