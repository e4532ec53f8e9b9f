"""
Let {% debug %} say nothing unless DEBUG is on, and escape what it says (CVE-2022-22818).

It wrote the whole context into the page as it is: scripts from user data, and secrets.
https://www.djangoproject.com/weblog/2022/feb/01/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="{% debug %} runs scripts that users wrote, and shows the context on a live site",
    cves=("CVE-2022-22818",),
)


@patch.when_imported("django.template.defaulttags")
def repair(defaulttags):
    from django.conf import settings
    from django.utils.html import escape

    stock = vars(defaulttags.DebugNode).get("render")

    @functools.wraps(stock)
    def render(self, context):
        return escape(stock(self, context)) if settings.DEBUG else ""

    patch.replace(defaulttags.DebugNode, "render", render)
