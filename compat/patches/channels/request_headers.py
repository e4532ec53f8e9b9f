"""
Join the headers of a request that come more than once in linear time, and drop names with `_`.

Each was appended to a copy of all before it (compare CVE-2025-14550 of Django's own ASGI). A name
with an underscore passed for the one with a hyphen that a proxy sets (compare CVE-2026-3902);
daphne drops these, other servers may not. Cookie headers are joined with a semicolon, as
RFC 7540 wants it: with a comma the second one is lost.
https://www.djangoproject.com/weblog/2026/feb/03/security-releases/
"""

import functools

from ...patching.patch import Patch, code_of

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<=3.0.5",
    requires={"django": ">=1.11,<3.0"},
    symptom="a request that repeats a header costs quadratic time; X_Y passes for X-Y",
)


@patch.when_imported("channels.http")
def repair(http):
    request = http.AsgiRequest
    stock = vars(request).get("__init__")
    code = code_of(stock)
    patch.expect(code and "scope" in code.co_varnames, "AsgiRequest begins differently")

    @functools.wraps(stock)
    def __init__(self, scope, *args, **kwargs):
        headers = scope.get("headers")
        if isinstance(headers, dict) or not headers:
            stock(self, scope, *args, **kwargs)
            return
        stock(self, dict(scope, headers=joined(headers)), *args, **kwargs)
        self.scope = scope

    patch.replace(request, "__init__", __init__)


def joined(headers):
    """[(name, value), …] of pairs of bytes, each name once, in the order of their first."""
    found = {}
    order = []
    for name, value in headers:
        if b"_" in name:
            continue
        if name not in found:
            found[name] = []
            order.append(name)
        found[name].append(value)
    return [(name, (b"; " if name == b"cookie" else b",").join(found[name])) for name in order]
