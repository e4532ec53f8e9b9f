from tests.support.probe import probe, prove, source

NAME = "channels_redis.cancelled_receive"


@source
def start():
    global random
    import asyncio
    import os
    import random

    from channels_redis.core import RedisChannelLayer

    layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))], capacity=10000)

    async def cancel(task):
        task.cancel()
        try:
            await task
        except (asyncio.CancelledError, AssertionError):  # upstream finds its lock held
            pass

    async def soon(awaitable):
        try:
            return await asyncio.wait_for(awaitable, 2)
        except asyncio.TimeoutError:
            return {"type": "nothing"}

    def run(main):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main())
        loop.run_until_complete(layer.close_pools())


# The one that reads leaves, and the next is cancelled 0, 1, 2 … turns of the loop later.
@source(start)
def granted(asyncio, cancel, layer, run):
    async def main():
        stalled = []
        for turns in range(5):
            names = [await layer.new_channel() for _ in range(3)]
            tasks = [asyncio.ensure_future(layer.receive(name)) for name in names]
            await asyncio.sleep(0.05)
            sending = asyncio.ensure_future(layer.send(names[0], {"type": "first"}))
            await tasks[0]
            for _ in range(turns):
                await asyncio.sleep(0)
            await cancel(tasks[1])
            await sending
            await layer.send(names[2], {"type": "third"})
            if not (await asyncio.wait(tasks[2:], timeout=0.5))[0]:
                stalled.append(turns)
                tasks[2].cancel()
                break
        print("stalled" if stalled else "received")

    run(main)


# Disconnects at every stage of waiting, while others go on.
@source(start)
def churn(asyncio, cancel, layer, random, run):
    async def main():
        random.seed(1)
        names = [await layer.new_channel() for _ in range(20)]
        got = {name: [] for name in names}

        async def consume(name):
            while len(got[name]) < 30:
                got[name].append((await layer.receive(name))["number"])

        consumers = [asyncio.ensure_future(consume(name)) for name in names]

        async def visitor():
            for _ in range(15):
                task = asyncio.ensure_future(layer.receive(await layer.new_channel()))
                for _ in range(random.randrange(12)):
                    await asyncio.sleep(0)
                await asyncio.sleep(random.choice([0, 0, 0.001, 0.003]))
                await cancel(task)

        visitors = [asyncio.ensure_future(visitor()) for _ in range(10)]
        for number in range(30):
            for name in names:
                await layer.send(name, {"type": "count", "number": number})
        await asyncio.wait(visitors + consumers, timeout=40)
        print(all(got[name] == list(range(30)) for name in names), len(layer.receive_buffer))
        for task in visitors + consumers:
            task.cancel()
        await asyncio.wait(visitors + consumers)
        print([task for task in visitors if not task.cancelled() and task.exception()])

    run(main)


@source(start)
def leak(asyncio, cancel, layer, run):
    async def main():
        for _ in range(50):
            task = asyncio.ensure_future(layer.receive(await layer.new_channel()))
            await asyncio.sleep(0.001)
            await cancel(task)
        await layer.wait_received()
        print(len(layer.receive_buffer), len(layer.receive_clean_locks.wait_counts))

    run(main)


@source(start)
def shared(asyncio, cancel, layer, run, soon):
    async def main():
        name = await layer.new_channel()
        other = await layer.new_channel()
        tasks = [asyncio.ensure_future(layer.receive(one)) for one in (other, name, name, name)]
        await asyncio.sleep(0.1)
        await cancel(tasks[1])
        await cancel(tasks[0])
        await layer.group_add("g", name)
        await layer.group_add("g", other)
        await layer.group_send("g", {"type": "a"})
        await layer.send(name, {"type": "b"})
        print(*[(await soon(task))["type"] for task in tasks[2:]])
        print((await soon(layer.receive(other)))["type"], len(layer.receive_buffer))
        try:
            await layer.receive("specific.other!name")
        except AssertionError:
            print("refused")
        waiting = asyncio.ensure_future(layer.receive(name))
        await asyncio.sleep(0)
        second = asyncio.new_event_loop()
        error = []

        def elsewhere():
            try:
                second.run_until_complete(layer.receive(name))
            except RuntimeError as found:
                error.append(str(found))

        await asyncio.get_event_loop().run_in_executor(None, elsewhere)
        await cancel(waiting)
        print(*error)

    run(main)


# Messages to a consumer that has ended, one that is busy, and a name that is read later on.
LEFT = (
    start
    + """
layer.capacity = 3

async def consume():
    name = await layer.new_channel()
    names.append(name)
    got = [await layer.receive(name)]
    await end.wait()
    while name in layer.receive_buffer:
        got.append(await layer.receive(name))
    return len(got)

async def end_at_once():
    name = await layer.new_channel()
    names.append(name)
    await layer.receive(name)

# Whoever reads has the other messages kept that are found first.
async def send(name, *numbers):
    for number in numbers:
        await layer.send(name, {"type": "count", "number": number})
    await layer.send(own, {"type": "read"})
    await layer.receive(own)

async def main():
    global own, names, end
    own, names, end = await layer.new_channel(), [], asyncio.Event()
    ending, busy = [asyncio.ensure_future(one()) for one in (end_at_once, consume)]
    while len(names) < 2:
        await asyncio.sleep(0)
    for name in names:
        await layer.send(name, {"type": "begin"})
    await ending
    later = await asyncio.ensure_future(layer.new_channel())
    for start in (0, 2):
        for name in names + [later]:
            await send(name, start, start + 1)
    print("ended", layer.receive_buffer[names[0]].qsize())
    end.set()
    print("busy", await busy)
    print("later", layer.receive_buffer[later].qsize(), (await layer.receive(later))["number"])
    await layer.send(later, {"type": "old"})
    await layer.send(own, {"type": "read"})
    layer.expiry = 0
    await layer.receive(own)
    layer.expiry = 60
    await send(own)
    print("expired", later not in layer.receive_buffer)
    await layer.wait_received()
run(main)
"""
)


def test_messages_are_kept_for_those_only_who_may_ask_for_them(env):
    result = probe(LEFT, env=env)
    assert result.said == "ended 0\nbusy 5\nlater 3 0\nexpired True", result.error
    stock = probe(LEFT, disable=NAME, env=env).said
    assert stock.startswith("ended 4\n") and stock.endswith("expired False")


def test_cancelled_receives_leave_nothing_behind(env):
    prove(NAME, leak, good="0 0", bad="50 ", env=env)


def test_the_next_in_turn_is_cancelled_as_its_turn_comes(env):
    prove(NAME, granted, good="received", bad="stalled", env=env)


def test_consumers_receive_everything_while_others_disconnect(env):
    assert probe(churn, env=env).said == "True 0\n[]"


def test_waiters_on_the_same_channel_and_groups(env):
    patched = probe(shared, env=env)
    said, _, refusal = patched.said.rpartition("\n")
    assert said == "a b\na 0\nrefused" and "event loops" in refusal, patched.said + patched.error
