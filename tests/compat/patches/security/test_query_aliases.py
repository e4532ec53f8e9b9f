from tests.compat.patches.probe import DJANGO, probe, prove

NAME = "security.query_aliases"
CODE = (
    DJANGO
    + """
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Count, Value, IntegerField

with connection.schema_editor() as editor:
    editor.create_model(ContentType)
ContentType.objects.create(app_label="a", model="b")

def annotate(alias):
    return ContentType.objects.annotate(**{alias: Value(7, output_field=IntegerField())})

def aggregate(alias):
    return ContentType.objects.aggregate(**{alias: Count("id")})

def extra(alias):
    return ContentType.objects.extra(select={alias: "7"})

def extra_values(alias):
    return ContentType.objects.extra(select={alias: "7"}).values_list(alias)
"""
)
INJECTED = """
for run in (annotate, extra):
    try:
        with connection.cursor() as cursor:
            sql, parameters = run('x", 6 * 7 AS "y').query.sql_with_params()
            cursor.execute(sql, parameters)
            print(42 in cursor.fetchone(), end=" ")
    except ValueError:
        print("refused", end=" ")
"""


def test_a_name_does_not_reach_the_sql():
    prove(NAME, CODE + INJECTED, good="refused refused", bad="True True")


def test_what_may_not_be_in_a_name():
    forbidden = ["'", '"', "`", "[", "]", ";", "#", " ", "\t", "\n", "\x00", "\x7f", "\x9f"]
    forbidden += ["--", "/*", "*/"]
    code = CODE + (
        """
for characters in %a:
    for run in (annotate, aggregate, extra, extra_values):
        said = ""
        try:
            run("na" + characters + "me")
        except Exception as error:
            said = str(error)
        print("refused" if "no name for a column" in said else "taken", end=" ")
"""
        % forbidden
    )
    many = 4 * len(forbidden)
    prove(NAME, code, good=" ".join(["refused"] * many), bad=" ".join(["taken"] * many))


def test_names_as_sites_have_them():
    code = (
        CODE
        + """
names = ["plain", "with_underscore", "a__count", "na\\u00efve", "dash-ed", "dot.ted", "%percent"]
for name in names[:5]:
    assert getattr(annotate(name).get(), name) == 7, name
    assert aggregate(name) == {name: 1}
for name in names[:6]:
    assert getattr(extra(name).get(), name) == 7, name
    assert extra_values(name).get() == (7,)
assert ContentType.objects.extra(where=["1 = 1"]).count() == 1
assert ContentType.objects.values_list(Count("id")).get() == (1,)
print("all")
"""
    )
    for disable in ("", NAME):
        found = probe(code, disable=disable)
        assert found.said == "all", found.error
