"""
Offer `base64.encodestring()` and `decodestring()` again.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: module 'base64' has no attribute 'encodestring'",
)


@patch.when_imported("base64")
def repair(base64):
    patch.add(base64, "encodestring", base64.encodebytes)
    patch.add(base64, "decodestring", base64.decodebytes)
