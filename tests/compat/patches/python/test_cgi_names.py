import sys

from tests.support.probe import prove, source


@source
def code():
    import cgi

    print(cgi.escape("<a href=\"x\">'&'"), cgi.escape('"', True), cgi.escape("'", quote=True))
    print(cgi.parse_qs("a=1&a=2"), cgi.parse_qsl("b="), cgi.parse_qsl("b=", True))


def test_old_names_of_cgi():
    prove(
        "python.cgi_names",
        code,
        good="&lt;a href=\"x\"&gt;'&amp;' &quot; '\n{'a': ['1', '2']} [] [('b', '')]",
        bad="module 'cgi' has no attribute 'escape'",
        needed=sys.version_info >= (3, 8),
    )
