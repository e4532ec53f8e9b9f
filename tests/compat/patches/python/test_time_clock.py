import sys

from tests.support.probe import prove, source


@source
def code():
    import time

    first = time.clock()
    sum(range(10**6))
    print(0 <= first < time.clock() <= time.process_time())


def test_time_clock_tells_processor_time():
    needed = sys.version_info >= (3, 8)
    prove("python.time_clock", code, "True", bad="no attribute 'clock'", needed=needed)
