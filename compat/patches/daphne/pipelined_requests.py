"""
Handle the requests of one connection one by one, in their order (CVE-2023-46137).

Twisted started every request without a body that had come in the same packet at once, and
sent each answer when it was ready.
https://nvd.nist.gov/vuln/detail/CVE-2023-46137
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="twisted",
    versions="<23.10",
    symptom="of two requests in one packet the faster is answered first: responses are swapped",
    cves=("CVE-2023-46137",),
)


@patch.when_imported("twisted.web.http")
def repair(http):
    from inspect import unwrap

    channel = http.HTTPChannel
    allContentReceived_, rawDataReceived_ = channel.allContentReceived, channel.rawDataReceived
    patch.expect(
        "_handlingRequest" in unwrap(channel.dataReceived).__code__.co_names,
        "dataReceived() does not keep what comes during a request",
    )

    @functools.wraps(allContentReceived_)
    def allContentReceived(self):
        # Take no more lines from the packet; requestDone() goes back to line mode.
        self.setRawMode()
        allContentReceived_(self)

    @functools.wraps(rawDataReceived_)
    def rawDataReceived(self, data):
        if self._handlingRequest:
            self.dataReceived(data)  # keeps it, and stops reading when it is much
        else:
            rawDataReceived_(self, data)

    patch.replace(channel, "allContentReceived", allContentReceived)
    patch.replace(channel, "rawDataReceived", rawDataReceived)
