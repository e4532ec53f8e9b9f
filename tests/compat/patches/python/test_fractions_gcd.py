import sys

from tests.support.probe import prove, source


@source
def code():
    from fractions import gcd

    print(gcd(12, 18), gcd(-12, 18), gcd(12, -18), gcd(-4, 0), gcd(0, 0))


def test_gcd_keeps_its_sign():
    prove(
        "python.fractions_gcd",
        code,
        good="6 6 -6 -4 0",
        bad="cannot import name 'gcd'",
        needed=sys.version_info >= (3, 9),
    )
