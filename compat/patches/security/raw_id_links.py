"""
Encode limit_choices_to in the link of a raw_id_fields widget (CVE-2020-13596).

A quotation mark in a value of limit_choices_to, which may come from a user, ended the attribute.
https://www.djangoproject.com/weblog/2020/jun/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="limit_choices_to of a raw_id field can put a script into the admin",
    cves=("CVE-2020-13596",),
)


@patch.when_imported("django.contrib.admin.widgets")
def repair(widgets):
    from django.utils.http import urlencode

    widget = widgets.ForeignKeyRawIdWidget
    stock = vars(widget).get("get_context")
    patch.expect(stock and "url_parameters" in vars(widget), "its link is made differently")

    @functools.wraps(stock)
    def get_context(self, name, value, attrs):
        context = stock(self, name, value, attrs)
        path, mark, _ = context.get("related_url", "").partition("?")
        if mark:  # not marked as safe: the template escapes the & between parameters
            context["related_url"] = str(path) + mark + urlencode(self.url_parameters())
        return context

    patch.replace(widget, "get_context", get_context)
