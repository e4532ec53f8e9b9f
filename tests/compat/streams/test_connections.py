"""How many connections to PostgreSQL a daphne keeps, as docs/guide/scale.md counts them."""

from concurrent.futures import ThreadPoolExecutor

import websocket

from compat.streams.hub import READ_THREADS

SOCKETS = 40


def counted(postgresql, name):
    """What PostgreSQL says."""
    server = {"host": "127.0.0.1", "port": postgresql.port, "user": "tests", "dbname": "postgres"}
    connection = postgresql.driver.connect(**server)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name])
            return cursor.fetchone()[0]
    finally:
        connection.close()


def test_threads_bound_the_connections_of_a_daphne(make_site, postgresql, postgresql_settings):
    seen = {}
    for threads in (1, 9):
        site = make_site(dict(postgresql_settings, CONN_MAX_AGE=600))
        site.env.update(ASGI_THREADS=str(threads), COMPAT_DRAIN_SECONDS="1")
        server = site.daphne()

        def open_one(number, server=server):
            url = "ws://127.0.0.1:%d/ws/test:%d/" % (server.port, number)
            return websocket.create_connection(url, timeout=60)

        with ThreadPoolExecutor(SOCKETS) as pool:
            clients = list(pool.map(open_one, range(SOCKETS)))
        seen[threads] = counted(postgresql, postgresql_settings["NAME"])
        for client in clients:
            client.close()
        server.stop()
    assert 1 <= seen[1] <= 1 + READ_THREADS, seen
    assert seen[1] < seen[9] <= 9 + READ_THREADS, seen
