"""
Ignore Daphne-Root-Path, unless COMPAT_TRUST_ROOT_PATH=1 says that a proxy sets it.

daphne believes it from everybody: whoever asks for a page chooses the prefix of all links in it
(`//elsewhere.example`), and of what `reverse()` and redirects give. Set the variable only where
the proxy overwrites the header for every client; `daphne --root-path` and FORCE_SCRIPT_NAME need
no header.
https://github.com/django/daphne/blob/4.2.3/daphne/http_protocol.py#L161
"""

import functools

from ..._kinds import Flag
from ..._settings import Variable
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="with a header a client chooses the prefix of every link on a page",
)

trusted = Variable(
    "COMPAT_TRUST_ROOT_PATH",
    Flag(),
    False,
    "1: the Daphne-Root-Path header sets the URL prefix. Only if a proxy overwrites it for "
    "every client; otherwise a client chooses where the links of a page lead.",
    "Environment of daphne",
)
HEADER = b"daphne-root-path"


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    request = http_protocol.WebRequest
    stock = request.process
    warned = []

    @functools.wraps(stock)
    def process(self):
        if self.requestHeaders.hasHeader(HEADER) and not trusted():
            self.requestHeaders.removeHeader(HEADER)
            if not warned:  # whoever sends it could fill the log
                warned.append(True)
                http_protocol.logger.warning(
                    "Daphne-Root-Path is ignored, from whoever it comes; %s=1 if a proxy sets it",
                    trusted.name,
                )
        return stock(self)

    patch.replace(request, "process", process)
