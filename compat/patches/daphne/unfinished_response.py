"""
Answer a request whose application ended without answering it: 500, or abort what it began.
https://github.com/django/daphne/issues/276
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.2.2,<=4.2.2",
    symptom="a client hangs when an application returns early, or its headers are not bytes",
)


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    from ._unanswered import abort, fail, is_open

    request = http_protocol.WebRequest
    stock = request.process

    def ended(request, application):
        if not is_open(request):
            return
        if application.cancelled():
            abort(request)
        elif application.exception() is None:  # else Server.application_checker() answers
            http_protocol.logger.error("The application left %r unanswered", request.uri)
            explanation = "The application did not answer."
            fail(request, 500, b"Internal Server Error", explanation)

    @functools.wraps(stock)
    def process(self):
        result = stock(self)
        application = self.server.connections.get(self, {}).get("application_instance")
        if application is not None:
            application.add_done_callback(functools.partial(ended, self))
        return result

    patch.replace(request, "process", process)
