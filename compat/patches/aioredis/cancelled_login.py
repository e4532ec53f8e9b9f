"""
Close a connection whose login was cancelled, as when a Redis that hangs does not answer in time.

The connection is closed on every Exception, and CancelledError is none since Python 3.8: each try
leaves a socket and a task behind.
https://github.com/aio-libs-abandoned/aioredis-py/blob/v1.3.1/aioredis/connection.py
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="aioredis",
    versions=">=1.0,<2.0",
    python=">=3.8",
    symptom="while Redis hangs, every attempt to connect leaves an open socket behind",
)


@patch.when_imported("aioredis.connection")
def repair(connection):
    import asyncio

    stock = connection.create_connection
    usual = connection.RedisConnection
    patch.expect(
        "connection_cls" in stock.__code__.co_varnames, "create_connection() takes no class"
    )

    @functools.wraps(stock)
    async def create_connection(address, *, connection_cls=None, **options):
        kind, made = connection_cls or usual, []

        class Noted(kind):
            def __init__(self, *args, **kwargs):
                self.__class__ = kind
                kind.__init__(self, *args, **kwargs)
                made.append(self)

        try:
            return await stock(address, connection_cls=Noted, **options)
        except asyncio.CancelledError:
            for conn in made:
                conn.close()
            raise

    patch.replace_everywhere(connection, "create_connection", create_connection)
