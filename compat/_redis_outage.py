"""Whether an error of aioredis says that Redis is away for a moment, or refuses to serve us."""

import asyncio

# Redis starts, or is being replaced by another server (which unblocks those that wait).
TRANSIENT_REPLIES = (
    "LOADING",
    "READONLY",
    "NOREPLICAS",
    "UNBLOCKED",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "BUSY ",
)
# It has no room, or cannot save; or it knows another password than we, which is being replaced, or
# mistaken. Somebody has to see to it, and finds it in the log; sockets wait for that.
REFUSALS = (
    "OOM ",
    "MISCONF ",
    "NOAUTH ",
    "WRONGPASS ",
    "NOPERM ",
    "ERR invalid password",
    "ERR Client sent AUTH, but no password is set",
    "ERR AUTH <password> called without any password configured",
)


def is_outage(error):
    """True for a lost or refused connection, or a server that serves nobody; False for the rest."""

    from aioredis import errors

    if isinstance(error, errors.ConnectionForcedCloseError):
        return False  # we closed it
    if isinstance(error, (errors.ReplyError, errors.ReadOnlyError)):
        transient = reply(error).startswith(TRANSIENT_REPLIES + REFUSALS)
        return transient or isinstance(error, (errors.MaxClientsError, errors.ReadOnlyError))
    lost = (errors.ConnectionClosedError, errors.ProtocolError)
    return isinstance(error, lost + (OSError, EOFError, asyncio.TimeoutError))


def is_refusal(error):
    """Whether Redis is there, but somebody has to see to it before it serves us."""
    from aioredis.errors import ReplyError

    return isinstance(error, ReplyError) and reply(error).startswith(REFUSALS)


def reply(error):
    """What Redis said: before Redis 7, the cause follows that a script failed."""
    said = str(error)
    return said.partition(": -")[2] if said.startswith("ERR Error running script") else said
