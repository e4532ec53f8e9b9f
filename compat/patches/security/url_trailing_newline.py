"""
Let no URL pattern that ends in $ match a path with one more newline at its end (CVE-2021-44420).

$ also matches before a last newline: /admin/%0A reached the view of /admin/ past a rule of nginx
or a middleware that knows only /admin/. A pattern that itself matches the newline still does.
https://www.djangoproject.com/weblog/2021/dec/07/security-releases/
"""

import functools

from ...patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="/page/%0A is served as /page/, past access rules upstream of Django",
    cves=("CVE-2021-44420",),
)


@patch.when_imported("django.urls.resolvers")
def repair(resolvers):
    pattern = resolvers.RegexURLPattern
    stock = vars(pattern).get("resolve")
    patch.expect(stock, "RegexURLPattern matches elsewhere")

    @functools.wraps(stock)
    def resolve(self, path):
        if path.endswith("\n") and self.regex.pattern.endswith("$"):
            match = self.regex.search(path)
            if match and match.end() == len(path) - 1:
                return None
        return stock(self, path)

    patch.replace(pattern, "resolve", resolve)
