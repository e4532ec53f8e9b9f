"""
Add no rows in an admin's inline for a user who may not add them (CVE-2026-4277).

The page shows no empty forms then, but forged ones were saved, in inlines of both kinds. An inline
whose has_add_permission() takes the parent, as from Django 2.1 on, is given it. A row that is not
saved is told in the log.
https://www.djangoproject.com/weblog/2026/apr/07/security-releases/
"""

import functools

from ...patching.patch import Patch, warn

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
            form.has_changed = unless_forbidden(form.has_changed, self, request, obj)
        return formset

    patch.replace(inline, "get_formset", get_formset)


def unless_forbidden(stock, inline, request, parent):
    """A has_changed() by which a new row is never one to save where the user may not add one."""
    allowed = []  # asked for when first needed: a page that is only shown needs it not
    told = []

    def has_changed(self):
        if not self.instance._state.adding:
            return stock(self)
        if not allowed:
            allowed.append(may_add(inline, request, parent))
        if allowed[0]:
            return stock(self)
        if stock(self) and not told:
            told.append(True)
            warn(
                "%s of the admin: a new row is not saved, has_add_permission() says no; "
                "COMPAT_DISABLE=%s saves it",
                type(inline).__name__,
                patch.name,
            )
        return False

    return has_changed


def may_add(inline, request, parent):
    """What the inline says, asked as 1.11 does or, if it takes the parent, as later ones do."""
    import inspect

    ask = inline.has_add_permission
    signature = inspect.signature(ask)
    try:
        signature.bind(request, parent)
    except TypeError:
        return ask(request)
    if not any(one.kind is one.VAR_POSITIONAL for one in signature.parameters.values()):
        return ask(request, parent)
    try:
        return ask(request, parent)
    except TypeError:  # *args that are handed on to 1.11's own, which takes no parent
        return ask(request)
