"""
Keep what follows a request's body in its place, also if the answer is immediate (CVE-2024-41671).
https://nvd.nist.gov/vuln/detail/CVE-2024-41671
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="twisted",
    versions="<24.7",
    symptom="after a refused upload the next request is answered later than one that came after it",
    cves=("CVE-2024-41671",),
)


@patch.when_imported("twisted.web.http")
def repair(http):
    from inspect import unwrap

    channel = http.HTTPChannel
    stock = channel._finishRequestBody
    names = unwrap(stock).__code__.co_names
    patch.expect("_dataBuffer" in names, "_finishRequestBody() looks different")

    @functools.wraps(stock)
    def _finishRequestBody(self, data):
        self._dataBuffer.append(data)  # stock would, but after the request has been answered
        stock(self, b"")

    patch.replace(channel, "_finishRequestBody", _finishRequestBody)
