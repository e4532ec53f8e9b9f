import sys

from tests.support.probe import prove, source


@source
def code():
    from array import array

    numbers = array("B", [97, 98])
    numbers.fromstring(b"c")
    numbers.fromstring("d")
    print(numbers.tostring(), array("B").tostring())


def test_arrays_to_and_from_strings():
    prove(
        "python.array_strings",
        code,
        good="b'abcd' b''",
        bad="no attribute 'fromstring'",
        needed=sys.version_info >= (3, 9),
    )
