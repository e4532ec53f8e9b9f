import sys

from tests.support.probe import prove, source


@source
def code():
    import os

    try:
        open("/no/such/file")
    except OSError as error:
        print(error.errno == os.errno.ENOENT)


def test_errno_is_found_in_os():
    needed = sys.version_info >= (3, 7)
    prove("python.os_errno", code, "True", bad="no attribute 'errno'", needed=needed)
