"""An event loop whose clock jumps: what waits for seconds is tested in none."""

import asyncio


class JumpingLoop(asyncio.SelectorEventLoop):
    """
    Where the loop would sleep until a timer is due, its clock is moved there instead.

    `now` is the clock. A loop that waits for nothing at all would wait for ever: AssertionError.
    Nothing in it may use threads or other processes, whose seconds are real.
    """

    def __init__(self):
        self.now = 1000.0
        super().__init__()
        self._selector = Jumping(self._selector, self)

    def time(self):
        return self.now


class Jumping(object):
    """A selector that does not wait."""

    def __init__(self, selector, loop):
        self._stock, self._loop = selector, loop

    def select(self, timeout=None):
        ready = self._stock.select(0)
        if not ready:
            assert timeout is not None, "everybody waits, and nothing will happen"
            self._loop.now += timeout
        return ready

    def __getattr__(self, name):
        return getattr(self._stock, name)
