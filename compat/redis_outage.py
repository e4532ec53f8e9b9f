"""Whether an error of aioredis says that Redis is away for a moment."""

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


def is_outage(error):
    """True for a lost or refused connection, or a server that is not ready; False for the rest."""

    from aioredis import errors

    if isinstance(error, errors.ConnectionForcedCloseError):
        return False  # we closed it
    if isinstance(error, (errors.ReplyError, errors.ReadOnlyError)):
        said = str(error)
        if said.startswith("ERR Error running script"):  # before Redis 7; the cause follows
            said = said.partition(": -")[2]
        transient = said.startswith(TRANSIENT_REPLIES)
        return transient or isinstance(error, (errors.MaxClientsError, errors.ReadOnlyError))
    lost = (errors.ConnectionClosedError, errors.ProtocolError)
    return isinstance(error, lost + (OSError, EOFError, asyncio.TimeoutError))
