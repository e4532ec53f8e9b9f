"""
Offer `array.tostring()` and `fromstring()` again.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch
from ._c_class import add_method

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: 'array.array' object has no attribute 'tostring'",
)


@patch.when_imported("array")
def repair(array):
    def tostring(self):
        """The machine values as bytes."""
        return self.tobytes()

    def fromstring(self, string):
        """Append items from machine values; str is taken as UTF-8."""
        self.frombytes(string.encode() if isinstance(string, str) else string)

    add_method(patch, array.array, tostring)
    add_method(patch, array.array, fromstring)
