"""
Make URLValidator refuse newlines and tabs, which Python drops before Django looks (CVE-2021-32052).
https://www.djangoproject.com/weblog/2021/may/06/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<2.2.22",
    symptom="a URL field accepts a newline inside the URL: header injection where it is sent on",
    cves=("CVE-2021-32052",),
)


@patch.when_imported("django.core.validators")
def repair(validators):
    validator = validators.URLValidator
    check = validator.__call__

    def __call__(self, value):
        text = validators.force_text(value)
        if any(character in text for character in "\t\r\n"):
            raise validators.ValidationError(self.message, code=self.code)
        return check(self, value)

    patch.replace(validator, "__call__", __call__)
