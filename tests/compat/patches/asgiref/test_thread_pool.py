"""A real daphne with few threads, whose Redis has a host name, and probes of the threads."""

import asyncio
import concurrent.futures
import http.client
import os
import shutil
import signal
import socket
import time

import pytest
import websocket

from compat.patching.versions import installed_version
from tests.support.daphne import daphne
from tests.support.probe import probe, prove, source

NAME = "asgiref.thread_pool"
THREADS = 3
shares_lookups = pytest.mark.skipif(
    installed_version("asgiref") != "2.3.2", reason="older ones have threads of their own"
)
SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site_of_pool.py")


@pytest.fixture
def serve(tmp_path, redis):
    def start(**environ):
        environ.update(ASGI_THREADS=str(THREADS), REDIS=str(redis.port))
        return daphne(tmp_path, "site_of_pool:application", **environ)

    shutil.copy(SITE, str(tmp_path))
    return start


def all_at_once(function):
    """The answers to as many visitors as there are threads; "" from one who waited in vain."""

    def visit(_):
        try:
            return function()
        except (socket.timeout, websocket.WebSocketTimeoutException):
            return ""

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(visit, range(THREADS)))


def get(address, path, seconds):
    connection = http.client.HTTPConnection(*address, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def converse(address, seconds):
    client = websocket.create_connection("ws://%s:%d/" % address, timeout=20)
    try:
        client.settimeout(seconds)
        client.send("who am I?")
        return client.recv()
    finally:
        client.shutdown()


@pytest.mark.parametrize("path, answer", [("push", "pushed"), ("children", "child")])
def test_every_thread_may_wait_for_others(serve, path, answer):
    with serve() as address:
        for _ in range(3):
            answers = all_at_once(lambda: get(address, "/%s/" % path, 30))
            assert answers == [answer] * THREADS
        started = time.monotonic()
    # The idle threads do not delay SIGTERM; after 20 s daphne() kills it.
    assert time.monotonic() - started < 18


@pytest.mark.parametrize("path", [pytest.param("push", marks=shares_lookups), "nested"])
def test_without_the_patch_the_site_hangs(serve, tmp_path, path):
    # uvloop looks up names in threads of its own, and a push needs no other here.
    with serve(COMPAT_DISABLE=NAME, COMPAT_EVENT_LOOP="asyncio") as address:
        assert all_at_once(lambda: get(address, "/%s/" % path, 2)) == [""] * THREADS
        assert all_at_once(lambda: get(address, "/quick/", 1)) == [""] * THREADS
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)  # it ignores SIGTERM


def test_sync_consumers_may_wait_for_threads(serve):
    with serve() as address:
        assert all_at_once(lambda: converse(address, 30)) == ["anonymous"] * THREADS
        assert get(address, "/quick/", 30) == "quick"


def test_without_the_patch_sync_consumers_hang(serve, tmp_path):
    with serve(COMPAT_DISABLE=NAME) as address:
        assert all_at_once(lambda: converse(address, 2)) == [""] * THREADS
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@source
def start_probe():
    global ThreadPoolExecutor, async_to_sync, os, sync_to_async, sys
    import asyncio
    import os
    import sys
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    from asgiref.sync import async_to_sync, sync_to_async  # gives this loop its ASGI_THREADS

    def threads():
        return [thread for thread in threading.enumerate() if "SyncToAsync" in thread.name]

    def until(condition):
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "too late"
            time.sleep(0.005)

    class Busy:
        "How many are in here at most."

        now = most = 0
        lock = threading.Lock()

        def __call__(self):
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.02)
            with self.lock:
                self.now -= 1


# Without the patch these hang, which a timer tells.
@source(start_probe)
def alarm(_tell_states, os, threading):
    def hang():
        print("hangs", flush=True)
        _tell_states()
        os._exit(0)

    alarm = threading.Timer(2 if os.environ["COMPAT_DISABLE"] else 20, hang)
    alarm.daemon = True
    alarm.start()


NESTED = {"env": {"ASGI_THREADS": "1"}, "bad": "hangs"}


def test_exceptions_pass_through():
    @source
    def code(async_to_sync, loop, sync_to_async):
        def fail():
            raise LookupError("inside")

        def outer():
            try:
                async_to_sync(sync_to_async(fail))()
            except LookupError as error:
                return "caught " + str(error)

        print(loop.run_until_complete(sync_to_async(outer)()))

    prove(NAME, alarm + code, good="caught inside", **NESTED)


def test_stop_iteration_wakes_whoever_awaits():
    @source
    def code(loop, sync_to_async):
        try:
            loop.run_until_complete(sync_to_async(next)(iter([])))
        except RuntimeError as error:
            print("RuntimeError", repr(error.__cause__).replace(",", ""))

    bad = "RuntimeError" if futures_take_stop_iteration() else "hangs"
    prove(NAME, alarm + code, good="RuntimeError StopIteration()", bad=bad)


