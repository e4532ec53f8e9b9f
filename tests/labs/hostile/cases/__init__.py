"""
Hostile input: what it is, the bytes, what its client gets, and who stops it.

In the bytes %HOST%, %ORIGIN% and %COOKIE% stand for header lines of a client who may do everything,
so that nothing else is the reason of an answer.
"""

from .frames import FRAMES
from .handshakes import HANDSHAKES
from .messages import MESSAGES, SINCES, SUBSCRIPTIONS
from .pages import PAGES

__all__ = ["FRAMES", "HANDSHAKES", "MESSAGES", "PAGES", "SINCES", "SUBSCRIPTIONS"]
