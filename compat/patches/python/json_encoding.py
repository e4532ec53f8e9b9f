"""
Let `json.load()` and `json.loads()` be called with `encoding` again, which they ignore as ever.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="json.loads() fails: __init__() got an unexpected keyword argument 'encoding'",
)


@patch.when_imported("json.decoder")
def repair(decoder):
    # Options that loads() does not know come here; so the usual call, without any, stays as fast.
    init = decoder.JSONDecoder.__init__

    def __init__(self, *, encoding=None, **options):
        init(self, **options)

    __init__.__wrapped__ = init
    patch.replace(decoder.JSONDecoder, "__init__", __init__, as_it_is=True)  # it takes more
