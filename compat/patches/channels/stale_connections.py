"""
Close database connections past their CONN_MAX_AGE before database_sync_to_async runs, not only
afterwards: they may have aged, and been cut, while their thread was idle.
https://github.com/django/channels/issues/1234
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0.2,<2.1.7",
    symptom="queries fail after a quiet time: server has gone away, connection already closed",
)


@patch.when_imported("channels.db")
def repair(db):
    pooled = db.DatabaseSyncToAsync
    stock = pooled.thread_handler
    patch.expect(hasattr(db, "close_old_connections"), "it closes no connections")

    @functools.wraps(stock)
    def thread_handler(self, loop, *args, **kwargs):
        db.close_old_connections()
        return stock(self, loop, *args, **kwargs)

    patch.replace(pooled, "thread_handler", thread_handler)
