"""
Escape control characters of a path, and whatever cannot be printed, in Django's log.

A path decoded from %0A or %1B wrote lines of its own into the log, and commands to the terminal it
was read in (CVE-2025-48432). Backslashes are doubled; letters of all languages stay as they are.
https://www.djangoproject.com/weblog/2025/jun/04/security-releases/
"""

from ...patching.patch import Patch
from ._log_escape import escape_requests

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a request for /%0A... forges lines in the log",
    cves=("CVE-2025-48432",),
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
    logger.addFilter(escape_requests)