def futures_take_stop_iteration():
    """Since releases of 3.11 to 3.13 they make such an error of it themselves."""
    loop = asyncio.new_event_loop()
    future = asyncio.Future(loop=loop)
    try:
        future.set_exception(StopIteration())
    except TypeError:
        return False
    finally:
        loop.close()
    return isinstance(future.exception(), RuntimeError)


def test_a_thread_of_the_sites_own():
    @source
    def code(async_to_sync, loop, sync_to_async, threading):
        def outer():
            results = []
            to_loop = async_to_sync(sync_to_async(lambda: "answered"))
            thread = threading.Thread(target=lambda: results.append(to_loop()))
            thread.start()
            thread.join()
            return results[0]

        print(loop.run_until_complete(sync_to_async(outer)()))

    prove(NAME, alarm + code, good="answered", **NESTED)


def test_a_view_may_use_asyncio_itself():
    @source
    def code(async_to_sync, asyncio, loop, sync_to_async, sys):
        async def inner():
            return await sync_to_async(lambda: "answered")()

        def outer():
            if sys.version_info < (3, 7):
                return async_to_sync(inner)()  # asyncio does not tell where that one comes from
            return asyncio.run_coroutine_threadsafe(inner(), loop).result()

        print(loop.run_until_complete(sync_to_async(outer)()))

    prove(NAME, alarm + code, good="answered", **NESTED)


def test_a_task_goes_on_when_the_inner_call_is_over():
    @source
    def code(async_to_sync, asyncio, loop, sync_to_async):
        async def outer():
            tasks = []

            async def later():
                await released.wait()
                return await sync_to_async(lambda: "done")()

            async def leave_a_task():
                tasks.append(asyncio.ensure_future(later()))

            released = asyncio.Event()
            await sync_to_async(lambda: async_to_sync(leave_a_task)())()
            released.set()
            return await tasks[0]

        print(loop.run_until_complete(sync_to_async(lambda: async_to_sync(outer)())()))

    prove(NAME, alarm + code, good="done", **NESTED)


def test_a_cancelled_call_leaves_its_place():
    @source
    def code(async_to_sync, asyncio, loop, sync_to_async, threading, threads, until):
        async def main():
            release = threading.Event()

            async def inner():
                calls = [asyncio.ensure_future(sync_to_async(release.wait)(20)) for _ in range(5)]
                await asyncio.sleep(0.05)
                for call in calls:
                    call.cancel()
                await asyncio.wait(calls)
                release.set()
                return await sync_to_async(lambda: "free")()

            return await sync_to_async(lambda: async_to_sync(inner)())()

        print(loop.run_until_complete(main()))
        until(lambda: len(threads()) == 1)

    prove(NAME, alarm + code, good="free", **NESTED)


def test_several_loops():
    @source
    def code(ThreadPoolExecutor, async_to_sync, asyncio, sync_to_async, threading, threads, until):
        def one(number):
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            loop.set_default_executor(ThreadPoolExecutor(1))
            try:
                return loop.run_until_complete(
                    sync_to_async(lambda: async_to_sync(sync_to_async(lambda: number))())()
                )
            finally:
                loop.close()

        pool = ThreadPoolExecutor(4)
        print(sum(pool.map(one, range(40))))
        pool.shutdown()
        threading.Thread(target=async_to_sync(asyncio.sleep), args=[0]).start()
        until(lambda: not threads())

    prove(NAME, alarm + code, good="780", **NESTED)


@source(start_probe)
def bound(Busy, async_to_sync, asyncio, loop, sync_to_async, threading, threads, until):
    global main
    top, nested, main = Busy(), Busy(), threading.current_thread()

    async def inner():
        await asyncio.gather(*[sync_to_async(nested)() for _ in range(10)])

    def view():
        top()
        async_to_sync(inner)()

    async def views():
        await asyncio.gather(*[sync_to_async(view)() for _ in range(9)])

    loop.run_until_complete(views())
    until(lambda: len(threads()) <= 3)  # those of the overflow have ended
    print(top.most <= 3, nested.most <= 6)


@pytest.mark.parametrize("environ", [{"ASGI_THREADS": "3"}, pytest.param({}, marks=shares_lookups)])
def test_the_threads_are_bounded(environ):
    code = bound
    if not environ:
        code = code.replace("asyncio.set_event_loop(loop)", SIZED)
    assert probe(code, env=environ).said == "True True"


SIZED = "asyncio.set_event_loop(loop); loop.set_default_executor(ThreadPoolExecutor(3))"


