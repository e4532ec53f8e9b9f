"""
Every code with which a WebSocket of ours is closed: `every()`, and a name for each number.

Clients need one rule: 3500–3999 and 4500–4999 are final, upon any other code they come back.
"""

import collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Tuple

COMMAND = "python manage.py compat --markdown close-codes > docs/reference/close-codes.md"


class CloseCode(collections.namedtuple("CloseCode", "number name sentence sender")):
    """A record: the number, its name here, what it says to a client, and who sends it."""

    __slots__ = ()

    @property
    def final(self) -> bool:
        """Whether the client should stay away."""
        return is_final(self.number)


NORMAL = 1000
TOO_BIG = 1009
FAILED = 1011
RESTART = 1012
BEHIND = 4013
TOO_MANY = 4029
START_OVER = 4409
BAD_SINCE = 4500
SIGNED_OUT = 4501
FORBIDDEN = 4503
NOT_FOUND = 4504
TOO_LARGE = 4509

_EVERY = (
    CloseCode(
        NORMAL,
        "NORMAL",
        "The connection has lasted as long as the server lets one last.",
        "daphne (`--websocket_timeout`), and a consumer that closes without a code",
    ),
    CloseCode(
        TOO_BIG,
        "TOO_BIG",
        "A message was larger than `COMPAT_WEBSOCKET_MAX_BYTES`.",
        "daphne, as repaired by `daphne.message_size`",
    ),
    CloseCode(
        FAILED,
        "FAILED",
        "The consumer failed; its traceback is in the server's log.",
        "daphne, and where a consumer closes with a code that cannot be sent",
    ),
    CloseCode(
        RESTART,
        "RESTART",
        "The server stops, or cannot serve this socket at the moment.",
        "daphne when it is told to stop, `compat.streams`, `deploy`",
    ),
    CloseCode(
        BEHIND,
        "BEHIND",
        "The client took nothing for `STREAMS_SLOW_SECONDS` while more than `STREAMS_SLOW_BYTES` "
        "waited for it.",
        "`compat.streams`",
    ),
    CloseCode(
        TOO_MANY,
        "TOO_MANY",
        "Too many sockets of one address or user, or too many messages on this one, or more "
        "pings, pongs or tiny fragments than any client needs.",
        "`compat.sockets`, `compat.streams`; daphne, as repaired by `daphne.frame_flood`",
    ),
    CloseCode(
        START_OVER,
        "START_OVER",
        "The log has another history now, and the client knows of no `epoch`: what it has may not "
        "be in the log any more. It forgets that and comes back with `since=0`.",
        "`compat.streams`",
    ),
    CloseCode(
        BAD_SINCE,
        "BAD_SINCE",
        "`since` is neither a sequence number nor `latest`.",
        "`compat.streams`",
    ),
    CloseCode(
        SIGNED_OUT,
        "SIGNED_OUT",
        "The session has ended, or the account was closed.",
        "`compat.sockets`",
    ),
    CloseCode(
        FORBIDDEN,
        "FORBIDDEN",
        "The user may not use this socket any more.",
        "`compat.sockets`, asking the consumer",
    ),
    CloseCode(
        NOT_FOUND,
        "NOT_FOUND",
        "What the socket was about has been removed, or cannot be: no stream has such a name.",
        "`deploy`, `compat.streams`",
    ),
    CloseCode(
        TOO_LARGE,
        "TOO_LARGE",
        "A message was larger than `DEPLOY_MAX_FRAME`.",
        "`deploy`",
    ),
)

_PAGE = """\
# Close codes

Made by `%s`.

Codes 3500–3999 and 4500–4999 are final: a client that gets one stays away. After any other code,
and after a connection that ends without one, it comes back, with growing pauses. A code of a
site's own follows the same rule (`streams.js` does); one that no server may send, such as 1006,
reaches the client as 1011.

| code | name | then | what it says | sent by |
|---|---|---|---|---|
%s
The names are those of `compat.close_codes`: `await self.close(close_codes.RESTART)`.
"""


def every() -> "Tuple[CloseCode, ...]":
    """A tuple of CloseCode records by number."""
    return _EVERY


def is_final(number: int) -> bool:
    """Whether a client should stay away that reads this code."""
    return 3500 <= number <= 3999 or 4500 <= number <= 4999


def may_be_sent(number: object) -> bool:
    """Whether a server may send this code in a close frame (RFC 6455, and IANA's list)."""
    if isinstance(number, bool) or not isinstance(number, int):
        return False
    # 1004 has no meaning, 1005 and 1006 are for what never was a frame, 1010 is a client's.
    return (
        number in (1000, 1001, 1002, 1003)
        or 1007 <= number <= 1014
        and number != 1010
        or (3000 <= number <= 4999)
    )


def markdown() -> str:
    """The text of docs/reference/close-codes.md."""
    rows = [
        "| %d | `%s` | %s | %s | %s |\n"
        % (
            code.number,
            code.name,
            "stay away" if code.final else "come back",
            code.sentence,
            code.sender,
        )
        for code in every()
    ]
    return _PAGE % (COMMAND, "".join(rows))
