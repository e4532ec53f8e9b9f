"""
Give every HTTP request the whole middleware chain of Django 1.11, bound to no other request.

channels builds the chain once per handler class, but keeps only four of the six lists that
Django 1.10 and 1.11 use to finish a request, and binds the chain to the first request's handler.
https://github.com/django/channels/issues/1175
"""

from ...patching.patch import NotNeeded, Patch
from ._middleware_chain import share

patch = Patch(
    __name__,
    package="channels",
    versions="==2.1.4",
    requires={"django": ">=1.10,<2.0"},
    symptom="the second and every later HTTP request in a process answers 500 after its view ran",
)


@patch.when_imported("channels.http")
def repair(http):
    stock = http.AsgiHandler.load_middleware
    names = getattr(getattr(stock, "__code__", None), "co_names", ())
    if "_request_middleware" in names and "_response_middleware" in names:
        raise NotNeeded("AsgiHandler.load_middleware carries every list")
    share(patch, http)
