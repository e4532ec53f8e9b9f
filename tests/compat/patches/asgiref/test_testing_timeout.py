import sys

from tests.support.probe import prove

from .idle import CODE

BOTH = """
import asyncio, concurrent.futures

def both(error):
    return [isinstance(error, one.TimeoutError) for one in (asyncio, concurrent.futures)]
""" + CODE.replace("isinstance(error, asyncio.TimeoutError)", "both(error)")


def test_either_name_catches_the_timeout():
    prove(
        "asgiref.testing_timeout",
        BOTH % "receive_output",
        good="([True, True], 'TimeoutError')",
        bad="([True, False], 'TimeoutError')",
        needed=(3, 8) <= sys.version_info < (3, 11),
    )
