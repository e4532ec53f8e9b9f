"""A database that notifies, and who hears it."""

import asyncio
import contextlib
import json

from compat.channel_layer import postgresql
from compat.channel_layer.postgresql_subscriber import PostgresqlSubscriber

GROUP = "streams.0123"
MESSAGE = {"type": "news", "stream": "s", "first": 1, "last": 2, "bodies": ["1", "2"]}
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'django_bridge.listen'"


class Database:
    """A database of PostgreSQL that is Django's default one, and what others do there."""

    def __init__(self, server):
        self.server = server
        self.settings = server.new_database()

    def ask(self, query, *parameters):
        one = self.server.driver.connect(
            host=self.settings["HOST"],
            port=self.settings["PORT"],
            user=self.settings["USER"],
            dbname=self.settings["NAME"],
        )
        with contextlib.closing(one), one.cursor() as cursor:
            one.autocommit = True
            cursor.execute(query, parameters)
            return cursor.fetchall()

    def elsewhere(self, text=None, group=GROUP, sender="elsewhere"):
        """Notify as another process does, or what nobody of ours would say."""
        if text is None:
            text = "%s %s %s" % (sender, group, json.dumps(MESSAGE))
        self.ask("SELECT pg_notify(%s, %s)", postgresql.channel(), text)

    def listeners(self):
        return [row[0] for row in self.ask(LISTENERS + " AND datname = %s", self.settings["NAME"])]


class Ear:
    """A PostgresqlSubscriber that keeps what it is told."""

    def __init__(self):
        self.messages, self.returns = [], 0
        self.changed = asyncio.Event()
        self.subscriber = PostgresqlSubscriber(self.heard, self.returned)

    def heard(self, message):
        self.messages.append(message)
        self.changed.set()

    def returned(self):
        self.returns += 1
        self.changed.set()

    async def until(self, ready, seconds=30):
        async def wait():
            while not ready(self):
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(wait(), seconds)

    async def hears(self, number):
        await self.until(lambda one: len(one.messages) >= number)


async def listener(group=GROUP):
    one = Ear()
    await one.subscriber.join(group)
    assert one.subscriber.listens
    return one
