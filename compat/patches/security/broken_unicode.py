"""
Percent-encode what is not UTF-8 in a path in linear time.

Every request of WSGI goes through this: a path of broken bytes was copied whole for each.
https://www.djangoproject.com/weblog/2023/sep/04/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a URL of %FF%FF%FF... keeps a process busy",
    cves=("CVE-2023-41164",),
)

HANDLER = "compat.percent"


@patch.when_imported("django.utils.encoding")
def repair(encoding):
    import codecs

    stock = encoding.repercent_broken_unicode
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect({"decode", "quote", "force_bytes"} <= set(names), "it encodes differently")

    def percent(error):
        broken = error.object[error.start : error.end]
        return "".join("%%%02X" % byte for byte in broken), error.end

    codecs.register_error(HANDLER, percent)

    @functools.wraps(stock)
    def repercent_broken_unicode(path):
        return path.decode("utf-8", HANDLER).encode("utf-8")

    patch.replace_everywhere(encoding, "repercent_broken_unicode", repercent_broken_unicode)
