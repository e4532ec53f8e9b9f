"""
Show no file outside of the template folders in admindocs (CVE-2021-33203).

https://www.djangoproject.com/weblog/2021/jun/02/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="the admin's documentation shows staff any file on the server",
    cves=("CVE-2021-33203",),
)


@patch.when_imported("django.contrib.admindocs.views")
def repair(views):
    from django.utils._os import safe_join

    stock = vars(views.TemplateDetailView).get("get_context_data")
    patch.expect(stock, "TemplateDetailView has no get_context_data")

    @functools.wraps(stock)
    def get_context_data(self, **kwargs):
        try:
            folders = views.Engine.get_default().dirs
        except views.ImproperlyConfigured:
            folders = ()
        for folder in folders:
            safe_join(folder, self.kwargs["template"])  # SuspiciousFileOperation: 400
        return stock(self, **kwargs)

    patch.replace(views.TemplateDetailView, "get_context_data", get_context_data)
