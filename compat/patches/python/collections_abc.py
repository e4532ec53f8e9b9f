"""
Offer the abstract base classes as attributes of `collections` again, and without a warning.
https://docs.python.org/3/whatsnew/3.10.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.7",
    symptom="importing django.db fails: module 'collections' has no attribute 'Iterator'",
)


@patch.when_imported("collections")
def repair(collections):
    import collections.abc as abc

    for name in abc.__all__:
        patch.add(collections, name, getattr(abc, name))
