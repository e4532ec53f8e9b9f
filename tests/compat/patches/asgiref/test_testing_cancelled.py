import sys

import pytest

from tests.support.probe import prove

CODE = """
import asyncio
from asgiref.testing import ApplicationCommunicator

class Idle:
    def __init__(self, scope): pass
    async def __call__(self, receive, send):
        await asyncio.get_event_loop().create_future()

async def main():
    communicator = ApplicationCommunicator(Idle, {})
    try:
        await communicator.%s(timeout=0.05)
    except BaseException as error:
        return isinstance(error, asyncio.TimeoutError), type(error).__name__

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
print(loop.run_until_complete(main()))
"""


# wait() takes its own timeout for the end of the application.
@pytest.mark.parametrize(
    "method, good, bad",
    [
        ("wait", "None", "(True, 'TimeoutError')"),
        ("receive_output", "(True, 'TimeoutError')", "(False, 'CancelledError')"),
    ],
)
def test_an_application_that_does_not_answer_is_stopped(method, good, bad):
    needed = sys.version_info >= (3, 8)
    prove("asgiref.testing_cancelled", CODE % method, good, bad, needed)
