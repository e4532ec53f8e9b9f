"""
Offer `time.clock()` again: the processor time of this process, in seconds.
https://docs.python.org/3/whatsnew/3.8.html#api-and-feature-removals
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.8",
    symptom="an older library fails: module 'time' has no attribute 'clock'",
)


@patch.when_imported("time")
def repair(time):
    patch.add(time, "clock", time.process_time)
