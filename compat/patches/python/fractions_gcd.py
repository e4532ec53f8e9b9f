"""
Offer `fractions.gcd()` again.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: cannot import name 'gcd' from 'fractions'",
)


@patch.when_imported("fractions")
def repair(fractions):
    import math

    def gcd(a, b):
        """The greatest common divisor, with the sign of `b`, or of `a` when `b` is 0."""
        divisor = math.gcd(a, b)
        return -divisor if (b or a) < 0 else divisor

    patch.add(fractions, "gcd", gcd)
