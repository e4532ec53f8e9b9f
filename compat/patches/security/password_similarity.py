"""
Compare a password only with attributes of the user that are long enough to be similar to it.

Comparing costs time for each character, and a password in a request may have millions.
https://www.djangoproject.com/weblog/2022/jan/04/security-releases/
"""

import functools

from ...patching.patch import Patch
from ...patching.signature import called_like

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a password of some megabytes keeps UserAttributeSimilarityValidator busy",
    cves=("CVE-2021-45115",),
)


@patch.when_imported("django.contrib.auth.password_validation")
def repair(validation):
    stock = validation.UserAttributeSimilarityValidator.validate
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect({"SequenceMatcher", "quick_ratio"} <= set(names), "it compares differently")

    class Matcher(validation.SequenceMatcher):
        """Does not look where the second string is far too short to be like the first."""

        def __init__(self, a, b):
            # All of the shorter one found in the longer one is the most there can be.
            self.most = 2.0 * len(b) / (len(a) + len(b) or 1)
            self.far = len(a) > 20 * len(b)  # less than 0.1; usual limits are about 0.7
            if not self.far:
                super(Matcher, self).__init__(a=a, b=b)

        def quick_ratio(self):
            return self.most if self.far else super(Matcher, self).quick_ratio()

    class Lowered(str):
        """Is in small letters: stock asks for that once for each word of each attribute."""

        def lower(self):
            return self

    @functools.wraps(stock)
    def validate(self, password, user=None):
        if isinstance(password, str):
            password = Lowered(password.lower())
        return stock(self, password, user)

    patch.replace(validation, "SequenceMatcher", called_like(validation.SequenceMatcher, Matcher))
    patch.replace(validation.UserAttributeSimilarityValidator, "validate", validate)
