"""
Connect to the master that Redis Sentinel names, for hosts written as channels_redis 3.3 takes them.

{"sentinels": [("10.0.0.1", 26379), …], "master_name": "mymaster"}, with options of
aioredis.create_redis() for Redis beside them, and for the sentinels in "sentinel_kwargs".
https://github.com/django/channels_redis/pull/250
"""

import asyncio
import functools
import logging

from ...patching.patch import Patch
from .silent_connection import impatient

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    requires={"aioredis": ">=1.0,<2.0"},
    symptom="TypeError from create_redis(): a Redis behind Sentinel cannot be used",
)

# For one sentinel, and for Redis to connect: a server that hangs says nothing, and its sentinels
# name another meanwhile.
ASK_SECONDS, CONNECT_SECONDS = 1.0, 2.0

logger = logging.getLogger(__name__)


@patch.when_imported("channels_redis.core")
def repair(core):
    from ..._redis_outage import is_outage

    layer, pool = core.RedisChannelLayer, core.ConnectionPool
    manager = layer.ConnectionContextManager
    stock_decode, stock_pop, stock_exit = layer.decode_hosts, pool.pop, manager.__aexit__
    connection_class = impatient(core.aioredis.RedisConnection)

    @functools.wraps(stock_decode)
    def decode_hosts(self, hosts):
        decoded = stock_decode(self, hosts)
        for host in decoded:
            if "sentinels" in host or "master_name" in host:
                check(host)
        return decoded

    @functools.wraps(stock_pop)
    async def pop(self, loop=None):
        if "sentinels" in self.host:
            conns, loop = self._ensure_loop(loop)
            if not conns:
                conn = await connect(self, connection_class)
                self._ensure_loop(loop)[0].append(conn)
        return await stock_pop(self, loop)

    @functools.wraps(stock_exit)
    async def __aexit__(self, exc_type, exc, tb):
        pool = self.pool
        try:
            return await stock_exit(self, exc_type, exc, tb)
        finally:
            if "sentinels" in pool.host and is_outage(exc):
                # Those that rest lead to the same server, which is a replica now, or gone.
                conns, _ = pool._ensure_loop(None)
                while conns:
                    conns.pop().close()

    patch.replace(layer, "decode_hosts", decode_hosts)
    patch.replace(pool, "pop", pop)
    patch.replace(manager, "__aexit__", __aexit__)


def check(host):
    """Raises ValueError for a host of CHANNEL_LAYERS that does not say enough, or too much."""
    sentinels, name = host.get("sentinels"), host.get("master_name")
    pairs = isinstance(sentinels, (list, tuple)) and all(
        isinstance(one, (list, tuple)) and len(one) == 2 for one in sentinels
    )
    if not pairs or not sentinels:
        raise ValueError('"sentinels" of a Redis host must be a list of (host, port)')
    if not name or not isinstance(name, str):
        raise ValueError('A Redis host with "sentinels" needs "master_name", as they know it')
    if "address" in host:
        raise ValueError('A Redis host has either "sentinels" or an "address"')


async def connect(pool, connection_class):
    """A connection to the master; raises ConnectionError when no sentinel leads to one."""
    from ..._redis_outage import is_outage

    host = dict(pool.host)
    sentinels, name = list(host.pop("sentinels")), host.pop("master_name")
    asking = dict(host.pop("sentinel_kwargs", None) or {})
    patience = asking.pop("timeout", None) or ASK_SECONDS
    seconds = host.pop("timeout", None) or CONNECT_SECONDS
    for option in ("minsize", "maxsize"):  # of a pool, which upstream puts around each one
        host.pop(option, None)
    host.setdefault("connection_cls", connection_class)

    first = vars(pool).get("_sentinel", 0)  # who answered last
    tried, said = {}, []
    for number in range(first, first + len(sentinels)):
        number %= len(sentinels)
        sentinel = tuple(sentinels[number])
        try:
            master = await within(patience, ask(sentinel, name, asking))
        except Exception as error:
            if isinstance(error, asyncio.CancelledError) or not is_failure(error):
                raise
            said.append("%s:%s %s" % (sentinel + (brief(error),)))
            continue
        if master is None:
            said.append("%s:%s does not know it" % sentinel)
            continue
        if master not in tried:
            try:
                conn = await within(seconds, open_master(master, host))
            except Exception as error:
                if isinstance(error, asyncio.CancelledError) or not is_outage(error):
                    raise
                tried[master] = brief(error)
            else:
                pool._sentinel = number
                if vars(pool).get("_master") != master:
                    pool._master = master
                    logger.info("Redis %s is %s:%d now", name, *master)
                return conn
        said.append("%s:%s names %s:%d, %s" % (sentinel + master + (tried[master],)))
    raise ConnectionError("no master %r by its sentinels: %s" % (name, "; ".join(said)))


def is_failure(error):
    """Whether a sentinel cannot help us, which another may; any answer that is an error, too."""
    from aioredis.errors import RedisError

    return isinstance(error, (OSError, EOFError, asyncio.TimeoutError, RedisError))


def brief(error):
    return str(error) or type(error).__name__


async def ask(sentinel, name, options):
    """The master's (host, port) by one sentinel, or None when that does not know the name."""
    conn = await open_connection(sentinel, options)
    try:
        found = await conn.execute("SENTINEL", "get-master-addr-by-name", name, encoding="utf-8")
    finally:
        conn.close()
    return (found[0], int(found[1])) if found else None


async def open_master(address, options):
    conn = await open_connection(address, options)
    try:
        role = await conn.execute("ROLE", encoding="utf-8")
        if role[0] != "master":
            raise ConnectionError("which is a %s" % role[0])
    except BaseException:
        conn.close()
        raise
    return conn


async def open_connection(address, options):
    """aioredis forgets, and leaves open, what is cancelled while it logs in: we log in here."""
    import aioredis

    options = dict(options)
    password, db = options.pop("password", None), options.pop("db", None)
    user = options.pop("username", None)
    conn = await aioredis.create_redis(address, **options)
    try:
        if user:
            await conn.execute("AUTH", user, password or "")
        elif password is not None:
            await conn.auth(password)
        if db is not None:
            await conn.select(db)
    except BaseException:
        conn.close()
        raise
    return conn


async def within(seconds, work):
    """
    What a coroutine returns, or TimeoutError.

    wait_for() may lose the result when it comes at the last moment; here, a connection that
    nobody takes is closed.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            raise asyncio.TimeoutError("did not answer in %g s" % seconds)
        return task.result()
    except BaseException:
        task.add_done_callback(discard)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)
        raise


def discard(task):
    if not task.cancelled() and not task.exception() and hasattr(task.result(), "close"):
        task.result().close()
