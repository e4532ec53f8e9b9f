"""
Offer `uuid._load_system_functions()` again, which has done nothing since Python 3.9.
https://docs.python.org/3/whatsnew/3.13.html
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.13",
    symptom="an older library fails: module 'uuid' has no attribute '_load_system_functions'",
)


def load_system_functions():
    """Nothing: they are loaded with the module."""


@patch.when_imported("uuid")
def repair(uuid):
    patch.add(uuid, "_load_system_functions", load_system_functions)
