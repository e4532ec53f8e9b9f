"""
Unmask what a client sends, and look whether its text is UTF-8, in one go and not byte by byte.

autobahn does both in Python, for 2 MB/s: a third of what a short message costs, and half a second
for a message of 1 MB, in which nobody else is served. With the package wsaccel, or autobahn's own
compiled parts, where there are any, there is nothing to repair.
https://github.com/crossbario/autobahn-python/blob/v24.4.2/autobahn/websocket/xormasker.py#L67
"""

import functools

from ...patching.patch import NotNeeded, Patch, code_of

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a message of 1 MB from a client takes half a second of CPU before anybody sees it",
)


def in_python(function):
    """The code of a function; None of one that is compiled, or only hands on to what is."""
    compiled = str(getattr(function, "__module__", "")).startswith("autobahn.nvx.")
    return None if compiled else code_of(function)


@patch.when_imported("autobahn.websocket.protocol")
def repair(protocol):
    from ._bytes import masker, validate

    stock = protocol.create_xor_masker
    code = in_python(stock)
    validator = protocol.Utf8Validator
    check = vars(validator).get("validate")
    if code is None and in_python(check) is None:
        raise NotNeeded("autobahn's masks and its UTF-8 are compiled")
    if code is not None:
        names = code.co_varnames[: code.co_argcount]
        patch.expect(names == ("mask", "length"), "create_xor_masker() takes %r" % (names,))
        patch.replace(protocol, "create_xor_masker", functools.wraps(stock)(masker))
    if in_python(check) is not None:
        patch.expect({"_state", "_index"} <= set(check.__code__.co_names), "Utf8Validator")

        @functools.wraps(check)
        def in_one_go(self, ba):
            return validate(check, self, ba)

        patch.replace(validator, "validate", in_one_go)
