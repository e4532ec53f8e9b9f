"""
Refuse a name that leaves the storage's folder in Storage.save() and get_available_name().

Both are checked, and what a subclass makes of the name too (CVE-2021-45452, CVE-2024-39330). A
name with "..", or an absolute one outside of the storage's own folder, is a
SuspiciousFileOperation, status 400. Where a storage has no such folder and your code saves
absolute names that clients cannot choose, set COMPAT_ABSOLUTE_FILE_NAMES = True.
https://www.djangoproject.com/weblog/2024/jul/09/security-releases/
"""

import functools

from ...patching.patch import Patch
from ._file_names import check_path, has_parent, is_no_name, refuse, with_slashes

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="default_storage.save('public/../private/x') saves there",
    cves=("CVE-2021-45452", "CVE-2024-39330"),
)


@patch.when_imported("django.core.files.storage")
def repair(storage):
    stock_save = vars(storage.Storage).get("save")
    stock_available = vars(storage.Storage).get("get_available_name")
    names = getattr(stock_save, "__code__", None) and stock_save.__code__.co_names or ()
    patch.expect({"get_available_name", "_save", "File"} <= set(names), "save() looks different")

    @functools.wraps(stock_available)
    def get_available_name(self, name, *args, **kwargs):
        path = with_slashes(name)
        folder, _, base = path.rpartition("/")
        if has_parent(folder) or is_no_name(base):
            refuse('%r has ".." in it or no name at its end', name)
        return stock_available(self, path, *args, **kwargs)

    @functools.wraps(stock_save)
    def save(self, name, content, max_length=None):
        if name is None:
            name = content.name
        if not hasattr(content, "chunks"):
            content = storage.File(content, name)
        # Either may be a subclass's own.
        name = self.get_available_name(check_path(name, self), max_length=max_length)
        saved = self._save(check_path(name, self), content)
        # A storage that has numbers for names may keep them.
        return check_path(saved, self) if isinstance(saved, str) else saved

    patch.replace(storage.Storage, "get_available_name", get_available_name)
    patch.replace(storage.Storage, "save", save)
