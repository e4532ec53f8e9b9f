"""
Refuse mail addresses of more than 320 characters, and URLs of more than 2048.

The expressions of EmailValidator and URLValidator take very long for some longer ones. A site that
needs longer URLs has its own subclass of URLValidator with another `max_length`.
https://www.djangoproject.com/weblog/2023/jul/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a form with a mail address or a URL of some kilobytes keeps a thread busy",
    cves=("CVE-2023-36053",),
)

MAX_MAIL, MAX_URL = 320, 2048


@patch.when_imported("django.core.validators")
def repair(validators):
    def limited(validator, limit_of):
        stock = validator.__call__

        @functools.wraps(stock)
        def __call__(self, value):
            if value is not None and len(validators.force_text(value)) > limit_of(self):
                raise validators.ValidationError(self.message, code=self.code)
            return stock(self, value)

        patch.replace(validator, "__call__", __call__)

    patch.add(validators.URLValidator, "max_length", MAX_URL)
    limited(validators.URLValidator, lambda self: self.max_length)
    limited(validators.EmailValidator, lambda self: MAX_MAIL)
