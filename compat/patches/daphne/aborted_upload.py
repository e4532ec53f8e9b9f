"""
Forget a request whose client leaves before all of it has arrived.
https://github.com/django/daphne/issues/402
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<4.0",
    symptom="every aborted upload stays in memory for ever",
)


@patch.when_imported("daphne.http_protocol")
def repair(http_protocol):
    # Set when a request is complete, but read whenever one ends.
    patch.add(http_protocol.WebRequest, "client_addr", None)
    patch.add(http_protocol.WebRequest, "server_addr", None)
