"""
Give requests under daphne the `environ` that Django's have under WSGI.

There it is the same dictionary as META. Views, middleware and packages that read it, for
`wsgi.url_scheme` or the client's address, raised AttributeError as soon as daphne served them.
https://github.com/django/channels/blob/2.1.4/channels/http.py#L26
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<3.0",
    requires={"django": ">=1.11,<3.0"},
    symptom="'AsgiRequest' object has no attribute 'environ'",
)


@patch.when_imported("channels.http")
def repair(http):
    from django.utils.functional import cached_property

    request = http.AsgiRequest
    patch.expect("COOKIES" in vars(request), "AsgiRequest is different")
    # A site may set it, as under WSGI.
    patch.add(request, "environ", cached_property(environ, name="environ"))


def environ(request):
    request.META.setdefault("wsgi.url_scheme", request.scheme)
    return request.META
