"""What a message costs an ordinary consumer, with the patch and without it."""

from tests.support.probe import prove, source

CONSUMERS = """
import asyncio
import django
from django.conf import settings
settings.configure(DATABASES={})
django.setup()
from channels.consumer import AsyncConsumer, SyncConsumer
from channels.db import DatabaseSyncToAsync
from channels.exceptions import StopConsumer

MESSAGES = [{"type": "number"}] * 20 + [{"type": "stop"}]
tasks, hops, handled = [], [], []

class Numbers:
    channel_layer_alias = None

    def handle(self, message):
        handled.append(message)

class Asynchronous(Numbers, AsyncConsumer):
    async def number(self, message):
        self.handle(message)

    async def stop(self, message):
        raise StopConsumer

class Synchronous(Numbers, SyncConsumer):
    def number(self, message):
        self.handle(message)

    def stop(self, message):
        raise StopConsumer

def factory(loop, coroutine, **more):
    tasks.append(coroutine)
    return asyncio.Task(coroutine, loop=loop, **more)

in_thread = DatabaseSyncToAsync.thread_handler

def counted(self, *args, **kwargs):
    hops.append(args)
    return in_thread(self, *args, **kwargs)

DatabaseSyncToAsync.thread_handler = counted

async def run(consumer):
    queue = asyncio.Queue()
    for message in MESSAGES:
        queue.put_nowait(message)

    async def send(message):
        pass

    await consumer({})(queue.get, send)

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
"""


@source(CONSUMERS)
def tasks(loop, factory, run, Asynchronous, handled, tasks):
    loop.set_task_factory(factory)
    loop.run_until_complete(run(Asynchronous))
    print(len(handled), "handled,", len(tasks), "tasks")


def test_a_message_needs_no_task():
    prove("channels.message_tasks", tasks, "20 handled, 1 tasks", "20 handled, 22 tasks")


@source(CONSUMERS)
def hops(loop, run, Synchronous, handled, hops):
    loop.run_until_complete(run(Synchronous))
    print(len(handled), "handled,", "few" if len(hops) < 5 else len(hops), "hops")


def test_messages_that_are_there_together_make_one_hop_into_a_thread():
    prove("channels.message_tasks", hops, "20 handled, few hops", "20 handled, 21 hops")
