"""
Give FILE_UPLOAD_DIRECTORY_PERMISSIONS to every directory FileSystemStorage makes.

Python 3.7 and later give the mode to the last one only (CVE-2020-24583); and the umask, which was
set to 0 meanwhile, is that of all threads (CVE-2026-25674).
https://www.djangoproject.com/weblog/2026/mar/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="upload directories are writable for everybody",
    cves=("CVE-2020-24583", "CVE-2026-25674"),
)


@patch.when_imported("django.core.files.storage")
def repair(storage):
    import os

    from ._directories import make_directories

    stock = vars(storage.FileSystemStorage).get("_save")
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect({"umask", "makedirs"} <= set(names), "_save() makes its directories differently")

    @functools.wraps(stock)
    def _save(self, name, content):
        mode = self.directory_permissions_mode
        if mode is not None:
            try:
                make_directories(os.path.dirname(self.path(name)), mode)
            except FileExistsError:
                pass  # a file is in the way, which stock says in its own words
        return stock(self, name, content)

    patch.replace(storage.FileSystemStorage, "_save", _save)
