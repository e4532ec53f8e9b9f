"""
Make URLValidator call a URL with a bad bracketed host invalid where Python refuses to split it.
https://code.djangoproject.com/ticket/33367
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<4.1",
    python=">=3.9",
    symptom="a form with a URL field answers 500 to http://[a], ValueError instead of a message",
)


@patch.when_imported("django.core.validators")
def repair(validators):
    validator = validators.URLValidator
    check = validator.__call__

    def __call__(self, value):
        try:
            return check(self, value)
        except ValueError:  # ValidationError is none
            raise validators.ValidationError(self.message, code=self.code)

    patch.replace(validator, "__call__", __call__)
