"""A thread's database connection ages, and is cut, while the thread is idle."""

import json

from tests.support.probe import prove, source

NAME = "channels.stale_connections"
IDLE = "asgiref.idle_connections"  # closes what has aged before it is asked for


@source
def start():
    global connections
    import asyncio
    import json
    import os
    import time

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    import django
    from django.conf import settings

    settings.configure(DATABASES={"default": json.loads(os.environ["DATABASE"])})
    django.setup()
    from channels.db import database_sync_to_async
    from django.db import connection, connections

    @database_sync_to_async
    def query(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            answer = cursor.fetchone()[0]
        return answer, connection.connection, connection.close_at

    def run(sql):
        return loop.run_until_complete(query(sql))

    def grow_old(close_at):
        while time.time() < close_at:
            time.sleep(0.02)


@source(start)
def sqlite(grow_old, run):
    global _
    _, first, close_at = run("SELECT 1")
    assert run("SELECT 1")[1] is first  # young enough to be used again
    grow_old(close_at)
    _, second, _ = run("SELECT 1")
    print("the old one" if second is first else "a new one")


@source(start)
def postgresql_probe(connection, grow_old, run):
    global _
    number, _, close_at = run("SELECT pg_backend_pid()")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [number])
    grow_old(close_at)
    print(run("SELECT 'answered'")[0])


def environ(**database):
    return {"ASGI_THREADS": "1", "DATABASE": json.dumps(dict(database, CONN_MAX_AGE=1.5))}


def test_an_old_connection_is_not_used_again(tmp_path):
    database = environ(ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "db"))
    prove(NAME, sqlite, good="a new one", bad="the old one", env=database, hidden_by=IDLE)


def test_a_server_that_closed_an_old_connection_is_connected_anew(postgresql):
    settings = environ(**postgresql.new_database())
    prove(NAME, postgresql_probe, good="answered", bad="connection", env=settings, hidden_by=IDLE)
