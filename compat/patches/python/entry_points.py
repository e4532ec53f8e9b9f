"""
Let `importlib.metadata.entry_points()` be asked for a group as the dictionary that it was.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.12",
    symptom="importing celery fails: 'EntryPoints' object has no attribute 'get'",
)


@patch.when_imported("importlib.metadata")
def repair(metadata):
    EntryPoints = metadata.EntryPoints
    by_name = EntryPoints.__getitem__

    def get(self, group, default=None):
        """The entry points of a group; the default where there is none."""
        return self.select(group=group) or default

    def __getitem__(self, name):
        """The entry point of that name, as ever; else the entry points of that group."""
        try:
            return by_name(self, name)
        except KeyError:
            found = self.select(group=name)
            if not found:
                raise
            return found

    patch.add(EntryPoints, "get", get)
    patch.replace(EntryPoints, "__getitem__", __getitem__)
