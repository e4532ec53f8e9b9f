"""
Log an exception of a StatelessServer's application as one, instead of as text.

Without `exc_info` a log handler such as Sentry's has no exception, and no stack.
https://github.com/django/asgiref/blob/2.3.2/asgiref/server.py#L144
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<4.0",
    symptom="exceptions in runworker and the like reach Sentry as text, without a stack",
)


@patch.when_imported("asgiref.server")
def repair(server):
    from .._exceptions import log

    stock = server.StatelessServer.application_exception

    @functools.wraps(stock)
    async def application_exception(self, exception, application_details):
        log(server.logging.getLogger(), exception)

    patch.replace(server.StatelessServer, "application_exception", application_exception)
