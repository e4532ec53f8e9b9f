"""
Escape control characters of a path, and whatever cannot be printed, in Django's log.

A path decoded from %0A or %1B wrote lines of its own into the log, and commands to the terminal it
was read in (CVE-2025-48432). Backslashes are doubled; letters of all languages stay as they are.
https://www.djangoproject.com/weblog/2025/jun/04/security-releases/
"""

from ...patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a request for /%0A... forges lines in the log",
    cves=("CVE-2025-48432",),
)


class Escape(object):
    """A logging filter for the strings that are filled into a message on a request."""

    def filter(self, record):
        # Django's own records have the request with them; others may be of several lines.
        if isinstance(record.args, tuple) and hasattr(record, "request"):
            record.args = tuple(escaped(one) for one in record.args)
        return True


escape = Escape()  # one: a logger takes the same filter only once


def escaped(value):
    if not isinstance(value, str) or (value.isprintable() and "\\" not in value):
        return value
    return "".join(
        one if one.isprintable() and one != "\\" else one.encode("unicode_escape").decode("ascii")
        for one in value
    )


@patch.when_imported("django.core.handlers.base")
@patch.when_imported("django.core.handlers.exception")
@patch.when_imported("django.core.servers.basehttp")
@patch.when_imported("django.middleware.csrf")
@patch.when_imported("django.utils.cache")
@patch.when_imported("django.views.decorators.http")
@patch.when_imported("django.views.generic.base")
def repair(module):
    # On the logger: it outlives the LOGGING of a site, which replaces handlers only, and the
    # line of the record stays the one that logged it.
    logger = vars(module).get("logger")
    patch.expect(hasattr(logger, "addFilter"), "its logger has no filters")
    logger.addFilter(escape)
