"""Log lines that a failing server would otherwise repeat thousands of times."""

import time


class Throttle:
    """Passes one line every `seconds` and tells how many were held back in between."""

    def __init__(self, seconds=30.0):
        self.seconds = seconds
        self.next = 0.0
        self.held = 0

    def log(self, log, message, *args):
        """Call `log(message, *args)` unless a line was passed a short while ago."""
        now = time.monotonic()
        if now < self.next:
            self.held += 1
            return
        held, self.held, self.next = self.held, 0, now + self.seconds
        if held:
            message += f" ({held} more since the last line)"
        log(message, *args)
