"""What can go wrong; each fault is done to the running stack, and undone where it is not final."""

import contextlib
import os
import re
import signal
import socket
import time

from deploy_conf import processes
from deploy_conf.running import Run
from tests.support.wait import wait_until

from .engines import LAYER, LISTENERS, POSTGRESQL

ALL = [
    "kill daphne",
    "kill uwsgi worker",
    "kill uwsgi master",
    "kill runner",
    "kill publisher",
    "kill redis",
    "kill redis, its data kept",
    "kill nginx",
    "stop daphne",
    "stop uwsgi master",
    "stop runner",
    "stop publisher",
    "stop redis",
    "stop nginx",
    "redis out of memory",
    "redis out of connections",
    "cut clients off",
    "clients fall silent",
    "another epoch",
    "disk full",
    "restart database",
    "stop database",
    "database out of connections",
    "end what listens",
    "reload",
    "restart everything",
]


class Faults(object):
    """
    What a controller does to its stack. publishers: a list of live Popen, see __main__; proxies:
    what the clients come through; streams: their names.
    """

    def __init__(
        self,
        stack,
        clients,
        publishers,
        chance,
        proxies=(),
        streams=(),
        database=None,
        disk=None,
        way=LAYER,
    ):
        self.stack, self.clients, self.publishers = stack, clients, publishers
        self.chance = chance
        self.proxies, self.streams = proxies, streams
        self.database = database  # a server with stop() and start(), None: SQLite
        self.disk = disk  # a folder on a small disk of its own, None: there is none
        self.way = way  # the engine of notifications
        self.watch = Run(stack.var)

    def possible(self):
        """The names of what can be done here."""
        missing = {"disk full"} if self.disk is None else set()
        if self.database is None:
            missing |= {"restart database", "stop database", "database out of connections"}
        if self.way != POSTGRESQL:
            missing.add("end what listens")
        return [name for name in ALL if name not in missing]

    def do(self, name):
        """Do it and undo it; returns a few words on what it hit."""
        kind, _, rest = name.partition(" ")
        method = getattr(self, re.sub(r"\W+", "_", name), None)
        if method is not None:
            return method() or ""
        pid = self.pid(rest)
        if pid is None:
            return "not running"
        if kind == "kill":
            return self.signal(pid, signal.SIGKILL)
        self.signal(pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(1, 3))  # how long it hangs is the fault
        return self.signal(pid, signal.SIGCONT)

    def signal(self, pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return "it had ended"
        return ""

    def pid(self, target):
        """A process of the kind, None when there is none at the moment."""
        if target == "publisher":
            alive = [one.pid for one in self.publishers if one.poll() is None]
            return self.chance.choice(alive) if alive else None
        kind, _, part = target.partition(" ")
        found = [
            one["pid"]
            for one in self.watch.programs() or []
            if one["short"].partition("_")[0] == kind and one["pid"]
        ]
        if not found:
            return None
        pid = self.chance.choice(found)
        if part == "worker":
            workers = sorted(processes.children(pid))
            return self.chance.choice(workers) if workers else None
        return pid

    # By name

    def kill_redis_its_data_kept(self):
        try:
            self.redis("SAVE")
        except OSError as error:
            return str(error)
        pid = self.pid("redis")
        return "not running" if pid is None else self.signal(pid, signal.SIGKILL)

    def redis_out_of_memory(self):
        return self.redis_limit("maxmemory", "1", "268435456")

    def redis_out_of_connections(self):
        return self.redis_limit("maxclients", "1", "10000")

    def redis_limit(self, name, low, high):
        try:
            self.redis("CONFIG SET %s %s" % (name, low), "CLIENT KILL TYPE normal SKIPME yes")
            time.sleep(self.chance.uniform(1, 3))
            self.redis("CONFIG SET %s %s" % (name, high))
        except OSError as error:
            # With no connection left the limit cannot be lifted: Redis forgets it when it starts.
            pid = self.pid("redis")
            if pid is not None:
                self.signal(pid, signal.SIGKILL)
            return "%s; killed" % error
        return ""

    def redis(self, *commands):
        """
        Send inline commands to the stack's Redis, on one connection; OSError for a bad one.

        Returns how the last answer begins.
        """
        address = self.watch.read().get("redis", "")
        match = re.match(r"unix://(.*)\?password=(\w+)", address)
        if match is None:
            raise OSError("no Redis")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(match.group(1))
            for command in ("AUTH " + match.group(2),) + commands:
                connection.sendall(command.encode() + b"\r\n")
                answer = connection.recv(1000)
                if not answer or answer.startswith(b"-"):
                    raise OSError(answer.decode().strip() or "Redis hung up")
        return answer

    def cut_clients_off(self):
        some = [client for client in self.clients if self.chance.random() < 0.4]
        for client in some:
            client.cut(self.chance.uniform(1, 4))
        return "%d of them" % len(some)

    def clients_fall_silent(self):
        """What is sent through connections of now gets lost, both ways, and no side is told."""
        some = self.chance.sample(self.proxies, (len(self.proxies) + 1) // 2)
        for proxy in some:
            proxy.hush()
        return "%d of %d ways" % (len(some), len(self.proxies))

    def another_epoch(self):
        some = self.chance.sample(self.streams, (len(self.streams) + 1) // 2)
        # What `manage.py streams epoch` does, but for names that nobody has published to yet.
        code = "from compat.streams import epochs; print(len(epochs.change_all(%r)))" % some
        return "of %s streams" % self.stack.shell(code).split()[-1]

    def disk_full(self):
        path = os.path.join(self.disk, "filling")
        try:
            with open(path, "wb", buffering=0) as file:
                while True:
                    file.write(b"\0" * 65536)
        except OSError:
            pass
        time.sleep(self.chance.uniform(1, 3))
        os.unlink(path)

    def restart_database(self):
        self.database.stop(signal.SIGINT)
        time.sleep(self.chance.uniform(0.2, 1))
        self.database.start()

    def stop_database(self):
        """It hangs, all of it: who is connected waits, and so does who connects."""
        master = self.database.process.pid
        os.kill(master, signal.SIGSTOP)  # so that it makes no more of them
        family = [master] + sorted(processes.children(master))
        for pid in family:
            self.signal(pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(1, 3))
        for pid in reversed(family):
            self.signal(pid, signal.SIGCONT)

    def database_out_of_connections(self):
        """Others take every connection, and those of the site are ended."""
        seconds, end = self.chance.uniform(1, 3), None
        with contextlib.ExitStack() as taken:
            ours = []
            while end is None or time.monotonic() < end:
                try:
                    ours.append(taken.enter_context(contextlib.closing(self.database.connect())))
                except self.database.driver.OperationalError:
                    end = end or time.monotonic() + seconds
                    mine = [one.get_backend_pid() for one in ours]
                    with ours[0].cursor() as cursor:
                        cursor.execute(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                            "backend_type = 'client backend' AND NOT pid = ANY(%s)",
                            [mine],
                        )
                    time.sleep(0.05)
        return "%d taken" % len(ours)

    def end_what_listens(self):
        return "%d" % len(self.database.ask("SELECT pg_terminate_backend(pid) FROM " + LISTENERS))

    def reload(self):
        wait_until(lambda: self.stack.is_well(), seconds=90, what="the stack before a reload")
        self.stack.run("-m", "deploy_conf", "reload")

    def restart_everything(self):
        self.stack.down()
        self.stack.serve()
