"""
Refuse "multiple" on FileInput and ClearableFileInput, whose fields validate one file only.

Of several files the last was validated, while views took all from request.FILES
(CVE-2023-31047). A form with attrs={"multiple": True} is now a ValueError where the widget is made,
often at the import of the forms. As in later releases, a subclass with
allow_multiple_selected = True may have it: its field then gets a list of files, and must validate
each. The setting COMPAT_ALLOW_MULTIPLE_FILES = True leaves things as they were, for a site that
validates every file in its views.
https://www.djangoproject.com/weblog/2023/may/03/security-releases/
"""

import functools

from ...patching.patch import Patch
from ...patching.switches import Switch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="of several uploaded files only the last is validated",
    cves=("CVE-2023-31047",),
)

allowed = Switch(
    "COMPAT_ALLOW_MULTIPLE_FILES",
    text='True: FileInput(attrs={"multiple": True}) raises no ValueError. The field validates only '
    "the last of several files; your view must validate each.",
    reopens=patch.cves,
)


@patch.when_imported("django.forms.widgets")
def repair(widgets):
    cls = widgets.FileInput
    stock = vars(cls).get("value_from_datadict")
    patch.expect(
        stock and "__init__" not in vars(cls) and not hasattr(cls, "allow_multiple_selected"),
        "FileInput knows of several files already",
    )

    def __init__(self, attrs=None):
        if self.allow_multiple_selected:
            attrs = dict({"multiple": True}, **(attrs or {}))
        elif (attrs or {}).get("multiple") and not allowed():
            raise ValueError(
                "%s validates one file only, not several. Give a subclass with "
                "allow_multiple_selected = True to a field that validates each of a list, or set "
                "COMPAT_ALLOW_MULTIPLE_FILES = True if the view does" % type(self).__name__
            )
        super(cls, self).__init__(attrs)

    @functools.wraps(stock)
    def value_from_datadict(self, data, files, name):
        if self.allow_multiple_selected and hasattr(files, "getlist"):
            return files.getlist(name)
        return stock(self, data, files, name)

    patch.add(cls, "allow_multiple_selected", False)
    patch.add(cls, "__init__", __init__)
    patch.replace(cls, "value_from_datadict", value_from_datadict)
