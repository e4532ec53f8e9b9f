from tests.support.probe import prove, source
from tests.support.probe_parts import ON_DATABASE, same

NAME = "security.date_parts"
CODE = (
    ON_DATABASE
    + """
from datetime import datetime, timedelta, tzinfo
from django.db import connection, models
from django.db.models import functions
from django.db.models.functions.datetime import TruncBase
from django.utils import timezone

timezone.activate(timezone.utc)

class Event(models.Model):
    at = models.DateTimeField()

    class Meta:
        app_label = "auth"

if Event._meta.db_table not in connection.introspection.table_names():
    with connection.schema_editor() as editor:
        editor.create_model(Event)
    Event.objects.create(at=datetime(2020, 2, 3, 4, 5, 6, tzinfo=timezone.utc))

class ExtractQuarter(functions.Extract):
    lookup_name = "quarter"

def sql(expression):
    return Event.objects.annotate(part=expression).query.sql_with_params()

def said(function, *arguments, **more):
    try:
        text = sql(function("at", *arguments, **more))[0]
    except ValueError as error:
        return "refused" if "is not valid" in str(error) else "other"
    return "reached"
"""
)


# What ends the string or the function of each database, and reads another value.
@source
def injected(connection, functions, sql):
    name = {
        "sqlite": "year', at, 'UTC'), 42, django_datetime_extract('year",
        "postgresql": "year' FROM now()), 42, EXTRACT('year",
        "mysql": "YEAR FROM now()), 42, EXTRACT(YEAR",
    }[connection.vendor]
    try:
        text, parameters = sql(functions.Extract("at", name))
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)
            print(42 in cursor.fetchone())
    except ValueError:
        print("refused")


def test_a_part_of_a_date_does_not_reach_the_sql(database):
    prove(NAME, CODE + injected, good="refused", bad="True", env=database)


def test_only_a_word_does(on_sqlite):
    @source(CODE)
    def code(TruncBase, functions, said, timezone):
        BAD = [
            "day') OR 1=1 --",
            "year' FROM start_datetime)) OR 1=1;--",
            "day ",
            "a.b",
            "",
            "day\n",
        ]
        for name in BAD:

            class Own(functions.Extract):
                lookup_name = name

            class OwnTrunc(TruncBase):
                kind = name

            print(
                said(functions.Extract, name),
                said(functions.Trunc, name),
                said(Own),
                said(OwnTrunc),
                said(functions.Extract, name, tzinfo=timezone.utc),
                end=" ",
            )

    many = 6 * 5
    good, bad = " ".join(["refused"] * many), " ".join(["reached"] * many)
    prove(NAME, code, good=good, bad=bad, env=on_sqlite)


def test_a_time_zone_is_a_parameter(database):
    """The name of one is not part of the defect: it was never in the SQL itself."""
    code = (
        CODE
        + """
class Zone(tzinfo):
    def utcoffset(self, moment):
        return timedelta(0)
    dst = utcoffset

    def tzname(self, moment):
        return "Bad'Zone"

zone = Zone()
for expression in (functions.Extract("at", "year", tzinfo=zone),
                   functions.ExtractYear("at", tzinfo=zone),
                   functions.Trunc("at", "day", tzinfo=zone),
                   functions.TruncMonth("at", tzinfo=zone)):
    text, parameters = sql(expression)
    print("Zone" in text, "Bad'Zone" in parameters)
"""
    )
    same(NAME, code, env=database)


@source
def parts(Event, ExtractQuarter, connection, functions):
    def value(expression):
        return Event.objects.annotate(part=expression).get().part

    names = ("year", "month", "day", "hour", "minute", "second", "week", "week_day")
    print(*[value(functions.Extract("at", name)) for name in names])
    print(
        *[
            value(function("at"))
            for function in (
                functions.ExtractYear,
                functions.ExtractMonth,
                functions.ExtractDay,
                functions.ExtractHour,
                functions.ExtractMinute,
                functions.ExtractSecond,
                functions.ExtractWeek,
                functions.ExtractWeekDay,
            )
        ]
    )
    for name in names[:6]:
        print(value(functions.Trunc("at", name)).isoformat())
    for function in (
        functions.TruncYear,
        functions.TruncMonth,
        functions.TruncDay,
        functions.TruncHour,
        functions.TruncMinute,
        functions.TruncSecond,
        functions.TruncDate,
        functions.TruncTime,
    ):
        print(value(function("at")).isoformat())
    print(
        Event.objects.filter(at__year=2020, at__hour__gte=4).count(),
        Event.objects.dates("at", "month")[0],
        Event.objects.datetimes("at", "hour")[0],
    )
    if connection.vendor != "sqlite":
        print(value(ExtractQuarter("at")))


def test_the_parts_there_are(database):
    same(NAME, CODE + "settings.USE_TZ = False\n" + parts, env=database)


def test_the_parts_there_are_in_a_time_zone(on_sqlite, on_postgresql):
    """Not on MariaDB, whose tables of time zones are empty at first."""
    for database in (on_sqlite, on_postgresql):
        same(NAME, CODE + parts, env=database)
