"""
Fills a stream in statements that make their rows themselves: a hundred million in half an hour.

The rows are those that publish() would have made, an entry a second from October 2023 on. Only
PostgreSQL's check of each row's foreign key is left out.
"""

import time

BATCH = 500000
ROWS = {
    "postgresql": "INSERT INTO {entries} (stream_id, seq, body, created) SELECT %s, n, %s, "
    "timestamptz '2023-10-01' + n * interval '1 second' FROM generate_series(%s, %s) n ORDER BY n",
    "sqlite": "INSERT INTO {entries} (stream_id, seq, body, created) WITH RECURSIVE "
    "number(n) AS (SELECT %s UNION ALL SELECT n + 1 FROM number WHERE n < %s) "
    "SELECT %s, n, %s, datetime('2023-10-01', n || ' seconds') "
    "FROM number",
}


def fill(name, entries, body, deadline):
    """
    Append `body` until the stream has that many entries, or time.monotonic() is past `deadline`;
    goes on where an earlier call has ended. Returns how many there are.
    """
    from django.db import connection, transaction

    from compat.streams import publish
    from compat.streams.encoding import encode
    from compat.streams.models import Entry, Stream

    if not Stream.objects.filter(name=name).exists():
        publish(name, body)
    pk, head = Stream.objects.filter(name=name).values_list("pk", "last_seq").get()
    text = encode(body)
    table = connection.ops.quote_name(Entry._meta.db_table)
    statement = ROWS[connection.vendor].format(entries=table)
    while head < entries and time.monotonic() < deadline:
        first, last = head + 1, min(entries, head + BATCH)
        params = [pk, text, first, last]
        if connection.vendor == "sqlite":
            params = [first, last, pk, text]
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement, params)
            size = (last - head) * len(text)
            cursor.execute(
                "UPDATE %s SET last_seq = %d, size = size + %d WHERE id = %d"
                % (connection.ops.quote_name(Stream._meta.db_table), last, size, pk)
            )
        head = last
    return head
