"""
For tests of a site that publishes; they need no Redis, no daphne and no commit::

    from compat.streams.testing import published

    class NewsTests(TestCase):
        def test_a_comment_is_announced(self):
            with published("news") as bodies:
                self.client.post("/comments/", {"text": "hello"})
            self.assertEqual(bodies, [{"text": "hello"}])

With pytest, `pytest_plugins = ["compat.streams.testing.fixtures"]` in conftest.py adds a fixture of
that name: `published("news")` is then what was published since the test began.
"""

from collections import abc
from typing import Any, List

__all__ = ["Published", "published"]


def published(stream: str) -> "Published":
    """A context manager: the bodies that are published to `stream` within it, decoded."""
    return Published(stream)


class Published(abc.Sequence):  # of Any, which Python 3.6 to 3.8 cannot say here
    """
    Bodies in their order, equal to a list of them; fixed from the end of the block on.

    As in the log: without what was rolled back, and what a key= has let through only once.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.since = -1
        self.fixed: List[Any] = []
        self.open = False

    def __enter__(self) -> "Published":
        from ..store import head

        self.since, self.open = head(self.stream), True
        return self

    def __exit__(self, *_: Any) -> None:
        self.open = False
        # A block that raises may have left a transaction in which nothing can be read.
        self.fixed = [] if _[0] is not None else bodies_after(self.stream, self.since)

    @property
    def bodies(self) -> "List[Any]":
        """The same as a list."""
        return bodies_after(self.stream, self.since) if self.open else list(self.fixed)

    def __getitem__(self, index: Any) -> Any:
        return self.bodies[index]

    def __len__(self) -> int:
        return len(self.bodies)

    def __eq__(self, other: Any) -> bool:
        return self.bodies == (other.bodies if isinstance(other, Published) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.bodies)


def bodies_after(stream: str, since: int) -> "List[Any]":
    """All bodies of the stream after that number."""
    from ..store import read

    found: List[Any] = []
    while True:
        rows = read(stream, since)
        if not rows:
            return found
        found += [row.body for row in rows]
        since = rows[-1].seq
