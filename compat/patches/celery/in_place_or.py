"""
Let `workflow |= task.s()` append to a chain again: signatures are dictionaries, and Python gave
those an `|=` of their own, which overwrites the signature with the task's.
https://docs.python.org/3/whatsnew/3.9.html#dictionary-merge-update-operators
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="celery",
    versions=">=4.0,<5",
    python=">=3.9",
    symptom="a chain extended with |= runs its last task only",
)


@patch.when_imported("celery.canvas")
def repair(canvas):
    Signature = canvas.Signature
    if Signature.__ior__ is not dict.__ior__:
        raise NotNeeded("celery has its own")

    def __ior__(self, other):
        return self | other

    patch.add(Signature, "__ior__", __ior__)
