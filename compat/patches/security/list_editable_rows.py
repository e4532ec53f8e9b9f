"""
Answer a form of list_editable that would add a row with 400, and save nothing (CVE-2026-4292).

https://www.djangoproject.com/weblog/2026/apr/07/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="staff without the permission can add rows through an editable list",
    cves=("CVE-2026-4292",),
)


@patch.when_imported("django.contrib.admin.options")
def repair(options):
    admin = options.ModelAdmin
    make_formset = vars(admin).get("get_changelist_formset")
    save, view = vars(admin).get("save_form"), vars(admin).get("changelist_view")
    patch.expect(make_formset and save and view, "ModelAdmin saves its list differently")

    def get_changelist_formset(self, request, **kwargs):
        formset = make_formset(self, request, **kwargs)  # a class made for this call
        formset.is_valid = checking(formset.is_valid)
        return formset

    # For an admin with a formset of its own. On other pages a form may well change an object that
    # is not saved yet, where get_object() gives one.
    def changelist_view(self, request, *args, **kwargs):
        request.is_list_of_admin = True
        return view(self, request, *args, **kwargs)

    def save_form(self, request, form, change):
        if getattr(request, "is_list_of_admin", False):
            check(form)
        return save(self, request, form, change)

    patch.replace(admin, "get_changelist_formset", get_changelist_formset)
    patch.replace(admin, "changelist_view", changelist_view)
    patch.replace(admin, "save_form", save_form)


def check(form):
    from django.core.exceptions import SuspiciousOperation

    if form.instance._state.adding:
        raise SuspiciousOperation("The list of the admin adds no rows.")


def checking(stock):
    """An is_valid() of a formset that looks at its forms."""

    def is_valid(self):
        valid = stock(self)
        for form in self.forms if valid else ():
            if form.has_changed():
                check(form)
        return valid

    return is_valid
