"""
Let a process start where ASGI_THREADS is no number of threads; it says so in one line.

asgiref reads it in the body of a class, so that a slip in a unit file, or the variable without a
value, is a traceback from int() at the import of whatever needs channels: in uWSGI, daphne and
manage.py alike. Python's own number counts then, as if nothing had been said.
https://github.com/django/asgiref/blob/2.3.2/asgiref/sync.py#L92
"""

import os

from ...patching.patch import NotNeeded, Patch
from .thread_pool import threads

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<3.0",
    symptom="ASGI_THREADS=many: ValueError at the start of every process, manage.py included",
)


# The package comes first: what reads the variable is imported here, where it can be hidden.
@patch.when_imported("asgiref")
def repair(asgiref):
    given = os.environ.get(threads.name)
    if given is None or is_number(given):
        raise NotNeeded("%s is %s" % (threads.name, "not set" if given is None else given))
    threads()  # tells what is wrong with it
    del os.environ[threads.name]
    try:
        import asgiref.sync  # noqa: F401
    finally:
        os.environ[threads.name] = given


def is_number(text):
    """Whether asgiref can take it."""
    try:
        return int(text) > 0
    except ValueError:
        return False
