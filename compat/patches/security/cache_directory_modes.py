"""
Make the directories of the file-based cache, and those above it, for their owner only.

Python 3.7 and later give the mode to the last one only (CVE-2020-24584).
https://www.djangoproject.com/weblog/2020/sep/01/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="other users of the machine can look into the directories above the cache",
    cves=("CVE-2020-24584",),
)


@patch.when_imported("django.core.cache.backends.filebased")
def repair(filebased):
    import os

    from ._directories import make_directories

    stock = vars(filebased.FileBasedCache).get("_createdir")
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect("makedirs" in names, "_createdir() makes its directories differently")

    @functools.wraps(stock)
    def _createdir(self):
        if not os.path.exists(self._dir):
            try:
                make_directories(self._dir, 0o700)
            except OSError:
                stock(self)  # which says what it could not make

    patch.replace(filebased.FileBasedCache, "_createdir", _createdir)
