"""How often something may happen."""

import time
from typing import Callable


class Bucket(object):
    """A token bucket: a rate per second with bursts up to a size."""

    __slots__ = ("_rate", "_size", "_tokens", "_at", "_clock")

    def __init__(
        self, rate: float, size: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._size, self._clock = rate, size, clock
        self._tokens, self._at = float(size), clock()

    def take(self) -> bool:
        """Take one token; False when there is none."""
        now = self._clock()
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
