"""Which instance of the channel layer is used where, and how a call of it is made; no server."""

import asyncio
import os
import threading
import time

import pytest
from aioredis.errors import RedisError
from channels.layers import get_channel_layer

from compat.channel_layer import layers, private_loop

REDIS = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": ["redis://x"]}}


@pytest.fixture
def redis_layer(settings, monkeypatch):
    settings.CHANNEL_LAYERS = {"default": REDIS}
    monkeypatch.setattr(layers, "_local", threading.local())
    return get_channel_layer()


def test_a_layer_of_our_own_with_the_sites_configuration(redis_layer):
    own, another = layers.own_layer(), layers.own_layer()
    assert own is not redis_layer and type(own) is type(redis_layer) and own.hosts
    assert own.group_expiry == layers.MEMBER_SECONDS and redis_layer.group_expiry == 86400
    assert len({own.client_prefix, another.client_prefix, redis_layer.client_prefix}) == 3


def test_members_that_expire_sooner_stay_so(settings):
    settings.CHANNEL_LAYERS = {"default": dict(REDIS, CONFIG={"group_expiry": 60})}
    assert layers.own_layer().group_expiry == 60


def test_a_thread_keeps_its_layers(redis_layer, settings):
    sender, renewing = layers.network_layer(), layers.network_layer(members_renew=True)
    assert sender.group_expiry == 86400 and renewing.group_expiry == layers.MEMBER_SECONDS
    assert layers.network_layer() is sender
    assert layers.network_layer(members_renew=True) is renewing
    others = []
    thread = threading.Thread(target=lambda: others.append(layers.network_layer()))
    thread.start()
    thread.join()
    assert others[0] is not sender
    pid, *rest = layers._local.layers[False]
    assert pid == os.getpid()
    layers._local.layers[False] = (pid + 1, *rest)  # after a fork
    assert layers.network_layer() is not sender
    settings.CHANNEL_LAYERS = {"default": dict(REDIS)}  # a site's tests do that
    assert layers.network_layer(members_renew=True) is not renewing


def test_what_does_not_leave_the_process_is_no_layer(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    assert layers.network_layer() is None and layers.own_layer() is None
    settings.CHANNEL_LAYERS = {}
    assert layers.network_layer() is None and layers.own_layer() is None


def test_another_layer_is_used_as_it_is(settings, monkeypatch):
    class Other:
        pass

    other = Other()
    monkeypatch.setattr(layers, "_shared_layer", lambda: other)
    assert layers.network_layer() is other and layers.own_layer() is other
    assert not layers.is_redis(other)


def test_a_backend_that_is_made_anew_each_time_is_not_ours_to_copy(redis_layer, monkeypatch):
    """As a site's that puts another in the place of its own."""
    from channels.layers import channel_layers

    monkeypatch.setattr(channel_layers, "make_backend", lambda alias: object())
    assert layers.own_layer() is redis_layer


@pytest.mark.parametrize("error", [OSError, EOFError, RedisError, KeyError])
def test_a_connection_that_went_stale_gets_a_second_chance_and_no_third(error):
    calls = []

    async def fail():
        calls.append(threading.current_thread())
        raise error()

    async def once():
        calls.append(threading.current_thread())
        if len(calls) == 1:
            raise error()

    with pytest.raises(error):
        layers.call(fail, 5)
    assert len(calls) == (1 if error is KeyError else 2)
    del calls[:]
    if error is not KeyError:
        layers.call(once, 5)
        assert calls == [threading.current_thread()] * 2


def test_inside_a_loop_one_helper_thread_does_it():
    threads = []

    async def work():
        threads.append(threading.current_thread())

    async def main():
        for _ in range(2):
            layers.call(work, 5)
        with pytest.raises(private_loop.TookTooLong):
            layers.call(lambda: asyncio.sleep(60), 0.01)

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    assert threads[0] is threads[1] is not threading.current_thread()
    assert threads[0].name.startswith("group-send")


def test_a_forked_process_has_a_helper_of_its_own(monkeypatch):
    monkeypatch.setattr(layers, "_helper", (None, None))
    pool = layers._helper_thread()
    assert layers._helper_thread() is pool
    monkeypatch.setattr(layers, "_helper", (os.getpid() + 1, pool))
    other = layers._helper_thread()
    assert other is not pool
    for each in (pool, other):
        each.shutdown()


def test_what_takes_too_long_is_ended():
    ended = []

    async def hang():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    began = time.monotonic()
    with pytest.raises(private_loop.TookTooLong, match="no answer within 0.05 s"):
        private_loop.run(hang, 0.05)
    assert ended and time.monotonic() - began < 30

    async def fine():
        return 1

    # The timer of one call does not end the next.
    assert private_loop.run(fine, 0.001) == 1
    assert private_loop.run(lambda: asyncio.sleep(0.01, 2), 5) == 2


def test_a_loop_that_was_interrupted_is_not_used_again():
    waiting = []

    async def interrupted():
        waiting.append(asyncio.ensure_future(asyncio.sleep(60)))
        await asyncio.sleep(0)
        raise KeyboardInterrupt()

    async def fine():
        return asyncio.get_event_loop()

    before = private_loop.run(fine, 5)
    with pytest.raises(KeyboardInterrupt):
        private_loop.run(interrupted, 5)
    assert before.is_closed() and id(before) not in private_loop._loops
    assert waiting[0].cancelled()
    after = private_loop.run(fine, 5)
    assert after is not before and not after.is_closed()
