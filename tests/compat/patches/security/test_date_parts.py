from tests.compat.patches.probe import DJANGO, prove

NAME = "security.date_parts"
CODE = (
    DJANGO
    + """
from datetime import datetime
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import functions
from django.utils import timezone

timezone.activate(timezone.utc)
with connection.schema_editor() as editor:
    editor.create_model(User)
User.objects.create(username="a", date_joined=datetime(2020, 2, 3, 4, 5, 6, tzinfo=timezone.utc))

def part(function, name):
    rows = User.objects.annotate(part=function("date_joined", name))
    try:
        return rows.get().part
    except Exception:
        return str(rows.query)

def said(function, name):
    try:
        found = part(function, name)
    except ValueError as error:
        return "refused" if "is not valid" in str(error) else "other"
    return "reached" if name in found else found
"""
)


def test_only_a_word_reaches_the_sql():
    code = (
        CODE
        + """
BAD = ["day') OR 1=1 --", "year' FROM start_datetime)) OR 1=1;--", "day ", "a.b", "", "day\\n"]
print(*[said(function, name) for function in (functions.Extract, functions.Trunc) for name in BAD])
"""
    )
    prove(NAME, code, good=" ".join(["refused"] * 12), bad="reached reached reached")


def test_the_parts_there_are():
    code = (
        CODE
        + """
found = [part(functions.Extract, name) for name in
         ("year", "month", "day", "hour", "minute", "second", "week", "week_day")]
found += [part(functions.Trunc, name).isoformat() for name in
          ("year", "month", "day", "hour", "minute", "second")]
print(*found)
print(said(functions.Trunc, "x' y"))
"""
    )
    good = "2020 2 3 4 5 6 6 2 " + " ".join(
        "2020-%sT%s+00:00" % pair
        for pair in [
            ("01-01", "00:00:00"),
            ("02-01", "00:00:00"),
            ("02-03", "00:00:00"),
            ("02-03", "04:00:00"),
            ("02-03", "04:05:00"),
            ("02-03", "04:05:06"),
        ]
    )
    prove(NAME, code, good=good + "\nrefused", bad=good + "\nreached")
