import sys

from tests.support.probe import prove, source


@source
def code():
    import logging
    import threading

    made = threading.Event()
    logging._acquireLock()
    logging._acquireLock()  # the same thread may
    thread = threading.Thread(target=lambda: (logging.getLogger("shop"), made.set()))
    thread.start()
    print("free" if made.wait(0.3) else "held")
    logging._releaseLock()
    logging._releaseLock()
    print("made" if made.wait(30) else "stuck")
    thread.join()
    try:
        logging._releaseLock()
    except RuntimeError:
        print("RuntimeError")


def test_the_lock_of_logging_can_be_taken_as_on_python_3_12():
    prove(
        "python.logging_locks",
        code,
        good="held\nmade\nRuntimeError",
        bad="module 'logging' has no attribute '_acquireLock'",
        needed=sys.version_info >= (3, 13),
    )
