import sys

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code():
    import unittest
    import warnings

    from django.test.runner import RemoteTestResult

    class Case(unittest.TestCase):
        def test(self):
            pass

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = RemoteTestResult()
        Case("test").run(result)
    print(*[event[0] for event in result.events], *[warning.message for warning in caught])


def test_a_test_of_a_parallel_run_is_recorded_without_a_warning():
    prove(
        "django.parallel_durations",
        code,
        good="startTest addSuccess stopTest",
        bad="no addDuration method",
        needed=sys.version_info >= (3, 12),
    )
