"""
Answer 400 to a WebSocket request with a control character in its first line or a header.

CVE-2026-44546: daphne writes the request anew for autobahn, which ends a line also at vertical
tab, form feed, \\x1c to \\x1e and \\x85; what followed became a header of its own, with any name,
and passed for one that the proxy had set. The same in the address or in a header's name.
https://nvd.nist.gov/vuln/detail/CVE-2026-44546
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<4.2.2",
    symptom="a WebSocket client can forge any header, even those that the proxy overwrites",
    cves=("CVE-2026-44546",),
)

CONTROL = bytes(range(0x20)) + b"\x7f\x85"
IN_VALUES = CONTROL.replace(b"\t", b"")


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    from ._upgrade import begin, is_websocket

    request = http_protocol.WebRequest
    stock = request.process

    @functools.wraps(stock)
    def process(self):
        if is_websocket(self) and not is_plain(self):
            begin(self)
            self.basic_error(400, b"Bad Request", "Control characters in a WebSocket request")
            return None
        return stock(self)

    patch.replace(request, "process", process)


def is_plain(request):
    """Whether a request says the same to every parser of lines."""
    if has(CONTROL, request.method) or has(CONTROL, request.uri):
        return False
    return not any(
        has(CONTROL, name) or any(has(IN_VALUES, value) for value in values)
        for name, values in request.requestHeaders.getAllRawHeaders()
    )


def has(characters, text):
    return len(text.translate(None, characters)) != len(text)