@shares_lookups
def test_another_executor_of_the_loop_changes_their_number():
    @source
    def code(Busy, ThreadPoolExecutor, asyncio, loop, sync_to_async, threads, time, until):
        sizes = []

        async def used(limit):
            busy = Busy()
            await asyncio.gather(*[sync_to_async(busy)() for _ in range(3 * limit)])
            sizes.append(busy.most)

        async def main():
            for limit in (1, 4, 2):
                loop.set_default_executor(ThreadPoolExecutor(limit))
                await used(limit)
            waiting = [asyncio.ensure_future(sync_to_async(time.sleep)(0.1)) for _ in range(6)]
            await asyncio.sleep(0.02)
            loop.set_default_executor(ThreadPoolExecutor(3))
            await used(3)
            print(sizes, all(task.done() for task in waiting) or await asyncio.gather(*waiting))

        loop.run_until_complete(main())
        until(lambda: len(threads()) == 3)  # the others have ended

    said = probe(start_probe + code).said
    assert said in ("[1, 4, 2, 3] True", "[1, 4, 2, 3] %s" % ([None] * 6)), said


def test_what_a_finished_call_set_off_queues_like_any_other():
    """daphne reads a connection's next request in what the last response set off."""

    @source(start_probe)
    def code(Busy, async_to_sync, asyncio, loop, sync_to_async, threads):
        busy, done = Busy(), []

        async def respond():
            loop.call_soon(lambda: loop.call_later(0.05, start))

        def start():
            done.append(asyncio.ensure_future(views()))

        async def views():
            await asyncio.gather(*[sync_to_async(busy)() for _ in range(10)])

        async def main():
            await sync_to_async(lambda: async_to_sync(respond)())()
            while not done:
                await asyncio.sleep(0.01)
            await done[0]

        loop.run_until_complete(main())
        print(busy.most, len(threads()))

    assert probe(code, env={"ASGI_THREADS": "2"}).said == "2 2"


@shares_lookups
def test_lookups_have_threads_of_their_own():
    @source
    def code(asyncio, loop, sync_to_async, threading):
        release = threading.Event()

        async def main():
            view = asyncio.ensure_future(sync_to_async(release.wait)(20))
            await asyncio.sleep(0.05)
            try:
                return len(await asyncio.wait_for(loop.getaddrinfo("localhost", 80), 15)) > 0
            finally:
                release.set()
                await view

        print(loop.run_until_complete(main()))

    prove(NAME, alarm + code, good="True", **NESTED)


def test_a_forked_process_has_threads_of_its_own():
    @source(start_probe)
    def code(loop, os, sync_to_async, threading):
        print(loop.run_until_complete(sync_to_async(lambda: "parent")()), flush=True)
        child = os.fork()
        if not child:
            threading.Timer(20, os._exit, [1]).start()
            answer = loop.run_until_complete(sync_to_async(lambda: "child")())
            os._exit(0 if answer == "child" else 2)
        print(os.waitpid(child, 0)[1])

    assert probe(code, env={"ASGI_THREADS": "1"}).said == "parent\n0"


def test_idle_threads_do_not_delay_the_exit():
    @source
    def code(asyncio, loop, sync_to_async, threading, threads):
        all_at_once = threading.Barrier(5)

        async def main():
            await asyncio.gather(*[sync_to_async(all_at_once.wait)() for _ in range(5)])

        loop.run_until_complete(main())
        print(len(threads()))

    started = time.monotonic()
    assert probe(start_probe + code, env={"ASGI_THREADS": "5"}).said == "5"
    assert time.monotonic() - started < 20


@source
def database(async_to_sync, asyncio, loop, os, sync_to_async):
    import tempfile

    import django
    from django.conf import settings

    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "CONN_MAX_AGE": None,
                "NAME": os.path.join(tempfile.mkdtemp(), "db"),
            }
        }
    )
    django.setup()
    from django.db import connection

    def open_files():
        name = settings.DATABASES["default"]["NAME"]
        folder = "/proc/self/fd"
        paths = []
        for number in os.listdir(folder):
            try:
                paths.append(os.readlink(os.path.join(folder, number)))
            except OSError:
                pass
        return paths.count(name)

    def query():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    def view():
        query()
        async_to_sync(inner)()

    async def inner():
        await asyncio.gather(*[sync_to_async(query)() for _ in range(5)])

    loop.run_until_complete(sync_to_async(view)())


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="asks Linux for the open files")
def test_overflow_threads_leave_no_database_connection():
    code = start_probe + database + "import gc; gc.disable(); print(open_files())"
    assert probe(code, env={"ASGI_THREADS": "1"}).said == "1"
