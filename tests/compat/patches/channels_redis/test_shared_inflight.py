"""Several workers, each with a layer and an event loop of its own, read one channel."""

from tests.support.probe import probe, prove, source

NAME = "channels_redis.shared_inflight"


@source
def start():
    global random
    import asyncio
    import os
    import random
    import threading

    from channels_redis.core import RedisChannelLayer

    def run(main, *args):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))], capacity=10000)
        loop.run_until_complete(main(layer, *args))
        loop.run_until_complete(layer.close_pools())
        loop.close()

    def start(main, *args):
        thread = threading.Thread(target=run, args=(main,) + args)
        thread.start()
        return thread


# A worker handles its message without giving its event loop a turn; meanwhile another one reads.
@source(start)
def blocked(asyncio, run, start, threading):
    taken, looked = threading.Event(), threading.Event()

    async def busy(layer):
        print("first", (await layer.receive("jobs"))["number"], flush=True)
        taken.set()
        looked.wait(9)

    async def other(layer):
        await layer.send("jobs", {"type": "job", "number": 1})
        taken.wait(9)
        try:
            message = await asyncio.wait_for(layer.receive("jobs"), 0.5)
            print("second", message["number"], flush=True)
        except asyncio.TimeoutError:
            print("nothing", flush=True)
        looked.set()

    worker = start(busy)
    run(other)
    worker.join()


# Three workers give up now and then; every message must come to one of them, once.
@source(start)
def impatient(asyncio, random, run, start, threading):
    COUNT = 600
    got, done = [], threading.Event()

    async def impatient(layer, seed):
        chance = random.Random(seed)
        while not done.is_set():
            try:
                seconds = chance.choice([0.0005, 0.001, 0.002, 0.005, 0.3])
                message = await asyncio.wait_for(layer.receive("jobs"), seconds)
                got.append(message["number"])
            except asyncio.TimeoutError:
                continue

    async def boss(layer):
        for number in range(COUNT):
            await layer.send("jobs", {"type": "job", "number": number})
        for _ in range(300):
            if len(set(got)) == COUNT:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)  # a second copy would come now
        done.set()

    workers = [start(impatient, seed) for seed in range(3)]
    run(boss)
    for worker in workers:
        worker.join()
    print(len(got), len(set(got)))


# Redis has handed a message out, but the reader is cancelled before it sees it.
@source(start)
def given_back(RedisChannelLayer, asyncio, os, run, start):
    import socket

    def somebody_waits():
        with socket.create_connection(("127.0.0.1", int(os.environ["PORT"]))) as administrator:
            administrator.sendall(b"INFO clients\r\n")
            return b"blocked_clients:1" in administrator.recv(10000)

    async def send(layer):
        for number in range(3):
            await layer.send("jobs", {"type": "job", "number": number})

    async def main(layer):
        other = RedisChannelLayer(hosts=layer.hosts)
        waiting = asyncio.ensure_future(layer.receive("jobs"))
        while not somebody_waits():
            await asyncio.sleep(0.01)
        start(send).join()  # our event loop stands still
        waiting.cancel()
        await asyncio.wait([waiting])
        await layer.wait_received()
        print(*[(await asyncio.wait_for(other.receive("jobs"), 9))["number"] for _ in range(3)])
        await other.close_pools()

    run(main)


def test_a_busy_workers_message_is_not_given_to_another(env):
    prove(NAME, blocked, good="first 1\nnothing", bad="second 1", env=env)


def test_nothing_is_lost_or_doubled_when_workers_give_up(env):
    patched = probe(impatient, env=env)
    assert patched.said == "600 600", patched.error


def test_what_a_cancelled_read_took_is_read_first_by_another(env):
    prove(NAME, given_back, good="0 1 2", bad="1 2 0", env=env)
