"""One run: publishers and readers at work, faults in between, and then the books are compared."""

import collections
import json
import os
import random
import sys
import threading
import time

from deploy_conf import health
from deploy_conf.running import Run
from tests.support import CHECKOUT, warm
from tests.support.clients import WAYS, Client, Visitor
from tests.support.proxies import Silent
from tests.support.sites.stack import Stack
from tests.support.wait import wait_until

from . import engines, ledger
from .faults import Faults

SETTLE = 180  # seconds that readers may take to have everything once all is quiet
PUBLISHERS = 3
VISITORS = 4
PROXIES = 4  # the readers come through one of them each
SHARED = 3  # streams of a reader who follows many on one connection


class ChaosStack(Stack):
    """The stack, which knows whether all of it answers."""

    # The lab's settings have no asgi.py beside them.
    options = ("--asgi", "devops.asgi:application", "--wsgi", "devops.wsgi:application")

    def __init__(self, var, daphnes, **environ):
        super().__init__(var, **environ)
        self.options += ("--daphne-processes", str(daphnes))

    def is_well(self):
        run = Run(self.var)
        record = run.read()
        programs = run.programs(record) if record else None
        return bool(programs) and not health.problems(run, record, programs)


class Chaos(object):
    """
    entries in total on `streams` streams, `clients` readers, `faults` faults within `seconds`, each
    that can be done here twice if it is None.

    folder: where the site and the ledgers live. deaf: readers that do not resume, which must fail.
    database: (server, DATABASE_URL), None: SQLite; disk: a small one's folder, or None.
    way: the engine of notifications, which must be in force before and after.
    visitors: who ask for pages meanwhile, 20 times a second each.
    """

    def __init__(self, folder, seed, entries, streams, clients, faults, seconds, **more):
        self.folder, self.seed = str(folder), seed
        self.entries, self.number, self.seconds = entries, streams, seconds
        self.clients_wanted, self.faults_wanted = clients, faults
        self.deaf = more.get("deaf", False)
        self.database = more.get("database")
        self.disk = more.get("disk")
        self.way = more.get("way", engines.LAYER)
        self.only = more.get("only")
        self.daphnes = more.get("daphnes", 2)
        self.visitors_wanted = more.get("visitors", VISITORS)
        self.say = more.get("say", lambda line: None)
        self.chance = random.Random(seed)
        self.uids = ["web%d" % n for n in range(streams)]
        self.ledgers = []
        self.publishers = {}
        self.clients = []
        self.proxies = []
        self.visitors = []
        self.timeline = []  # (seconds since the start, fault, note)
        self.over = threading.Event()

    def run(self):
        """Do it all; returns the report as a dict."""
        var = os.path.join(self.disk or self.folder, "var")
        environ = {"DJANGO_SETTINGS_MODULE": "tests.labs.chaos.settings"}
        environ["CHAOS_NOTIFICATIONS"] = self.way
        if self.database:
            environ["DATABASE_URL"] = self.database[1]
        self.stack = ChaosStack(var, self.daphnes, **environ)
        self.stack.up()
        try:
            self.stack.shell(
                "from deploy.models import Service\n"
                "for uid in %r: Service.objects.create(uid=uid, name=uid, "
                "command=['sleep', '600'])" % self.uids
            )
            return self._run()
        finally:
            self.over.set()
            for one in self.clients + self.visitors:
                one.over.set()
            for proxy in self.proxies:
                proxy.__exit__()
            for process in self.publishers.values():
                process.kill()
            self.stack.down()

    def _run(self):
        cookie = self.stack.login()
        self.began = time.time()
        self.proxies = [Silent("127.0.0.1", self.stack.port).__enter__() for _ in range(PROXIES)]
        self.clients = [self._client(cookie, n) for n in range(self.clients_wanted)]
        wait_until(lambda: all(one.connects for one in self.clients), 60, "the readers' start")
        self.visitors = [
            Visitor(self.stack.host, "/accounts/login/") for _ in range(self.visitors_wanted)
        ]
        self.stack.start(self.uids[0], cookie)
        wait_until(lambda: self._deployments()[0][0] == "running", 60, "the first deployment")
        self.stack.start(self.uids[0], cookie)  # it waits
        self._make_faults()
        self._check_engine()
        keeper = threading.Thread(target=self._keep_publishing, daemon=True)
        keeper.start()
        wait_until(self._is_published, SETTLE, "the publishers' start")
        self.began = time.time()
        self._do_faults()
        keeper.join(self.seconds + SETTLE)
        assert not keeper.is_alive(), "the publishers do not end"
        wait_until(self.stack.is_well, SETTLE, "the stack, after the last fault")
        for visitor in self.visitors:
            visitor.end()
        self._check_engine()
        if self.deaf:
            self._until_everybody_hears()
        logs, epochs = self._logs()
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline and not self.deaf:
            if all(
                (one.epoch, one.last) == (epochs[one.uid], len(logs[one.uid])) for one in self.books
            ):
                break
            time.sleep(0.1)
        for client in self.clients:
            client.end()
        wait_until(self._runs_are_settled, SETTLE, "the deployments' states to be true")
        return self._report(logs, epochs)

    def _client(self, cookie, n):
        """The nth reader: of each way to follow one stream or many there is one in turn."""
        kind = 0 if self.deaf else n % (2 * len(WAYS))
        few = min(SHARED, len(self.uids))
        return Client(
            self.stack,
            cookie,
            self.chance.sample(self.uids, few) if kind % 2 else self.chance.choice(self.uids),
            "%s %d" % (self.seed, n),
            # The first entries are not there yet when it comes the first time.
            deaf=self.deaf,
            way=WAYS[kind // 2],
            address=("127.0.0.1", self.proxies[n % PROXIES].port),
        )

    @property
    def books(self):
        return [book for client in self.clients for book in client.books]

    # Publishers

    def _keep_publishing(self):
        """Start publishers, again when they were killed, until each has done its part."""
        names = ["p%d" % n for n in range(PUBLISHERS)]
        self.ledgers = [os.path.join(self.folder, name + ".ledger") for name in names]
        open_ = dict(zip(names, self.ledgers))
        while open_ and not self.over.is_set():
            for name, path in list(open_.items()):
                process = self.publishers.get(name)
                if process is not None and process.poll() is None:
                    continue
                if ledger.read(path)[1]:
                    del open_[name]
                    continue
                command = [sys.executable, "-m", "tests.labs.chaos.publisher", name, path]
                command += [str(self.seed), str(self.entries // PUBLISHERS), str(self.seconds)]
                command += ["deploy:" + uid for uid in self.uids]
                env = dict(self.stack.environ, PYTHONWARNINGS="ignore")
                with open(os.path.join(self.folder, name + ".log"), "ab") as log:
                    self.publishers[name] = warm.popen(command, warm.STACK, env, CHECKOUT, log)
            time.sleep(0.1)

    def _is_published(self):
        return len(self.publishers) == PUBLISHERS and all(
            ledger.read(path)[0] for path in self.ledgers
        )

    # Faults

    def _make_faults(self):
        server = self.database[0] if self.database else None
        self.faults = faults = Faults(
            self.stack,
            self.clients,
            _Live(self.publishers),
            self.chance,
            self.proxies,
            ["deploy:" + uid for uid in self.uids],
            server,
            self.disk,
            self.way,
        )
        names = self.only or faults.possible()
        impossible = set(names) - set(faults.possible())
        assert not impossible, "cannot be done here: %s" % ", ".join(sorted(impossible))
        self.wanted = []
        count = self.faults_wanted or 2 * len(names)
        while len(self.wanted) < count:
            some = list(names)
            self.chance.shuffle(some)
            self.wanted += some
        del self.wanted[count:]

    def _do_faults(self):
        gap = self.seconds / (len(self.wanted) + 1)
        for number, name in enumerate(self.wanted, 1):
            # Some take long: the next ones come sooner, so that entries are published throughout.
            due = self.began + (number + self.chance.uniform(-0.5, 0.3)) * gap
            time.sleep(max(0.2, due - time.time()))
            at = time.time() - self.began
            try:
                note = self.faults.do(name)
            except AssertionError as error:
                note = "failed: %s" % str(error).strip().splitlines()[-1]
            self.timeline.append((at, name, note))
            self.say("%7.1f s  %s%s" % (at, name, note and ": " + note))

    def _check_engine(self):
        """The run says something about the engine only if it is in force."""
        found = []

        def fits():
            found[:] = engines.problems(self.faults, self.stack.var, self.way)
            return not found

        try:
            wait_until(fits, 60, "the engine")
        except AssertionError:
            raise AssertionError("notifications are not by %s: %s" % (self.way, "; ".join(found)))

    def _until_everybody_hears(self):
        """Readers who do not ask for what they missed have had all once they get what is new."""
        before = [len(one.entries) for one in self.books]

        def heard():
            if all(len(one.entries) > count for one, count in zip(self.books, before)):
                return True
            self.stack.shell(
                "from compat.streams import publish\n"
                "for uid in %r: publish('deploy:' + uid, {'k': 'note'})" % self.uids
            )
            return False

        wait_until(heard, SETTLE, "the readers' return")

    # Books

    def _logs(self):
        """{uid: [id, …]} of what is in the log, which must have no hole, and {uid: epoch}."""
        code = (
            "import json; from compat.streams.models import Entry, Stream\n"
            "rows, found = Entry.objects.order_by('stream__name', 'seq'), []\n"
            "for name, seq, body in rows.values_list('stream__name', 'seq', 'body'):\n"
            "    found.append([name, seq, json.loads(body).get('id')])\n"
            "epochs = dict(Stream.objects.values_list('name', 'epoch'))\n"
            "print(json.dumps([found, epochs]))"
        )
        found, epochs = json.loads(self.stack.shell(code).splitlines()[-1])
        logs = {uid: [] for uid in self.uids}
        for name, seq, body_id in found:
            kind, _, uid = name.partition(":")
            if kind == "deploy" and uid in logs:
                logs[uid].append(body_id)
                assert len(logs[uid]) == seq, "the log of %s has a hole before %d" % (uid, seq)
        # One without entries has no epoch for its readers either.
        return logs, {uid: epochs.get("deploy:" + uid) or "" for uid in self.uids}

    def _report(self, logs, epochs):
        wrong = []
        stored = collections.Counter(one for ids in logs.values() for one in ids if one)
        batches = [b for path in self.ledgers for b in ledger.read(path)[0].values()]
        committed = unknown = 0
        for batch in batches:
            if batch.range is not None:
                committed += len(batch.ids)
                first, last = batch.range
                found = logs[batch.stream.partition(":")[2]][first - 1 : last]
                if found != batch.ids:
                    wrong.append("%s was committed and is not where it was" % batch.name)
            else:
                unknown += 1
                there = sum(stored[one] for one in batch.ids)
                if there not in (0, len(batch.ids)):
                    wrong.append("%s is there in part" % batch.name)
        wrong += ["%s is in the log %d times" % (one, n) for one, n in stored.items() if n > 1]
        others = set().union(*map(ledger.ways, self.ledgers)) - {self.way}
        if others:
            wrong.append("who publishes notifies by %s" % ", ".join(sorted(others)))
        delivered = missing = duplicated = 0
        for book in self.books:
            lost, twice, faults = book.compare(list(enumerate(logs[book.uid], 1)))
            if not self.deaf and book.epoch != epochs[book.uid]:
                faults.append("it is in epoch %s, not %s" % (book.epoch, epochs[book.uid]))
            delivered += len(book.entries) + sum(len(entries) for _, entries in book.before)
            missing += lost
            duplicated += twice
            if faults:
                wrong.append("a reader of %s: %s" % (book.uid, faults[:3]))
        for client in self.clients:
            if client.faults:
                wrong.append("a reader by %s: %s" % (client.way, client.faults[:3]))
        failed = sorted(one for visitor in self.visitors for one in visitor.failed)
        if failed and {name for _, name, _ in self.timeline} == {"reload"}:
            wrong.append("requests during a reload: %s" % failed[:3])
        codes = collections.Counter()
        for client in self.clients:
            codes.update(client.codes)
        return {
            "seed": self.seed,
            "database": "PostgreSQL" if self.database else "SQLite",
            "notifications": self.way,
            "seconds": round(time.time() - self.began, 1),
            "faults": len(self.timeline),
            "met_nothing": sum(
                note.startswith(("not running", "failed")) for _, _, note in self.timeline
            ),
            "entries": sum(map(len, logs.values())),
            "committed": committed,
            "in_doubt": unknown,
            "readers": len(self.clients),
            "followed": len(self.books),
            "by": dict(collections.Counter(client.way for client in self.clients)),
            "told_to_wait": sum(client.told_to_wait for client in self.clients),
            "silences": sum(client.silences for client in self.clients),
            "resets": sum(len(book.before) for book in self.books),
            "connections": sum(client.connects for client in self.clients),
            "delivered": delivered,
            "duplicated": duplicated,
            "missing": missing,
            "wrong": wrong,
            "requests": sum(visitor.answered + len(visitor.failed) for visitor in self.visitors),
            "requests_failed": len(failed),
            "close_codes": {str(code): number for code, number in sorted(codes.items())},
            "deployments": [state for state, _ in self._deployments()],
            "timeline": self.timeline,
            "lags": sorted((at - self.began, lag) for book in self.books for at, lag in book.lags),
        }

    def _deployments(self):
        """[(state, process group or None)] of the two deployments, the older first."""
        code = (
            "import json; from deploy.models import Deployment\n"
            "found = Deployment.objects.order_by('pk').values_list('state', 'pid')\n"
            "print(json.dumps(list(found)))"
        )
        return json.loads(self.stack.shell(code).splitlines()[-1])

    def _runs_are_settled(self):
        """Whether who was left by a killed runner is lost and gone, and the next one went on."""
        (first, group), (second, _) = self._deployments()
        killed = {"kill runner", "restart everything"} & {name for _, name, _ in self.timeline}
        if not killed:
            return (first, second) == ("running", "queued")
        return first == "lost" and not _lives(group) and second in ("running", "lost")


def _lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


class _Live(object):
    """The publishers of the moment, as a list."""

    def __init__(self, by_name):
        self.by_name = by_name

    def __iter__(self):
        return iter(list(self.by_name.values()))
