"""Scenarios of threads that publish while one of them commits, each in a process of its own."""

import threading

from django.db import DatabaseError, OperationalError, connection

from compat.streams import group_commit, notification, publish, store
from tests.compat.streams.appending import everything
from tests.support.wait import wait_until


class Crowd:
    """
    The first call is held before it writes, until all others wait; then all go on.

    put(cursor, name, texts) is called before entries are written, commit(stock) instead of the
    commit of what went together.
    """

    def __init__(self, put=None, commit=None, everybody=True):
        # else those that wait for the first, of its own stream
        self.everybody = everybody
        self.put, self.commit = put, commit
        self.said = []  # what was announced: (stream, first, number of entries)
        self.transactions = 0
        self.waiting = 0
        self.held = threading.Event()

    def run(self, calls):
        """What each call returns, or its error as text."""
        stock_put, announce = store._put, notification.announce
        self.calls, self.results = calls, [None] * len(calls)

        def put(own, cursor, name, texts):
            self.transactions += 1
            if not self.held.is_set():
                self.held.set()
                others = len(calls) - 1 if self.everybody else 1
                wait_until(lambda: self.waiters(name) == others, what="the others")
            elif self.commit is not None and len(texts) > 1:
                stock = own.commit
                own.commit = lambda: vars(own).pop("commit") and self.commit(stock)
            if self.put is not None:
                self.put(name, texts)
            return stock_put(own, cursor, name, texts)

        def announced(name, first, texts, epoch):
            self.said.append([name, first, len(texts)])
            announce(name, first, texts, epoch)

        store._put, notification.announce = put, announced
        try:
            threads = [threading.Thread(target=self.work, args=(at,)) for at in range(len(calls))]
            threads[0].start()
            self.held.wait()
            for thread in threads[1:]:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            store._put, notification.announce = stock_put, announce
        assert not group_commit._groups
        return self.results

    def waiters(self, name):
        groups = list(group_commit._groups.items())
        return sum(len(group.waiting) for (_, of), group in groups if of in (None, name))

    def work(self, at):
        try:
            self.results[at] = self.calls[at]()
        except Exception as error:
            self.results[at] = f"{type(error).__name__}: {error}"
        finally:
            connection.close()


def publishing(stream, bodies):
    return [lambda body=body: publish(stream, body) for body in bodies]


def everything_about_groups(stream):
    """All of the below, each with a stream of its own."""
    scenarios = (together, of_other_streams, one_is_wrong, answer_lost, commit_refused)
    return {one.__name__: one(f"{stream}-{one.__name__}") for one in scenarios}


def together(stream):
    publish(stream, "before")
    crowd = Crowd()
    numbers = crowd.run(publishing(stream, list("abcdefgh")))
    bodies = dict(everything(stream))
    assert [bodies[number] for number in numbers] == list("abcdefgh")
    said = [[first, count] for name, first, count in crowd.said if name == stream]
    return sorted(numbers), crowd.transactions, said


def of_other_streams(stream):
    """Who commits takes along what is published to other streams on SQLite alone."""
    names = [stream, stream + "b", stream, stream + "b"]
    for name in names[:2]:
        publish(name, "before")
    crowd = Crowd(everybody=connection.vendor == "sqlite")
    crowd.run([lambda name=name: publish(name, name) for name in names])
    return [[seq for seq, _ in everything(name)] for name in names[:2]], crowd.transactions


def one_is_wrong(stream):
    publish(stream, "before")

    def put(name, texts):
        if '"bad"' in texts:
            raise DatabaseError("this one is bad")

    crowd = Crowd(put)
    numbers = crowd.run(publishing(stream, ["a", "b", "bad", "c"]))
    error = numbers.pop(2)
    return sorted(numbers), error, [seq for seq, _ in everything(stream)]


def answer_lost(stream):
    """The answer to COMMIT of what went together does not come."""
    publish(stream, "before")

    def commit(stock):
        stock()
        raise OperationalError("server closed the connection")

    results = Crowd(commit=commit).run(publishing(stream, list("abc")))
    return results, [body for _, body in everything(stream)]


def commit_refused(stream):
    """The database says at COMMIT that it did not."""
    publish(stream, "before")

    def commit(stock):
        connection.rollback()
        raise OperationalError("database is locked")

    results = Crowd(commit=commit).run(publishing(stream, list("abc")))
    return sorted(results), sorted(body for _, body in everything(stream))
