"""
Send no body where HTTP has none: to HEAD, and with status 204 and 304.

Twisted drops it in the request's own write(), which daphne bypasses: all but the first
part of a body was sent, and a client took it for the answer to its next request.
https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.2",
    symptom="after HEAD on a large or streamed page, the next response on the connection is junk",
)


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    request = http_protocol.WebRequest
    statuses = http_protocol.http.NO_BODY_CODES
    stock = request.handle_reply

    @functools.wraps(stock)
    def handle_reply(self, message):
        bodiless = self.method == b"HEAD" or self.code in statuses
        if bodiless and message.get("type") == "http.response.body":
            message = dict(message, body=b"")
        return stock(self, message)

    patch.replace(request, "handle_reply", handle_reply)
