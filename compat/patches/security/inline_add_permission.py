"""
Add no rows in an admin's inline for a user who may not add them (CVE-2026-4277).

The page shows no empty forms then, but forged ones were saved, in inlines of both kinds.
https://www.djangoproject.com/weblog/2026/apr/07/security-releases/
"""

import functools

from ...patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="staff without the permission add rows in an inline by a forged form",
    cves=("CVE-2026-4277",),
)


@patch.when_imported("django.contrib.admin.options")
def repair_inlines(options):
    protect(options.InlineModelAdmin)


@patch.when_imported("django.contrib.contenttypes.admin")
def repair_generic_inlines(admin):
    protect(admin.GenericInlineModelAdmin)


def protect(inline):
    stock = vars(inline).get("get_formset")
    patch.expect(stock, "%s has no get_formset" % inline.__name__)

    @functools.wraps(stock)
    def get_formset(self, request, obj=None, **kwargs):
        formset = stock(self, request, obj, **kwargs)
        if request is not None and not self.has_add_permission(request):
            form = formset.form  # made for this call: it can be changed
            form.has_changed = unless_adding(form.has_changed)
        return formset

    patch.replace(inline, "get_formset", get_formset)


def unless_adding(stock):
    """A has_changed() by which a new row is never one to save."""

    def has_changed(self):
        return not self.instance._state.adding and stock(self)

    return has_changed
