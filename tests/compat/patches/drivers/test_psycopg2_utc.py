import json

from tests.support.probe import prove, source


@source
def code():
    import json
    import os

    import django
    from django.conf import settings

    settings.configure(USE_TZ=True, DATABASES={"default": json.loads(os.environ["DATABASE"])})
    django.setup()
    from django.db import connection

    with connection.cursor() as cursor:
        noon = "2020-02-29 12:00+02"
        cursor.execute("SELECT timestamptz '%s', '{%s}'::timestamptz[]" % (noon, noon))
        print(*cursor.fetchone())
        cursor.execute("SET TIME ZONE 'Europe/Paris'")
        try:
            cursor.execute("SELECT now()")
            print(cursor.fetchone())
        except AssertionError as error:
            print(error)


def test_times_are_read_and_another_zone_is_still_refused(postgresql):
    import psycopg2

    prove(
        "drivers.psycopg2_utc",
        code,
        good="2020-02-29 10:00:00+00:00 [datetime.datetime(2020, 2, 29, 10, 0, tzinfo=<UTC>)]\n"
        "database connection isn't set to UTC",
        bad="database connection isn't set to UTC",
        needed=version(psycopg2) >= (2, 9),
        env={"DATABASE": json.dumps(postgresql.new_database())},
    )


def version(psycopg2):
    return tuple(int(number) for number in psycopg2.__version__.split()[0].split(".")[:2])
