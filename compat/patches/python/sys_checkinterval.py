"""
Offer `sys.getcheckinterval()` and `setcheckinterval()` again, which have had no effect since 3.2.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: module 'sys' has no attribute 'setcheckinterval'",
)


@patch.when_imported("sys")
def repair(sys):
    state = [100]

    def setcheckinterval(n):
        """Remember a number."""
        state[0] = n

    patch.add(sys, "getcheckinterval", lambda: state[0])
    patch.add(sys, "setcheckinterval", setcheckinterval)
