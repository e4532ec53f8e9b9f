"""
Let the traceback of a failed task, which billiard copies to carry it between processes, be
formatted: Python asks a code object for more than the copies hold.
https://github.com/celery/billiard/issues/377
"""

from itertools import repeat

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="billiard",
    versions=">=3.3,<4.1",
    python=">=3.11",
    symptom="a celery task that fails: '_Code' object has no attribute 'co_positions'",
)


@patch.when_imported("billiard.einfo")
def repair(einfo):
    def co_positions(self):
        """Unknown for every instruction; Python falls back on the line of the frame."""
        return repeat((None, None, None, None))

    for copy in (einfo._Code, einfo._Object):  # the latter: the rest of a long traceback
        patch.add(copy, "co_positions", co_positions)
        patch.add(copy, "co_qualname", property(lambda self: self.co_name))
