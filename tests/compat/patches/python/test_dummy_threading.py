import sys

from tests.support.probe import prove

CODE = """
import importlib, threading
try:
    import no_such_module
except ImportError as error:
    print(error)
from dummy_threading import Lock
import dummy_threading, _dummy_thread
with Lock():
    print(callable(_dummy_thread.get_ident), callable(dummy_threading.Thread))
print(threading.__name__, threading.__spec__.name, importlib.reload(threading).__name__)
"""


def test_threading_under_its_old_names():
    prove(
        "python.dummy_threading",
        CODE,
        good="No module named 'no_such_module'\nTrue True\nthreading threading threading",
        bad="No module named 'dummy_threading'",
        needed=sys.version_info >= (3, 9),
    )
