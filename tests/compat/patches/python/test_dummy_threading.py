import sys

from tests.support.probe import prove, source


@source
def code():
    global no_such_module
    import importlib
    import threading

    try:
        import no_such_module
    except ImportError as error:
        print(error)
    import _dummy_thread
    import dummy_threading
    from dummy_threading import Lock

    with Lock():
        print(callable(_dummy_thread.get_ident), callable(dummy_threading.Thread))
    print(threading.__name__, threading.__spec__.name, importlib.reload(threading).__name__)


def test_threading_under_its_old_names():
    prove(
        "python.dummy_threading",
        code,
        good="No module named 'no_such_module'\nTrue True\nthreading threading threading",
        bad="No module named '_dummy_thread'",
        needed=sys.version_info >= (3, 9),
    )
