"""
Let no URL pattern that ends in $ match a path with one more newline at its end (CVE-2021-44420).

$ also matches before a last newline: /admin/%0A reached the view of /admin/ past a rule of nginx
or a middleware that knows only /admin/. A pattern that itself matches the newline still does. The
same holds for the routes of channels, which match the patterns by themselves.
https://www.djangoproject.com/weblog/2021/dec/07/security-releases/
"""

import functools

from ...patching.patch import NotNeeded, Patch

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
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect({"regex", "search"} <= set(names), "RegexURLPattern matches differently")

    @functools.wraps(stock)
    def resolve(self, path):
        if path.endswith("\n") and self.regex.pattern.endswith("$"):
            match = self.regex.search(path)
            if match and match.end() == len(path) - 1:
                return None
        return stock(self, path)

    patch.replace(pattern, "resolve", resolve)


@patch.when_imported("channels.routing")
def repair_routes(routing):
    stock = vars(routing).get("route_pattern_match")
    if stock is None:
        raise NotNeeded("it leaves patterns to Django")

    @functools.wraps(stock)
    def route_pattern_match(route, path):
        found = stock(route, path)
        # First comes what is left of the path.
        if found and found[0] == "\n" and route.regex.pattern.endswith("$"):
            return None
        return found

    patch.replace_everywhere(routing, "route_pattern_match", route_pattern_match)
