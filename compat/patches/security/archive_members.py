"""
Refuse an archive with a member outside of the directory that django.utils.archive extracts to.

`startapp --template` and `startproject --template` extract archives, which may come from a URL.
Nothing is extracted from one that is refused (CVE-2021-3281, CVE-2025-59682).
https://www.djangoproject.com/weblog/2025/oct/01/security-releases/
"""

import functools
import os

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a project template's archive can write outside the project",
    cves=("CVE-2021-3281", "CVE-2025-59682"),
)


@patch.when_imported("django.utils.archive")
def repair(archive):
    from django.core.exceptions import SuspiciousOperation

    class MemberOutside(SuspiciousOperation, archive.ArchiveException):
        """A member would be extracted outside; startproject and startapp tell of it in a line."""

    def checked(kind, names_of):
        stock = vars(kind).get("extract")
        names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
        patch.expect(
            {"has_leading_dir", "split_leading_dir"} <= set(names), "members are named differently"
        )

        @functools.wraps(stock)
        def extract(self, to_path):
            names = names_of(self._archive)
            leading = self.has_leading_dir(names)
            for name in names:
                below = self.split_leading_dir(name)[1] if leading else name
                if not is_below(to_path, below):
                    raise MemberOutside("%r is outside of where it is extracted to" % name)
            return stock(self, to_path)

        patch.replace(kind, "extract", extract)

    checked(archive.TarArchive, lambda opened: [member.name for member in opened.getmembers()])
    checked(archive.ZipArchive, lambda opened: opened.namelist())


def is_below(folder, name):
    """Whether a member of that name lies in the folder."""
    folder = os.path.abspath(folder)
    try:
        return os.path.commonpath([folder, os.path.abspath(os.path.join(folder, name))]) == folder
    except ValueError:  # another drive
        return False
