"""
Delete and save no rows outside of the queryset of a model formset (CVE-2026-87975).

Where the primary key is a field of the form, a forged one named any row, and DELETE deleted it.
https://www.djangoproject.com/weblog/2026/oct/06/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a forged formset deletes rows that it does not show",
    cves=("CVE-2026-87975",),
)


class WithRows(object):
    """A formset without those of its initial forms that have no row in its queryset."""

    def __init__(self, formset):
        vars(self)["formset"] = formset
        forms = [form for form in formset.initial_forms if not form.instance._state.adding]
        vars(self)["initial_forms"] = forms

    def __getattr__(self, name):
        return getattr(self.formset, name)

    def __setattr__(self, name, value):
        setattr(self.formset, name, value)


@patch.when_imported("django.forms.models")
def repair(models):
    cls = models.BaseModelFormSet
    stock = vars(cls).get("save_existing_objects")
    patch.expect(
        stock and "initial_forms" in getattr(stock, "__code__", stock).co_names,
        "model formsets save differently",
    )

    @functools.wraps(stock)
    def save_existing_objects(self, commit=True):
        return stock(WithRows(self), commit)

    patch.replace(cls, "save_existing_objects", save_existing_objects)
