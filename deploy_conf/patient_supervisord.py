"""
supervisord, started so that it outlives a full disk.

What it cannot write to its log it complains about on stderr, and when that is a file on the same
disk the complaint raises, ends it, and nothing is restarted any more.
https://github.com/Supervisor/supervisor/blob/4.2.5/supervisor/loggers.py
"""

import os
import sys


class Patient:
    """A stream that drops what cannot be written."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        try:
            return self.stream.write(text)
        except OSError:
            return len(text)

    def flush(self):
        try:
            self.stream.flush()
        except OSError:
            pass

    def __getattr__(self, name):
        return getattr(self.stream, name)


def main():
    from supervisor import supervisord

    sys.stderr = Patient(sys.stderr)
    supervisord.main()


if __name__ == "__main__":
    # Run by its path, for the package need not be importable from where supervisord works.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    main()
