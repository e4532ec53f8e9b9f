"""
Copy a template context on Python 3.14, where `copy(super())` copies nothing any more.

The admin, inclusion tags, `{% include %}` with variables and Django's test client copy contexts.
https://code.djangoproject.com/ticket/35844
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<4.2.17",
    python=">=3.14",
    symptom="templates fail: 'super' object has no attribute 'dicts'",
)


@patch.when_imported("django.template.context")
def repair(context):
    def __copy__(self):
        duplicate = object.__new__(type(self))
        vars(duplicate).update(vars(self))
        duplicate.dicts = self.dicts[:]
        return duplicate

    patch.replace(context.BaseContext, "__copy__", __copy__)
