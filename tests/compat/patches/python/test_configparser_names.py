import sys

from tests.support.probe import prove, source


@source
def code():
    import configparser
    import io

    parser = configparser.SafeConfigParser()
    parser.readfp(io.StringIO("[a]\nb = 1"))
    print(parser.get("a", "b"))
    try:
        parser.readfp(io.StringIO("c"), "site.ini")
    except configparser.MissingSectionHeaderError as error:
        print(error.source)


def test_old_names_of_configparser():
    prove(
        "python.configparser_names",
        code,
        good="1\nsite.ini",
        bad="no attribute 'SafeConfigParser'",
        needed=sys.version_info >= (3, 12),
    )
