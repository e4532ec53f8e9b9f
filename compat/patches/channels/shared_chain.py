"""
Bind the middleware chain that the handlers of a class share to none of them.

channels 2.1.5 and later carry the whole chain to every request (as channels.request_finish has
2.1.4 do), but its innermost step stays the first request's handler, and a subclass that is used
after its parent has the parent's.
https://github.com/django/channels/pull/1136
"""

from ...patching.patch import Patch
from ._middleware_chain import share

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1.5,<3.0",
    requires={"django": ">=1.10,<2.0"},
    symptom="a subclass of AsgiHandler sees the first request's scope, or never runs its own step",
)


@patch.when_imported("channels.http")
def repair(http):
    share(patch, http)
