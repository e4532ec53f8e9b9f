import sys

from tests.support.probe import prove, source


@source
def code():
    import sys

    first = sys.getcheckinterval()
    sys.setcheckinterval(1000)
    print(first, sys.getcheckinterval())


def test_the_check_interval_is_remembered():
    needed = sys.version_info >= (3, 9)
    bad = "no attribute 'getcheckinterval'"
    prove("python.sys_checkinterval", code, "100 1000", bad, needed=needed)
