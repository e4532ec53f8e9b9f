"""
Offer `os.errno` again, which was never meant to be there and was much used.
https://bugs.python.org/issue33666
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.7",
    symptom="an older library fails: module 'os' has no attribute 'errno'",
)


@patch.when_imported("os")
def repair(os):
    import errno

    patch.add(os, "errno", errno)
