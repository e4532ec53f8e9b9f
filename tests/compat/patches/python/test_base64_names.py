import sys

from tests.support.probe import prove, source


@source
def code():
    import base64

    print(base64.encodestring(b"a" * 60), base64.decodestring(b"YWJj\n"))


def test_old_names_of_base64():
    lines = "YWFh" * 19 + "\\n" + "YWFh"
    prove(
        "python.base64_names",
        code,
        good="b'%s\\n' b'abc'" % lines,
        bad="no attribute 'encodestring'",
        needed=sys.version_info >= (3, 9),
    )
