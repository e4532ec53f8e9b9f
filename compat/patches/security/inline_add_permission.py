"""
Add no rows in an admin's inline for a user who may not add them (CVE-2026-4277).

The page shows no empty forms then, but forged ones were saved, in inlines of both kinds.
https://www.djangoproject.com/weblog/2026/apr/07/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="staff without the permission can add rows in an inline, with a forged form",
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
        if request is not None:
            form = formset.form  # made for this call: it can be changed
            form.has_changed = unless_forbidden(form.has_changed, self, request)
        return formset

    patch.replace(inline, "get_formset", get_formset)


def unless_forbidden(stock, inline, request):
    """A has_changed() by which a new row is never one to save where the user may not add one."""
    allowed = []  # asked for when first needed: a page that is only shown needs it not

    def has_changed(self):
        if self.instance._state.adding:
            if not allowed:
                allowed.append(inline.has_add_permission(request))
            if not allowed[0]:
                return False
        return stock(self)

    return has_changed
