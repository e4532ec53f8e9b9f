"""
Offer `Thread.isAlive()` again.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: 'Thread' object has no attribute 'isAlive'",
)


@patch.when_imported("threading")
def repair(threading):
    def isAlive(self):
        """Whether the thread runs."""
        return self.is_alive()

    patch.add(threading.Thread, "isAlive", isAlive)
