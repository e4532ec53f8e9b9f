"""
Point the warning about an overridden setting at the line that overrides it.

Python runs comprehensions without a frame of their own now, and Django counts frames.
https://docs.python.org/3/whatsnew/3.12.html#pep-709-comprehension-inlining
"""

from ...patching.patch import Patch
from ...patching.stand_in import StandIn

patch = Patch(
    __name__,
    package="django",
    versions="<2.0",
    python=">=3.12",
    symptom="the warning about overriding DATABASES in a test names a line of unittest",
)


@patch.when_imported("django.test.signals")
def repair(signals):
    warnings = signals.warnings

    def warn(message, category=None, stacklevel=1):
        # This function is one frame more, the inlined comprehension one less.
        warnings.warn(message, category, stacklevel=stacklevel)

    patch.replace(signals, "warnings", StandIn(warnings, warn=warn))
