import sys

from tests.support.probe import prove, source


@source
def code():
    import threading

    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    print(thread.isAlive())
    thread.start()
    print(thread.isAlive())
    done.set()
    thread.join()
    print(thread.isAlive(), threading.main_thread().isAlive())


def test_a_thread_tells_whether_it_runs():
    prove(
        "python.threading_isalive",
        code,
        good="False\nTrue\nFalse True",
        bad="no attribute 'isAlive'",
        needed=sys.version_info >= (3, 9),
    )
