import sys

import pytest

from tests.support.probe import prove

from .idle import CODE


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
