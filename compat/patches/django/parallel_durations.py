"""
Take the duration of each test in `manage.py test --parallel`, for which Django has no use.
https://docs.python.org/3/whatsnew/3.12.html#unittest
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<5.0",
    python=">=3.12",
    symptom="manage.py test --parallel warns for each test: TestResult has no addDuration method",
)


@patch.when_imported("django.test.runner")
def repair(runner):
    patch.add(runner.RemoteTestResult, "addDuration", lambda self, test, elapsed: None)
